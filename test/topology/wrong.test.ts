// Every kind of mistake in a topology as a whole and in its variables, drawn as a person sees it: the whole text is compared.
import { describe, expect, it } from "vitest";
import { drawn, withServices } from "./support.ts";

const services = (text: string) => drawn(withServices(text));

describe("a wrong file as a whole", () => {
  it("that is empty, a list, or without what makes it a topology", () => {
    expect(drawn("")).toMatchInlineSnapshot(`
      "system.yaml: a topology is a Compose file: a map with services
        Begin it with name:, services: and x-regionctl:."
    `);
    expect(drawn("- a\n")).toMatchInlineSnapshot(`
      "system.yaml:1:1
        1 | - a
          | ^^^ a topology is a Compose file: a map with services
        Begin it with name:, services: and x-regionctl:."
    `);
    expect(drawn("name: system\n")).toMatchInlineSnapshot(`
      "system.yaml:1:1
        1 | name: system
          | ^^^^^^^^^^^^ the file has no "x-regionctl" block
        It says at least the regions: x-regionctl: { regions: { us: {}, eu: {} } }.
      system.yaml:1:1
        1 | name: system
          | ^^^^^^^^^^^^ a topology has services, at least one"
    `);
  });

  it("with keys of Compose that are not honoured, and keys of nobody", () =>
    expect(
      drawn(
        `version: "3"\nvolumes: { a: {} }\nnetworks: {}\nservicse: {}\nx-mine: 1\nx-regionctrl: 1\n${withServices("")}`,
      ),
    ).toMatchInlineSnapshot(`
      "system.yaml:1:1
        1 | version: "3"
          | ^^^^^^^ warning: Compose ignores "version" since 2020, and so does regionctl
        Remove it.
      system.yaml:2:1
        2 | volumes: { a: {} }
          | ^^^^^^^ regionctl does not honour "volumes"
        regionctl keeps each node's disk itself, in the stack's directory.
      system.yaml:3:1
        3 | networks: {}
          | ^^^^^^^^ regionctl does not honour "networks"
        Every region is a network of its own already.
      system.yaml:4:1
        4 | servicse: {}
          | ^^^^^^^^ regionctl does not know "servicse" of a Compose file
        Did you mean "services"? It honours name, services, x-regionctl.
      system.yaml:6:1
        6 | x-regionctrl: 1
          | ^^^^^^^^^^^^ there is no "x-regionctrl"
        Did you mean "x-regionctl"?"
    `));

  it("that unfolds into more than anybody could mean", () => {
    const bomb = ["a: &a [1,1,1,1,1,1,1,1,1,1]"];
    for (const [one, before] of ["ba", "cb", "dc", "ed", "fe"])
      bomb.push(`${one}: &${one} [${Array(10).fill(`*${before}`).join(",")}]`);
    expect(drawn(bomb.join("\n"))).toMatchInlineSnapshot(`
      "system.yaml:2:11
        2 | b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
          |           ^^ a file may use 100 aliases (*name) at most"
    `);
    expect(drawn("a: *nothing\n")).toContain("there is no anchor &nothing before this");
  });

  it("that is too large", () => {
    expect(drawn(`# ${"x".repeat(1_100_000)}`)).toMatchInlineSnapshot(`
      "system.yaml:1:1
        1 | # xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
          | ^ a topology may have 1 MiB at most; this one has 1.05"
    `);
  });
});

describe("wrong variables", () => {
  it("that must be set, are not closed, are none, or are empty by accident", () =>
    expect(
      services(`  a-us:
    image: regionctl/backend
    environment:
      A: \${NEEDED:?give me a value}
      B: \${OPEN
      C: costs 5$
      D: \${FORGOTTEN}`),
    ).toMatchInlineSnapshot(`
      "system.yaml:7:10
        7 |       A: \${NEEDED:?give me a value}
          |          ^^^^^^^^^^^^^^^^^^^^^^^^^^ NEEDED must be set: give me a value
        Set it in the environment, or in .env beside the file.
      system.yaml:8:10
        8 |       B: \${OPEN
          |          ^^ this \${ is not closed, or holds no name
        A dollar sign that is meant as such is written $$.
      system.yaml:9:17
        9 |       C: costs 5$
          |                 ^ this dollar sign has no \${VARIABLE}
        A dollar sign that is meant as such is written $$.
      system.yaml:10:10
        10 |       D: \${FORGOTTEN}
           |          ^^^^^^^^^^^^ warning: FORGOTTEN is not set, so this is empty
        Set it in the environment or in .env beside the file, or give it a default: \${FORGOTTEN:-...}."
    `));

  it("in .env", () =>
    expect(drawn(withServices(""), { ".env": "A=1\nthis is nothing\n" })).toMatchInlineSnapshot(`
    ".env:2:1
      2 | this is nothing
        | ^^^^^^^^^^^^^^^ expected NAME=value"
  `));
});
