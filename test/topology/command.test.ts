// A service's command: the words that its container runs, as Compose would split them; and what only a shell could read.
import { describe, expect, it } from "vitest";
import { drawn, folder, withServices } from "./support.ts";

/** The words of `command: <yaml>`. */
function words(yaml: string): readonly string[] | undefined {
  using here = folder();
  const { topology, problems } = here.load(withServices(`  a-us: { image: mine, ports: [80], command: ${yaml} }`));
  expect(problems).toEqual([]);
  return topology!.nodes.find(({ name }) => name === "a-us")!.command;
}

const wrong = (yaml: string) => drawn(withServices(`  a-us: { image: mine, ports: [80], command: ${yaml} }`));

describe("the command of a service", () => {
  it.each([
    ["node server.js --port 80", ["node", "server.js", "--port", "80"]],
    [`'run  "two words" ''and three more'''`, ["run", "two words", "and three more"]],
    [`'join"ed up"''right'' "" end'`, ["joined upright", "", "end"]],
    [String.raw`'a\ b \" "c\"d" ''e\f'''`, ["a b", '"', 'c"d', String.raw`e\f`]],
    [`'"a; b | c" ''$$(d) > e'''`, ["a; b | c", "$(d) > e"]],
    [`[sh, -c, "echo $$HOME; sleep 1 & wait"]`, ["sh", "-c", "echo $HOME; sleep 1 & wait"]],
    [`["\${GREETING:-hello there}", ""]`, ["hello there", ""]],
  ])("%s", (yaml, expected) => expect(words(yaml)).toEqual(expected));

  it("is the image's own where the file has none", () => {
    expect(words("null")).toBeUndefined();
    expect(words("~")).toBeUndefined();
  });

  it.each([
    ["run && stop", "no shell reads this command, so & means nothing in it"],
    ["run > log", "no shell reads this command, so > means nothing in it"],
    ["run `date`", "no shell reads this command, so ` means nothing in it"],
    ["'run $$(date)'", "no shell reads this command, so ( means nothing in it"],
    [`'say "hello'`, 'this " is not closed'],
    ["'run \\'", "nothing follows the last backslash"],
    ["''", "a command has one word at least"],
    ["[]", "a command has one word at least"],
    ["{ a: b }", "expected a text or a list of texts"],
    ["[1]", "expected"],
  ])("%s is refused: %s", (yaml, reason) => expect(wrong(yaml)).toContain(reason));

  it("shows the very character that a shell would be needed for", () =>
    expect(wrong("run; stop")).toMatchInlineSnapshot(`
      "system.yaml:4:49
        4 |   a-us: { image: mine, ports: [80], command: run; stop }
          |                                                 ^ no shell reads this command, so ; means nothing in it
        Quote it, or ask for a shell: ["sh", "-c", "..."]."
    `));

  it("is refused for every role that regionctl starts itself, and would pass it over", () => {
    for (const image of ["nginx", "postgres", "apache/kafka", "regionctl/backend", "redis", "rabbitmq"]) {
      const text = drawn(`name: s\nservices:\n  a: { image: ${image}, command: run }\n`);
      expect(text, image).toContain('with a command of its own, so "command" is not honoured here');
    }
  });
});

describe("addresses in a command", () => {
  const system = (command: string, environment = "{}") =>
    withServices(`  a-us: { image: mine, ports: [80], command: ${command}, environment: ${environment} }
  b-us: { image: postgres }
  b-eu: { image: postgres }`);

  it("may name whoever is in the same region, and much that only looks like an address", () => {
    expect(drawn(system(`[run, "b-us:5432", "postgres://u:p@b-us:5432/db", "12:30", "nobody:1", "a-us:9"]`))).toBe("");
  });

  it("name who is in another region only where the environment does, too: links are made for that", () => {
    const command = `"run b-eu:5432"`;
    expect(drawn(system(command))).toMatchInlineSnapshot(`
      "system.yaml:4:51
        4 |   a-us: { image: mine, ports: [80], command: "run b-eu:5432", environment: {} }
          |                                                   ^^^^^^^^^ b-eu is in another region, and "command" alone makes no link to it
        Name it under "environment" too, e.g. PEER: b-eu:5432."
    `);
    expect(drawn(system(command, `{ PEER: "b-eu:5432" }`))).toBe("");
  });

  it("have the port that is served there", () =>
    expect(drawn(system("[run, b-us:5433]"))).toContain("b-us serves 5432, not 5433"));
});
