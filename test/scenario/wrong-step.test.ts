// Every kind of mistake in a step, drawn as a person sees it: the whole text is compared.
import { describe, expect, it } from "vitest";
import { drawn, withSteps } from "./support.ts";

const steps = (text: string) => drawn(withSteps(text));

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
