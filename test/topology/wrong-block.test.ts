// Every kind of mistake in the x-regionctl block, drawn as a person sees it: the whole text is compared.
import { describe, expect, it } from "vitest";
import { drawn, ROUTED, withBlock, withServices } from "./support.ts";

const services = (text: string) => drawn(withServices(text));
const block = (text: string) => drawn(withBlock(text));

describe("a wrong block", () => {
  it("with words that do not exist", () =>
    expect(block(`${ROUTED}  obsreve: {}\n  observe: { lagg: /a }\n  conflicts: last-write\n`)).toMatchInlineSnapshot(`
      "system.yaml:8:3
        8 |   obsreve: {}
          |   ^^^^^^^ there is no "obsreve" here
        Did you mean "observe"? Possible are regions, links, routes, steady, observe, conflicts, workloads.
      system.yaml:9:14
        9 |   observe: { lagg: /a }
          |              ^^^^ there is no "lagg" here
        Did you mean "lag"? Possible are lag, conflicts.
      system.yaml:10:14
        10 |   conflicts: last-write
           |              ^^^^^^^^^^ expected one of hybrid-clock, wall-clock"
    `));

  it("with regions that are none, or too many", () => {
    expect(drawn("name: a\nservices:\n  gateway: { image: nginx }\nx-regionctl: {}\n")).toMatchInlineSnapshot(`
      "system.yaml:4:1
        4 | x-regionctl: {}
          | ^^^^^^^^^^^ a topology has at least one region, e.g. regions: { us: {}, eu: {} }"
    `);
    expect(drawn("name: a\nservices:\n  gateway: { image: nginx }\nx-regionctl:\n  regions: { US: {}, edge: {} }\n"))
      .toMatchInlineSnapshot(`
        "system.yaml:4:1
          4 | x-regionctl:
            | ^^^^^^^^^^^ no steady request says whether "US" is healthy
          Add one, e.g. GET /US/health.
        system.yaml:4:1
          4 | x-regionctl:
            | ^^^^^^^^^^^ no steady request says whether "edge" is healthy
          Add one, e.g. GET /edge/health.
        system.yaml:5:14
          5 |   regions: { US: {}, edge: {} }
            |              ^^ a region is called with lower-case letters, digits and dashes, e.g. us
        system.yaml:5:22
          5 |   regions: { US: {}, edge: {} }
            |                      ^^^^ "edge" is the zone outside of all regions already"
      `);
    const seven = ["a", "b", "c", "d", "e", "f", "g"];
    const steady = seven.map((one) => `GET /${one}/health`).join(", ");
    const routes = seven.map((one) => `/${one}: ${one}`).join(", ");
    const text = `name: a\nservices:\n  gateway: { image: nginx }\nx-regionctl:\n  regions: { ${seven.map((one) => `${one}: {}`).join(", ")} }\n  routes: { ${routes} }\n  steady: [${steady}]\n`;
    expect(drawn(text)).toMatchInlineSnapshot(`
      "system.yaml:5:3
        5 |   regions: { a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {} }
          |   ^^^^^^^ a topology has 6 regions at most, and these are 7"
    `);
  });

  it("with links that join nothing", () =>
    expect(
      block(`${ROUTED}  links:
    us | ue: { rtt: 80ms }
    us -> eu: { rtt: 80ms }
    us | us: {}
`),
    ).toMatchInlineSnapshot(`
      "system.yaml:9:5
        9 |     us | ue: { rtt: 80ms }
          |     ^^^^^^^ there is no region "ue"
        Did you mean "us"? Regions are edge, us, eu.
      system.yaml:10:5
        10 |     us -> eu: { rtt: 80ms }
           |     ^^^^^^^^ a link is between two regions, e.g. us | eu
        Its round trip is the same from both sides.
      system.yaml:11:5
        11 |     us | us: {}
           |     ^^^^^^^ a link is between two different regions"
    `));

  it("with a round trip without its unit", () =>
    expect(block(`${ROUTED}  links: { us | eu: { rtt: 80 } }\n`)).toMatchInlineSnapshot(`
      "system.yaml:8:28
        8 |   links: { us | eu: { rtt: 80 } }
          |                            ^^ expected a duration with its unit, e.g. 80ms
        Did you mean "80s" or "80ms"?"
    `));

  it("with the same link twice", () =>
    expect(block(`${ROUTED}  links: { us | eu: { rtt: 80ms }, eu | us: { rtt: 8ms } }\n`)).toMatchInlineSnapshot(`
      "system.yaml:8:36
        8 |   links: { us | eu: { rtt: 80ms }, eu | us: { rtt: 8ms } }
          |                                    ^^^^^^^ this link stands here twice"
    `));

  it("with routes and steady requests that lead nowhere", () =>
    expect(block("  routes: { /us: us, /eu: ue }\n  steady: [GET /us/health]\n")).toMatchInlineSnapshot(`
      "system.yaml:6:27
        6 |   routes: { /us: us, /eu: ue }
          |                           ^^ there is no region "ue"
        Did you mean "us"? Regions are us, eu.
      system.yaml:7:3
        7 |   steady: [GET /us/health]
          |   ^^^^^^ no steady request says whether "eu" is healthy
        Add one, e.g. GET /eu/health."
    `));

  it("with steady requests that tell of no region, or of not every region", () =>
    expect(block("  routes: { /us: us, /eu: eu }\n  steady: [GET /us/health, GET /euro/health]\n"))
      .toMatchInlineSnapshot(`
        "system.yaml:7:3
          7 |   steady: [GET /us/health, GET /euro/health]
            |   ^^^^^^ no steady request says whether "eu" is healthy
          Add one, e.g. GET /eu/health.
        system.yaml:7:32
          7 |   steady: [GET /us/health, GET /euro/health]
            |                                ^^^^^^^^^^^^ no route leads there, so it tells of no region
          Routes are /us, /eu."
      `));

  it("with routes and steady requests that are none", () =>
    expect(block("  routes: { eu: eu }\n  steady: [PUT /eu]\n")).toMatchInlineSnapshot(`
      "system.yaml:6:13
        6 |   routes: { eu: eu }
          |             ^^ a route is a path's beginning, e.g. /us
      system.yaml:7:12
        7 |   steady: [PUT /eu]
          |            ^^^^^^^ expected a read, e.g. GET /us/health"
    `));

  it("with routes and no gateway, or two of them", () => {
    expect(
      drawn(`name: a\nservices:\n  db-us: { image: postgres }\nx-regionctl:\n  regions: { us: {}, eu: {} }\n${ROUTED}`),
    ).toMatchInlineSnapshot(`
      "system.yaml:6:3
        6 |   routes: { /us: us, /eu: eu }
          |   ^^^^^^ there are routes, and no gateway that could follow them
        Give one service the image nginx or the label regionctl.role: gateway."
    `);
    expect(services("  second: { image: nginx }")).toMatchInlineSnapshot(`
      "system.yaml:4:3
        4 |   second: { image: nginx }
          |   ^^^^^^ a topology has one gateway, and that is "gateway""
    `);
  });
});

describe("wrong workloads", () => {
  const GOOD = `  edit:
    kind: register
    keys: 1..10
    read: { request: "GET /\${region}/\${key}", value: body.price }
    write: { request: "PUT /\${region}/\${key}", body: { price: "\${value}" } }
`;
  const file = (text: string) =>
    drawn(withBlock(`${ROUTED}  workloads: ./w.yaml\n`), { "w.yaml": `workloads:\n${text}` });

  it("are none when they are right, in a file of their own or in the block", () => {
    expect(file(GOOD)).toBe("");
    const inline = GOOD.replaceAll("${", () => "$${").replaceAll(/^/gm, "  ");
    expect(block(`${ROUTED}  workloads:\n${inline}`)).toBe("");
  });

  it("that Compose would fill in itself", () => {
    const inline = GOOD.replaceAll(/^/gm, "  ");
    expect(block(`${ROUTED}  workloads:\n${inline}`).split("\n").slice(0, 4).join("\n")).toMatchInlineSnapshot(`
      "system.yaml:12:30
        12 |       read: { request: "GET /\${region}/\${key}", value: body.price }
           |                              ^^^^^^^^^ Compose would fill in \${region} itself
        Write $\${region}, or put the workloads in a file of their own."
    `);
  });

  it("whose file is not there", () =>
    expect(block(`${ROUTED}  workloads: ./none.yaml\n`)).toMatchInlineSnapshot(`
    "system.yaml:8:14
      8 |   workloads: ./none.yaml
        |              ^^^^^^^^^^^ HERE/none.yaml: there is no such file"
  `));

  it("with everything wrong", () =>
    expect(
      file(`  edit:
    kind: log
    keys: 10..1
    read: { request: "GET /\${region}/\${key}", value: price }
    write: { request: /us, refused: 409, done: { ok: body }, bdoy: {} }
  Edit:
    kind: register
    keys: 1..10
    read: { request: "PUT /\${region}/\${ky}", value: body.price }
    write: { request: "PUT /\${region}/\${key}/\${version}", body: { price: "\${valeu}" } }
`),
    ).toMatchInlineSnapshot(`
      "w.yaml:3:11
        3 |     kind: log
          |           ^^^ expected register, the kind of workload that there is
      w.yaml:4:11
        4 |     keys: 10..1
          |           ^^^^^ expected a range from small to large, e.g. 1..10
      w.yaml:5:54
        5 |     read: { request: "GET /\${region}/\${key}", value: price }
          |                                                      ^^^^^ expected where it lies in the answer, e.g. body.price or header.etag
      w.yaml:6:23
        6 |     write: { request: /us, refused: 409, done: { ok: body }, bdoy: {} }
          |                       ^^^ expected a method and a path, e.g. GET /\${region}/properties/\${key}
      w.yaml:6:37
        6 |     write: { request: /us, refused: 409, done: { ok: body }, bdoy: {} }
          |                                     ^^^ expected a list of statuses, e.g. [409]
      w.yaml:6:50
        6 |     write: { request: /us, refused: 409, done: { ok: body }, bdoy: {} }
          |                                                  ^^ expected a status, e.g. 422
      w.yaml:6:62
        6 |     write: { request: /us, refused: 409, done: { ok: body }, bdoy: {} }
          |                                                              ^^^^ there is no "bdoy" here
        Did you mean "body"? Possible are request, headers, body, refused, done.
      w.yaml:7:3
        7 |   Edit:
          |   ^^^^ a workload is called with lower-case letters, digits and dashes
      w.yaml:10:22
        10 |     read: { request: "PUT /\${region}/\${ky}", value: body.price }
           |                      ^^^^^^^^^^^^^^^^^^^^^^ the path of a read names the key: \${key}
      w.yaml:10:23
        10 |     read: { request: "PUT /\${region}/\${ky}", value: body.price }
           |                       ^^^ a read is a GET or HEAD
      w.yaml:10:38
        10 |     read: { request: "PUT /\${region}/\${ky}", value: body.price }
           |                                      ^^^^^ there is no \${ky} here
        Did you mean "key"? Possible here are region, key.
      w.yaml:11:5
        11 |     write: { request: "PUT /\${region}/\${key}/\${version}", body: { price: "\${valeu}" } }
           |     ^^^^^ a write sends the value somewhere: \${value} in its body or headers
      w.yaml:11:46
        11 |     write: { request: "PUT /\${region}/\${key}/\${version}", body: { price: "\${valeu}" } }
           |                                              ^^^^^^^^^^ there is no \${version} here
        Possible here are region, key.
      w.yaml:11:75
        11 |     write: { request: "PUT /\${region}/\${key}/\${version}", body: { price: "\${valeu}" } }
           |                                                                           ^^^^^^^^ there is no \${valeu} here
        Did you mean "value"? Possible here are region, key, value, id, state, version."
    `));
});
