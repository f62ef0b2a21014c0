// Every kind of mistake beside the steps, drawn as a person sees it: the whole text is compared.
import { describe, expect, it } from "vitest";
import { drawn, withSteps } from "./support.ts";

describe("a wrong file as a whole", () => {
  it("that is empty", () =>
    expect(drawn("# nothing\n")).toMatchInlineSnapshot(`
    "scenarios/story.yaml:1:1
      1 | # nothing
        | ^ this scenario is empty
      Its keys are name, about, topology, seed, tags, timeout, traffic, steps, expect."
  `));

  it("that is no YAML", () =>
    expect(drawn("name: [a\nsteps: {")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:2:1
        2 | steps: {
          | ^ a { or [ that was opened above is not closed
      scenarios/story.yaml:2:8
        2 | steps: {
          |        ^ a { or [ that was opened above is not closed"
    `));

  it("with a key twice, which YAML itself would let the last one win", () =>
    expect(drawn(`${withSteps("  - settle")}name: again\n`)).toMatchInlineSnapshot(`
      "scenarios/story.yaml:9:1
        9 | name: again
          | ^ this key stands here twice"
    `));

  it("with a key that does not exist, and without those that must", () =>
    expect(drawn("nam: story\ntopology: property\n")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:1:1
        1 | nam: story
          | ^^^ a scenario has no "nam"
        Did you mean "name"? Its keys are name, about, topology, seed, tags, timeout, traffic, steps, expect.
      scenarios/story.yaml:1:1
        1 | nam: story
          | ^^^^^^^^^^ "name" is missing: expected a name of lower-case letters, digits and dashes, e.g. split-brain
      scenarios/story.yaml:1:1
        1 | nam: story
          | ^^^^^^^^^^ "steps" is missing: expected a list of steps, at least one"
    `));

  it("with a topology that is nowhere", () => {
    expect(drawn("name: a\ntopology: propertie\nsteps: [settle]\n")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:2:11
        2 | topology: propertie
          |           ^^^^^^^^^ there is no topology "propertie"
        Did you mean "property"? Topologies are property."
    `);
    expect(drawn("name: a\ntopology: { file: property, conflict: wall-clock }\nsteps: [settle]\n"))
      .toMatchInlineSnapshot(`
      "scenarios/story.yaml:2:29
        2 | topology: { file: property, conflict: wall-clock }
          |                             ^^^^^^^^ there is no "conflict" here
        Did you mean "conflicts"? Possible are file, conflicts, regions, wan."
    `);
  });

  it("with a wrong head", () =>
    expect(drawn("name: Split Brain\ntopology: property\nseed: 1.5\ntags: ci\ntimeout: 120\nsteps: [settle]\n"))
      .toMatchInlineSnapshot(`
      "scenarios/story.yaml:1:7
        1 | name: Split Brain
          |       ^^^^^^^^^^^ expected a name of lower-case letters, digits and dashes, e.g. split-brain
      scenarios/story.yaml:3:7
        3 | seed: 1.5
          |       ^^^ expected a whole number
      scenarios/story.yaml:4:7
        4 | tags: ci
          |       ^^ expected words, e.g. [ci]
      scenarios/story.yaml:5:10
        5 | timeout: 120
          |          ^^^ expected a duration with its unit, e.g. 80ms, 5s, 2m
        Did you mean "120s" or "120ms"?"
    `));

  it("with aliases that unfold without end", () =>
    expect(drawn(`${withSteps("  - settle")}about: &a [*a]\n`)).toMatchInlineSnapshot(`
      "scenarios/story.yaml:9:11
        9 | about: &a [*a]
          |           ^^^^ this is nested more than 64 levels deep"
    `));

  it("says more than one thing at once, in the order of the lines", () =>
    expect(
      drawn(`name: story
topology: property
traffic:
  - workload: edit-propertys
    rate: 200
steps:
  - kil: db-us
  - kill: backend-usa
    for: 10
  - wait: lag(ap) < 1s
expect:
  - no-lost-write
`),
    ).toMatchInlineSnapshot(`
      "scenarios/story.yaml:4:15
        4 |   - workload: edit-propertys
          |               ^^^^^^^^^^^^^^ topology "property" has no workload "edit-propertys"
        Did you mean "edit-properties"? Its workloads are edit-properties.
      scenarios/story.yaml:5:11
        5 |     rate: 200
          |           ^^^ expected a rate with its unit, e.g. 200/s
        Did you mean "200/s"?
      scenarios/story.yaml:7:5
        7 |   - kil: db-us
          |     ^^^ there is no verb "kil"
        Did you mean "kill"? Verbs are request, traffic, kill, pause, replication, latency, start, wait, settle, heal.
      scenarios/story.yaml:8:11
        8 |   - kill: backend-usa
          |           ^^^^^^^^^^^ topology "property" has no node "backend-usa"
        Did you mean "backend-us"? Its nodes are gateway, backend-us, backend-eu, db-us, db-eu, kafka.
      scenarios/story.yaml:9:10
        9 |     for: 10
          |          ^^ expected a duration with its unit, e.g. 80ms, 5s, 2m
        Did you mean "10s" or "10ms"?
      scenarios/story.yaml:10:15
        10 |   - wait: lag(ap) < 1s
           |               ^^ topology "property" has no region "ap"
        Its regions are us, eu. For a region "ap": --regions us,eu,ap, or topology: { file: property, regions: [us, eu, ap] }.
      scenarios/story.yaml:12:5
        12 |   - no-lost-write
           |     ^^^^^^^^^^^^^ there is no expectation "no-lost-write"
        Did you mean "no-lost-writes"? Expectations are available, recovers, converges, no-lost-writes."
    `));
});

describe("wrong traffic", () => {
  it("says what is wrong with each word", () =>
    expect(
      drawn(`name: a
topology: property
traffic:
  - workload: edit
    regions: [us, ue]
    clients: 100
    rate: 9000/s
    keys: 2000
    reads: 120%
    repeats: 5
    roams: 5%
  - clients: 1
  - workload: edit-properties
    clients: 1
steps: [settle]
`),
    ).toMatchInlineSnapshot(`
      "scenarios/story.yaml:4:15
        4 |   - workload: edit
          |               ^^^^ topology "property" has no workload "edit"
        Its workloads are edit-properties.
      scenarios/story.yaml:5:19
        5 |     regions: [us, ue]
          |                   ^^ topology "property" has no region "ue"
        Did you mean "us"? Its regions are us, eu.
      scenarios/story.yaml:6:14
        6 |     clients: 100
          |              ^^^ expected a whole number from 1 to 64
      scenarios/story.yaml:7:11
        7 |     rate: 9000/s
          |           ^^^^^^ expected a rate of at most 5000/s
      scenarios/story.yaml:9:12
        9 |     reads: 120%
          |            ^^^^ expected a percentage from 0% to 100%, e.g. 50%
      scenarios/story.yaml:10:14
        10 |     repeats: 5
           |              ^ expected a percentage from 0% to 100%, e.g. 50%
        Did you mean "5%"?
      scenarios/story.yaml:11:5
        11 |     roams: 5%
           |     ^^^^^ there is no "roams" here
        Did you mean "roam"? Possible are workload, regions, clients, rate, keys, reads, repeats, roam.
      scenarios/story.yaml:12:5
        12 |   - clients: 1
           |     ^^^^^^^^^^ "workload" is missing: expected the name of a workload
      scenarios/story.yaml:14:14
        14 |     clients: 1
           |              ^ 1 of them are too few for 2 regions: one would have none"
    `));
});

describe("a wrong expectation", () => {
  const expectations = (text: string) => drawn(`name: a\ntopology: property\nsteps: [settle]\nexpect:\n${text}\n`);

  it("whose word does not exist", () =>
    expect(expectations("  - no-lots-writes")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:5:5
        5 |   - no-lots-writes
          |     ^^^^^^^^^^^^^^ there is no expectation "no-lots-writes"
        Did you mean "no-lost-writes"? Expectations are available, recovers, converges, no-lost-writes."
    `));

  it("whose arguments are wrong", () =>
    expect(
      expectations(
        "  - available: { regoin: us }\n  - converges: { within: 10 }\n  - converges: 10s\n  - no-lost-writes: { losers: none }",
      ),
    ).toMatchInlineSnapshot(`
      "scenarios/story.yaml:5:18
        5 |   - available: { regoin: us }
          |                  ^^^^^^ there is no "regoin" here
        Did you mean "region"? Possible are region, at-least.
      scenarios/story.yaml:6:26
        6 |   - converges: { within: 10 }
          |                          ^^ expected a duration with its unit, e.g. 5s
        Did you mean "10s" or "10ms"?
      scenarios/story.yaml:7:16
        7 |   - converges: 10s
          |                ^^^ the arguments of "converges" are a map, not a text
        Write it like converges.
      scenarios/story.yaml:8:31
        8 |   - no-lost-writes: { losers: none }
          |                               ^^^^ expected one of refused"
    `));

  it("whose region does not exist, whatever else is wrong with it", () =>
    expect(
      expectations(
        "  - recovers: { region: us, rto: 10s }\n  - recovers: { region: use, rto: 10 }\n  - recovers: { region: use }\n  - recovers: { region: 1, rto: 10 }",
      ),
    ).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:25
        6 |   - recovers: { region: use, rto: 10 }
          |                         ^^^ topology "property" has no region "use"
      scenarios/story.yaml:6:35
        6 |   - recovers: { region: use, rto: 10 }
          |                                   ^^ expected a duration with its unit, e.g. 5s
        Did you mean "10s" or "10ms"?
      scenarios/story.yaml:7:5
        7 |   - recovers: { region: use }
          |     ^^^^^^^^ "rto" is missing: expected a duration with its unit, e.g. 5s
      scenarios/story.yaml:7:25
        7 |   - recovers: { region: use }
          |                         ^^^ topology "property" has no region "use"
      scenarios/story.yaml:8:25
        8 |   - recovers: { region: 1, rto: 10 }
          |                         ^ expected a text, not the number 1
      scenarios/story.yaml:8:33
        8 |   - recovers: { region: 1, rto: 10 }
          |                                 ^^ expected a duration with its unit, e.g. 5s
        Did you mean "10s" or "10ms"?"
    `));

  it("whose arguments stand beside it", () =>
    expect(expectations("  - available:\n    region: us")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:5:5
        5 |   - available:
          |     ^^^^^^^^^ "region" is missing: expected a text
      scenarios/story.yaml:6:5
        6 |     region: us
          |     ^^^^^^ an expectation is one word, and this one is "available" already
        Arguments stand inside: available: { region: ... }."
    `));

  it("with a gap that nobody explains", () =>
    expect(expectations("  - no-lost-writes: { known-gap: true }")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:5:34
        5 |   - no-lost-writes: { known-gap: true }
          |                                  ^^^^ expected why it is known, e.g. "wall clocks""
    `));
});
