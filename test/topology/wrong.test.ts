// Every kind of mistake in a topology, drawn as a person sees it: the whole text is compared.
import { describe, expect, it } from "vitest";
import { folder, withBlock, withServices } from "./support.ts";

function drawn(text: string, files: Readonly<Record<string, string>> = {}): string {
  using here = folder();
  for (const [name, content] of Object.entries(files)) here.write(name, content);
  return here.drawn(text);
}

const services = (text: string) => drawn(withServices(text));
const block = (text: string) => drawn(withBlock(text));
const ROUTED = "  routes: { /us: us, /eu: eu }\n  steady: [GET /us/health, GET /eu/health]\n";

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

describe("a wrong service", () => {
  it("with keys that are not honoured: by name, line and reason", () =>
    expect(
      services(`  db-us:
    image: postgres:18
    restart: always
    networks: [a]
    deploy: { replicas: 2 }
    imagee: x
    x-note: fine`),
    ).toMatchInlineSnapshot(`
      "system.yaml:6:5
        6 |     restart: always
          |     ^^^^^^^ regionctl does not honour "restart"
        A node that dies stays down, so that the scenario shows it; start it with the verb start.
      system.yaml:7:5
        7 |     networks: [a]
          |     ^^^^^^^^ regionctl does not honour "networks"
        Every region is a network of its own already; set the label regionctl.region.
      system.yaml:8:5
        8 |     deploy: { replicas: 2 }
          |     ^^^^^^ regionctl does not honour "deploy"
        One service is one node; write a second service for a second one.
      system.yaml:9:5
        9 |     imagee: x
          |     ^^^^^^ regionctl does not know "imagee" of a service
        Did you mean "image"? Of a service, regionctl honours image, build, command, ports, volumes, environment, labels, depends_on, healthcheck."
    `));

  it("without an image, or without anything", () =>
    expect(services("  a-us: { labels: { regionctl.role: redis } }\n  b-us:")).toMatchInlineSnapshot(`
      "system.yaml:4:3
        4 |   a-us: { labels: { regionctl.role: redis } }
          |   ^^^^ service "a-us" has neither an image nor a build
      system.yaml:5:3
        5 |   b-us:
          |   ^^^^ service "b-us" has nothing in it
        It needs an image at least."
    `));

  it("with a wrong label", () =>
    expect(
      services(`  a: { image: redis, labels: { regionctl.regoin: us } }
  b: { image: redis, labels: { regionctl.region: ue } }
  c: { image: redis, labels: [regionctl.role=backned] }
  d: { image: redis, labels: { regionctl.port: 70000 } }`),
    ).toMatchInlineSnapshot(`
      "system.yaml:4:32
        4 |   a: { image: redis, labels: { regionctl.regoin: us } }
          |                                ^^^^^^^^^^^^^^^^ there is no label "regionctl.regoin"
        Did you mean "regionctl.region"? Possible are regionctl.region, regionctl.role, regionctl.port.
      system.yaml:5:50
        5 |   b: { image: redis, labels: { regionctl.region: ue } }
          |                                                  ^^ there is no region "ue"
        Did you mean "us"? Regions are us, eu, edge.
      system.yaml:6:46
        6 |   c: { image: redis, labels: [regionctl.role=backned] }
          |                                              ^^^^^^^ there is no role "backned"
        Did you mean "backend"? Roles are gateway, backend, postgres, kafka, rabbitmq, redis, mirror, service.
      system.yaml:7:48
        7 |   d: { image: redis, labels: { regionctl.port: 70000 } }
          |                                                ^^^^^ expected a port, 1 to 65535"
    `));

  it("with a name that nobody could tell apart", () =>
    expect(services("  us: { image: redis }\n  DB.1: { image: redis }")).toMatchInlineSnapshot(`
      "system.yaml:4:3
        4 |   us: { image: redis }
          |   ^^ "us" is the name of a region already, so a scenario could not tell them apart
      system.yaml:5:3
        5 |   DB.1: { image: redis }
          |   ^^^^ a service is called with lower-case letters, digits, - and _, beginning with a letter"
    `));

  it("with ports that are none, or open to the world", () =>
    expect(
      services(
        `  a-us: { image: redis, ports: ["70000:1", "0.0.0.0:80:80", "53:53/udp", "1-3:1-3", { target: http }] }`,
      ),
    ).toMatchInlineSnapshot(`
      "system.yaml:4:33
        4 |   a-us: { image: redis, ports: ["70000:1", "0.0.0.0:80:80", "53:53/udp", "1-3:1-3", { target: http }] }
          |                                 ^^^^^^^^^ expected a port like "127.0.0.1:8080:8080", "8080:8080" or "8080"
      system.yaml:4:44
        4 |   a-us: { image: redis, ports: ["70000:1", "0.0.0.0:80:80", "53:53/udp", "1-3:1-3", { target: http }] }
          |                                            ^^^^^^^^^^^^^^^ regionctl publishes ports on 127.0.0.1 only, not on 0.0.0.0
      system.yaml:4:61
        4 |   a-us: { image: redis, ports: ["70000:1", "0.0.0.0:80:80", "53:53/udp", "1-3:1-3", { target: http }] }
          |                                                             ^^^^^^^^^^^ expected a port like "127.0.0.1:8080:8080", "8080:8080" or "8080"
      system.yaml:4:74
        4 |   a-us: { image: redis, ports: ["70000:1", "0.0.0.0:80:80", "53:53/udp", "1-3:1-3", { target: http }] }
          |                                                                          ^^^^^^^^^ expected a port like "127.0.0.1:8080:8080", "8080:8080" or "8080"
      system.yaml:4:95
        4 |   a-us: { image: redis, ports: ["70000:1", "0.0.0.0:80:80", "53:53/udp", "1-3:1-3", { target: http }] }
          |                                                                                               ^^^^ expected a port, 1 to 65535"
    `));

  it("with files that are not there, or not files, or to be written", () =>
    expect(
      services(`  db-us:
    image: postgres
    volumes:
      - ./sed.sql:/docker-entrypoint-initdb.d/1.sql:ro
      - .:/docker-entrypoint-initdb.d/2.sql:ro
      - ./seed.sql:/etc/postgres.conf:ro
  db-eu:
    image: postgres
    volumes: [./seed.sql:/docker-entrypoint-initdb.d/1.sql, data:/var/lib/postgresql, 7]`),
    ).toMatchInlineSnapshot(`
      "system.yaml:7:9
        7 |       - ./sed.sql:/docker-entrypoint-initdb.d/1.sql:ro
          |         ^^^^^^^^^ there is no file HERE/sed.sql
      system.yaml:8:9
        8 |       - .:/docker-entrypoint-initdb.d/2.sql:ro
          |         ^ regionctl mounts single files, and this is a folder
      system.yaml:9:20
        9 |       - ./seed.sql:/etc/postgres.conf:ro
          |                    ^^^^^^^^^^^^^^^^^^ a postgres takes files as /docker-entrypoint-initdb.d/*.sql only
        They are run in the order of their names when its disk is new.
      system.yaml:12:15
        12 |     volumes: [./seed.sql:/docker-entrypoint-initdb.d/1.sql, data:/var/lib/postgresql, 7]
           |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ regionctl mounts files read-only: end it with :ro
      system.yaml:12:61
        12 |     volumes: [./seed.sql:/docker-entrypoint-initdb.d/1.sql, data:/var/lib/postgresql, 7]
           |                                                             ^^^^^^^^^^^^^^^^^^^^^^^^ "data" is a named volume; regionctl keeps each node's disk itself, in the stack's directory
      system.yaml:12:87
        12 |     volumes: [./seed.sql:/docker-entrypoint-initdb.d/1.sql, data:/var/lib/postgresql, 7]
           |                                                                                       ^ expected a file mounted read-only, like "./nginx.conf:/etc/nginx/nginx.conf:ro""
    `));

  it("with a command of its own where regionctl has one", () => {
    expect(services("  db-us: { image: postgres, command: postgres -c fsync=off }")).toMatchInlineSnapshot(`
      "system.yaml:4:29
        4 |   db-us: { image: postgres, command: postgres -c fsync=off }
          |                             ^^^^^^^ regionctl starts a postgres with a command of its own, so "command" is not honoured here
        Remove it, or configure it by environment or files."
    `);
    expect(services("  other: { image: other, ports: [80], command: [run] }")).toBe("");
  });

  it("that needs what is not there", () =>
    expect(
      services(`  a-us: { image: redis, depends_on: [b-us, c-us] }
  b-us: { image: redis, depends_on: { gatway: { condition: service_healthy } } }
  d-us: { image: redis, depends_on: { gateway: { condition: service_completed_successfully } } }`),
    ).toMatchInlineSnapshot(`
      "system.yaml:4:44
        4 |   a-us: { image: redis, depends_on: [b-us, c-us] }
          |                                            ^^^^ a-us needs "c-us", and there is no such service
        Did you mean "a-us"? Services are gateway, a-us, b-us, d-us.
      system.yaml:5:39
        5 |   b-us: { image: redis, depends_on: { gatway: { condition: service_healthy } } }
          |                                       ^^^^^^ b-us needs "gatway", and there is no such service
        Did you mean "gateway"? Services are gateway, a-us, b-us, d-us.
      system.yaml:6:61
        6 |   d-us: { image: redis, depends_on: { gateway: { condition: service_completed_successfully } } }
          |                                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ regionctl starts a node once those that it needs answer: service_started or service_healthy"
    `));

  it("that needs itself, round three corners", () =>
    expect(
      services(`  a-us: { image: redis, depends_on: [b-us] }
  b-us: { image: redis, depends_on: [c-us] }
  c-us: { image: redis, depends_on: [gateway, a-us] }`),
    ).toMatchInlineSnapshot(`
      "system.yaml:4:25
        4 |   a-us: { image: redis, depends_on: [b-us] }
          |                         ^^^^^^^^^^ these need each other, so none can start first: a-us -> b-us -> c-us -> a-us"
    `));

  it("whose addresses lead nowhere", () =>
    expect(
      services(`  db-us: { image: postgres }
  a-us:
    image: regionctl/backend
    environment:
      OWN: http://a-us:8000
      GOOD: postgres://u:12345@db-us:5432/db?host=localhost:1
      ELSEWHERE: https://example.com:443/ 10.0.0.1:80 12:30
      NAME: postgres://u:p@bd-us:5432/db
      PORTS: db-us:5433,db-us:5432`),
    ).toMatchInlineSnapshot(`
      "system.yaml:11:28
        11 |       NAME: postgres://u:p@bd-us:5432/db
           |                            ^^^^^^^^^^ NAME names "bd-us", and there is no such service
        Did you mean "db-us"? Services are gateway, db-us, a-us.
      system.yaml:12:14
        12 |       PORTS: db-us:5433,db-us:5432
           |              ^^^^^^^^^^ db-us serves 5432, not 5433
        Write db-us:5432, or set the label regionctl.port of db-us."
    `));

  it("with an environment that is none", () =>
    expect(
      services(
        "  a-us: { image: redis, environment: { A: [1] } }\n  b-us: { image: regionctl/backend, environment: [PORT=http] }",
      ),
    ).toMatchInlineSnapshot(`
      "system.yaml:4:43
        4 |   a-us: { image: redis, environment: { A: [1] } }
          |                                           ^^^ expected a text, a number, true or false
      system.yaml:5:56
        5 |   b-us: { image: regionctl/backend, environment: [PORT=http] }
          |                                                        ^^^^ PORT must be a port, 1 to 65535"
    `));

  it("whose port nobody says", () =>
    expect(services("  other: { image: other }")).toMatchInlineSnapshot(`
    "system.yaml:4:3
      4 |   other: { image: other }
        |   ^^^^^ regionctl does not know which port "other" serves
      Say it with the label regionctl.port: "8000", or under "ports"."
  `));

  it("that contradicts the policy of the block", () =>
    expect(services("  a-us: { image: regionctl/backend, environment: { CONFLICTS: wall-clock } }"))
      .toMatchInlineSnapshot(`
      "system.yaml:4:63
        4 |   a-us: { image: regionctl/backend, environment: { CONFLICTS: wall-clock } }
          |                                                               ^^^^^^^^^^ x-regionctl says conflicts: hybrid-clock
        Write the same in both places: this one is for plain Compose."
    `));
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
