// Every kind of mistake in a service, drawn as a person sees it: the whole text is compared.
import { describe, expect, it } from "vitest";
import { drawn, withServices } from "./support.ts";

const services = (text: string) => drawn(withServices(text));

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
  d: { image: redis, labels: { regionctl.port: 70000 } }
  e-us: { image: redis, labels: { regionctl.role: link } }`),
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
          |                                                ^^^^^ expected a port, 1 to 65535
      system.yaml:8:51
        8 |   e-us: { image: redis, labels: { regionctl.role: link } }
          |                                                   ^^^^ there is no role "link"
        Roles are gateway, backend, postgres, kafka, rabbitmq, redis, mirror, service."
    `));

  it("with a name that nobody could tell apart", () =>
    expect(services("  us: { image: redis }\n  DB.1: { image: redis }\n  links: { image: redis }"))
      .toMatchInlineSnapshot(`
      "system.yaml:4:3
        4 |   us: { image: redis }
          |   ^^ "us" is the name of a region already, so a scenario could not tell them apart
      system.yaml:5:3
        5 |   DB.1: { image: redis }
          |   ^^^^ a service is called with lower-case letters, digits, - and _, beginning with a letter
      system.yaml:6:3
        6 |   links: { image: redis }
          |   ^^^^^ "links" is the program that all traffic between regions passes: regionctl starts it itself"
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
          |                                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ regionctl starts a node once those that it needs answer: service_started or service_healthy
        Known are service_started, service_healthy."
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
