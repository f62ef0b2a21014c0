// Every kind of mistake, drawn as a person sees it: the whole text is compared.
import { describe, expect, it } from "vitest";
import { drawn, parse, withSteps } from "./support.ts";

const steps = (text: string) => drawn(withSteps(text));

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
        Did you mean "conflicts"? Possible are file, conflicts, regions."
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
        Did you mean "no-lost-writes"? Expectations are available, converges, no-lost-writes."
    `));
});

describe("a wrong step", () => {
  it("whose node does not exist", () =>
    expect(steps("  - kill: backend-usa")).toMatchInlineSnapshot(`
    "scenarios/story.yaml:6:11
      6 |   - kill: backend-usa
        |           ^^^^^^^^^^^ topology "property" has no node "backend-usa"
      Did you mean "backend-us"? Its nodes are gateway, backend-us, backend-eu, db-us, db-eu, kafka."
  `));

  it("one of whose nodes does not exist", () =>
    expect(steps("  - kill: [db-us, db-su]")).toMatchInlineSnapshot(`
    "scenarios/story.yaml:6:19
      6 |   - kill: [db-us, db-su]
        |                   ^^^^^ topology "property" has no node "db-su"
      Did you mean "db-us"? Its nodes are gateway, backend-us, backend-eu, db-us, db-eu, kafka."
  `));

  it("whose verb does not exist", () => {
    expect(steps("  - klil: db-us")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:5
        6 |   - klil: db-us
          |     ^^^^ there is no verb "klil"
        Did you mean "kill"? Verbs are request, traffic, kill, pause, replication, latency, start, wait, settle, heal."
    `);
    expect(steps("  - crahs: db-us")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:5
        6 |   - crahs: db-us
          |     ^^^^^ there is no verb "crahs"
        Did you mean "kill"? Verbs are request, traffic, kill, pause, replication, latency, start, wait, settle, heal."
    `);
    expect(steps("  - constructor: db-us")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:5
        6 |   - constructor: db-us
          |     ^^^^^^^^^^^ there is no verb "constructor"
        Verbs are request, traffic, kill, pause, replication, latency, start, wait, settle, heal."
    `);
  });

  it("without a verb", () =>
    expect(steps("  - for: 10s")).toMatchInlineSnapshot(`
    "scenarios/story.yaml:6:5
      6 |   - for: 10s
        |     ^^^^^^^^ this step has no verb
      Verbs are request, traffic, kill, pause, replication, latency, start, wait, settle, heal."
  `));

  it("that is no map", () =>
    expect(steps("  - 7\n  - [settle]")).toMatchInlineSnapshot(`
    "scenarios/story.yaml:6:5
      6 |   - 7
        |     ^ a step is a map with one verb, e.g. kill: backend-us, and this is the number 7
    scenarios/story.yaml:7:5
      7 |   - [settle]
        |     ^^^^^^^^ a step is a map with one verb, e.g. kill: backend-us, and this is a list"
  `));

  it("that forgot the colon", () =>
    expect(steps("  - kill backend-us")).toMatchInlineSnapshot(`
    "scenarios/story.yaml:6:5
      6 |   - kill backend-us
        |     ^^^^^^^^^^^^^^^ a verb and its target are written with a colon
      Write "kill: backend-us"."
  `));

  it("with two verbs", () =>
    expect(steps("  - kill: db-us\n    wait: 3s")).toMatchInlineSnapshot(`
    "scenarios/story.yaml:7:5
      7 |     wait: 3s
        |     ^^^^ a step has one verb, and this one has "kill" already
      Make "wait" a step of its own."
  `));

  it("without a target", () =>
    expect(steps("  - kill:")).toMatchInlineSnapshot(`
    "scenarios/story.yaml:6:5
      6 |   - kill:
        |     ^^^^ expected nodes, e.g. backend-us"
  `));

  it("with a parameter that does not exist, at any depth", () =>
    expect(steps("  - request: GET /us/health\n    bdoy: {}\n    expect: { stauts: 200 }")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:7:5
        7 |     bdoy: {}
          |     ^^^^ "request" has no "bdoy"
        Did you mean "body"? It takes body, headers, to, expect, within, save, at, when, id.
      scenarios/story.yaml:8:15
        8 |     expect: { stauts: 200 }
          |               ^^^^^^ there is no "stauts" here
        Did you mean "status"? Possible are status, body."
    `));

  it("whose parameter is of the wrong kind", () =>
    expect(steps("  - request: GET /us/health\n    headers: [a]\n    expect: { status: fine }")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:7:14
        7 |     headers: [a]
          |              ^^^ expected a map, not a list
      scenarios/story.yaml:8:23
        8 |     expect: { status: fine }
          |                       ^^^^ expected a number, not a text"
    `));

  it("with a duration without its unit", () => {
    expect(steps("  - kill: db-us\n    for: 10")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:7:10
        7 |     for: 10
          |          ^^ expected a duration with its unit, e.g. 80ms, 5s, 2m
        Did you mean "10s" or "10ms"?"
    `);
    expect(steps("  - kill: db-us\n    for: 0s")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:7:10
        7 |     for: 0s
          |          ^^ expected a duration above 0"
    `);
    expect(steps("  - latency: us | eu\n    add: 80")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:7:10
        7 |     add: 80
          |          ^^ expected a duration with its unit, e.g. 5s
        Did you mean "80s" or "80ms"?"
    `);
  });

  it("with a modifier that its verb does not take", () =>
    expect(steps("  - start: db-us\n    for: 3s\n    within: 3s\n    save: {}")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:7:5
        7 |     for: 3s
          |     ^^^ "start" does not take "for": it is nothing that ends by itself
      scenarios/story.yaml:8:5
        8 |     within: 3s
          |     ^^^^^^ "start" does not take "within": it waits for nothing
      scenarios/story.yaml:9:5
        9 |     save: {}
          |     ^^^^ "start" does not take "save": it has no answer to save from"
    `));

  it("that repeats a write", () =>
    expect(steps("  - request: PUT /us/properties/1\n    within: 3s")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:7:5
        7 |     within: 3s
          |     ^^^^^^ "within" repeats a request until it is answered as expected, and only reads may be repeated"
    `));

  it("before the one before it", () =>
    expect(steps("  - at: 5s\n    kill: db-us\n  - at: 3s\n    start: db-us")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:8:9
        8 |   - at: 3s
          |         ^^ this is before the "at" of line 7, and steps run in their order"
    `));

  it("with an id that is taken or none", () =>
    expect(steps("  - kill: db-us\n    id: cut\n  - kill: db-eu\n    id: cut\n  - kill: kafka\n    id: 1 2"))
      .toMatchInlineSnapshot(`
      "scenarios/story.yaml:9:9
        9 |     id: cut
          |         ^^^ step 1 is called "cut" already
      scenarios/story.yaml:11:9
        11 |     id: 1 2
           |         ^^^ expected a word, e.g. cut-1: letters, digits, - and _"
    `));

  it("that heals what is not there", () => {
    expect(steps("  - heal: cut")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:11
        6 |   - heal: cut
          |           ^^^ no step is called "cut"
        Give the fault an id, or write heal alone to end every fault."
    `);
    expect(steps("  - kill: db-us\n    id: cut\n  - heal: cult")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:8:11
        8 |   - heal: cult
          |           ^^^^ no step is called "cult"
        Did you mean "cut"? Steps before it are cut."
    `);
    expect(steps("  - heal: cut\n  - kill: db-us\n    id: cut")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:11
        6 |   - heal: cut
          |           ^^^ step "cut" comes later: there is nothing to heal yet"
    `);
    expect(steps("  - wait: 1s\n    id: cut\n  - heal: cut")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:8:11
        8 |   - heal: cut
          |           ^^^ step "cut" is a wait, which is no fault to heal"
    `);
  });

  it("with a wrong condition", () => {
    expect(steps("  - when: lga(eu) > 3s\n    kill: db-us")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:11
        6 |   - when: lga(eu) > 3s
          |           ^^^ there is no condition "lga"
        Did you mean "lag"? Conditions are healthy, lag, pending, conflicts, errors, acknowledged."
    `);
    expect(steps("  - when: lag(eu) > 3\n    kill: db-us")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:21
        6 |   - when: lag(eu) > 3
          |                     ^ lag is compared to a duration with its unit, e.g. 3s, not to "3""
    `);
    expect(steps("  - when: lag(eu, us) > 3s\n    kill: db-us")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:14
        6 |   - when: lag(eu, us) > 3s
          |              ^^^^^^^^ lag is asked of a region
        Write it like lag(eu) > 3s."
    `);
    expect(steps("  - when: healthy(us) > 3\n    kill: db-us")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:23
        6 |   - when: healthy(us) > 3
          |                       ^ healthy is true or false and is not compared
        Write it like healthy(us)."
    `);
    expect(steps("  - when: lag(us -> ue) > 3s\n    kill: db-us")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:21
        6 |   - when: lag(us -> ue) > 3s
          |                     ^^ topology "property" has no region "ue"
        Did you mean "us"? Its regions are us, eu."
    `);
    expect(steps("  - when: soon\n    kill: db-us")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:11
        6 |   - when: soon
          |           ^^^^ there is no condition "soon"
        Conditions are healthy, lag, pending, conflicts, errors, acknowledged."
    `);
  });

  it("with a value that nobody saved", () => {
    expect(steps("  - request: GET /us/properties/${id}")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:33
        6 |   - request: GET /us/properties/\${id}
          |                                 ^^^^^ nothing is saved as "id" before this step
        Save it in an earlier step: save: { version: body.version }."
    `);
    expect(
      steps(
        '  - request: GET /us/properties/1\n    save: { version: body.version }\n  - request: PUT /us/properties/1\n    body: { version: "${versoin}" }',
      ),
    ).toMatchInlineSnapshot(`
      "scenarios/story.yaml:9:23
        9 |     body: { version: "\${versoin}" }
          |                       ^^^^^^^^^^ nothing is saved as "versoin" before this step
        Did you mean "version"? Saved before it are version."
    `);
  });

  it("that saves from nowhere", () =>
    expect(steps("  - request: GET /us/health\n    save: { version: version }")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:7:22
        7 |     save: { version: version }
          |                      ^^^^^^^ expected where it lies in the answer, e.g. body.version or header.etag"
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
      Did you mean "no-lost-writes"? Expectations are available, converges, no-lost-writes."
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

describe("a warning", () => {
  const scenario = (text: string, rest = "") => `name: a\ntopology: property\nsteps:\n${text}\n${rest}`;

  it("of a fault that nothing observes, until something does", () => {
    expect(drawn(scenario("  - kill: db-us"))).toMatchInlineSnapshot(`
      "scenarios/story.yaml:4:5
        4 |   - kill: db-us
          |     ^^^^ warning: nothing observes this kill, so the scenario passes whatever it does
        Add traffic, a request after it, or something under expect."
    `);
    expect(parse(scenario("  - kill: db-us\n  - request: GET /us/health")).problems.map((one) => one.message)).toEqual([
      "nothing checks the data after this kill",
    ]);
  });

  it("of an outage after which nobody looks at the data, until somebody does", () => {
    expect(drawn(scenario("  - kill: db-us", "expect: [available: { region: us }]\n"))).toMatchInlineSnapshot(`
      "scenarios/story.yaml:4:5
        4 |   - kill: db-us
          |     ^^^^ warning: nothing checks the data after this kill
        Add no-lost-writes, no-duplicates or converges under expect."
    `);
    expect(drawn(scenario("  - kill: db-us", "expect: [converges]\n"))).toBe("");
    expect(drawn(scenario("  - latency: us | eu\n    add: 1s", "expect: [available: { region: us }]\n"))).toBe("");
  });

  it("of a heal that cuts a `for` short, but not of one that comes later", () => {
    expect(steps("  - kill: db-us\n    for: 10s\n  - wait: 2s\n  - heal")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:9:5
        9 |   - heal
          |     ^^^^ warning: this ends the kill of line 6 before its "for" is over
        Wait for it (settle does), or leave its \`for\` away."
    `);
    expect(steps("  - kill: db-us\n    for: 10s\n  - wait: 11s\n  - heal")).toBe("");
    expect(steps("  - kill: db-us\n    for: 10s\n  - wait: healthy(us)\n  - heal")).toBe("");
    expect(steps("  - kill: db-us\n    for: 10s\n    id: a\n  - kill: db-eu\n    id: b\n  - heal: b")).toBe("");
  });

  it("does not keep a scenario from being played", () => {
    expect(parse(scenario("  - kill: db-us")).scenario).toBeDefined();
  });
});
