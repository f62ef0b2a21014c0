// What a Compose file becomes when it is right.
import path from "node:path";
import { describe, expect, it } from "vitest";
import { loadTopology } from "../../src/topology/load.ts";
import { BLOCK, folder, ROOT, withServices } from "./support.ts";

const PROPERTY = path.join(ROOT, "compose/property.yaml");

describe("the property system", () => {
  const { topology, problems } = loadTopology(PROPERTY, { env: {} });

  it("loads without a word", () => expect(problems).toEqual([]));

  it("has its nodes, each with role, region, port and needs", () => {
    const facts = topology!.nodes.map(({ name, role, region, port, needs }) => ({ name, role, region, port, needs }));
    expect(facts).toEqual([
      { name: "gateway", role: "gateway", region: "edge", port: 8080, needs: ["backend-us", "backend-eu"] },
      { name: "backend-us", role: "backend", region: "us", port: 8000, needs: ["db-us", "kafka"] },
      { name: "backend-eu", role: "backend", region: "eu", port: 8000, needs: ["db-eu", "kafka"] },
      { name: "db-us", role: "postgres", region: "us", port: 5432, needs: [] },
      { name: "db-eu", role: "postgres", region: "eu", port: 5432, needs: [] },
      { name: "kafka", role: "kafka", region: "us", port: 29_092, needs: [] },
    ]);
    expect(topology!.nodes[0]!.publish).toBe(8080);
    expect(topology!.nodes[3]!.files).toEqual([
      { source: path.join(ROOT, "seeds/properties.sql"), target: "/docker-entrypoint-initdb.d/1.sql" },
    ]);
  });

  it("has regions, a link for every pair of zones, routes, steady requests and a workload", () => {
    expect(topology).toMatchObject({
      name: "property",
      file: PROPERTY,
      regions: ["us", "eu"],
      routes: { "/us": "us", "/eu": "eu" },
      steady: [
        { method: "GET", path: "/us/health", region: "us" },
        { method: "GET", path: "/eu/health", region: "eu" },
      ],
      conflicts: "hybrid-clock",
    });
    expect(topology!.links.map((link) => link.between.join(" "))).toEqual(["edge us", "edge eu", "us eu"]);
    expect(topology!.observe.lag).toBe("/:region/replication-lag");
    expect(topology!.workloads["edit-properties"]).toMatchObject({
      kind: "register",
      keys: { from: 1, to: 1200 },
      read: {
        request: { method: "GET", path: "/${region}/properties/${key}" },
        value: "body.price",
        state: "header.etag",
      },
      write: {
        request: { method: "PUT", body: { price: "${value}", version: "${version}" } },
        refused: [409],
        done: { 422: "body.original_response" },
      },
    });
  });

  it("takes the nine variables from the environment", () => {
    const env = { POSTGRES_US_PASSWORD: "s3cret", POSTGRES_US_DB: "homes", KAFKA_TOPIC: "t", PORT: "8001" };
    const nodes = loadTopology(PROPERTY, { env }).topology!.nodes;
    const backend = nodes.find((node) => node.name === "backend-us")!;
    expect(backend.environment).toMatchObject({
      DATABASE_URL: "postgres://propuser:s3cret@db-us:5432/homes",
      KAFKA_TOPIC: "t",
      PORT: "8001",
    });
    expect(backend.port).toBe(8001);
    expect(nodes.find((node) => node.name === "db-us")!.environment["POSTGRES_PASSWORD"]).toBe("s3cret");
  });

  it("takes its images from the environment, whatever their names, and stays the same system", () => {
    const env = { REGIONCTL_IMAGE_POSTGRES: "mine/pg:1", REGIONCTL_IMAGE_KAFKA: "k", REGIONCTL_IMAGE_NGINX: "n:2" };
    const nodes = loadTopology(PROPERTY, { env }).topology!.nodes;
    expect(nodes.map(({ image }) => image)).toEqual([
      "n:2",
      "regionctl/backend",
      "regionctl/backend",
      "mine/pg:1",
      "mine/pg:1",
      "k",
    ]);
    expect(nodes.map(({ role }) => role)).toEqual(topology!.nodes.map(({ role }) => role));
    expect(topology!.nodes.map(({ image }) => image)).toEqual([
      "nginx:1.28",
      "regionctl/backend",
      "regionctl/backend",
      "postgres:18",
      "postgres:18",
      "apache/kafka:4.3.1",
    ]);
  });

  it("gets generated passwords where the file has only a default, one for each variable", () => {
    const asked: string[] = [];
    const generate = (variable: string) => {
      asked.push(variable);
      return `made-for-${variable}`;
    };
    const nodes = loadTopology(PROPERTY, { env: { POSTGRES_EU_PASSWORD: "mine" }, generate }).topology!.nodes;
    const environment = (name: string) => nodes.find((node) => node.name === name)!.environment;
    expect(asked).toEqual(["POSTGRES_US_PASSWORD"]);
    expect(environment("db-us")["POSTGRES_PASSWORD"]).toBe("made-for-POSTGRES_US_PASSWORD");
    expect(environment("backend-us")["DATABASE_URL"]).toContain(":made-for-POSTGRES_US_PASSWORD@db-us:5432/");
    expect(environment("db-eu")["POSTGRES_PASSWORD"]).toBe("mine");
  });
});

describe("a service", () => {
  const node = (text: string, name: string) => {
    using here = folder();
    const { topology, problems } = here.load(withServices(text));
    expect(problems).toEqual([]);
    return topology!.nodes.find((one) => one.name === name)!;
  };

  it("has its role from the label, otherwise from its image, whatever registry and tag", () => {
    const role = (image: string) => node(`  a: { image: "${image}", ports: ["80"] }`, "a").role;
    expect(role("postgres")).toBe("postgres");
    expect(role("localhost:5000/library/postgres:18@sha256:0a1b")).toBe("postgres");
    expect(role("registry.example.com/apache/kafka:4.3.1")).toBe("kafka");
    expect(role("regionctl/postgres:18")).toBe("postgres");
    expect(role("bitnami/postgres")).toBe("service");
    expect(role("mypostgres")).toBe("service");
    expect(node(`  a: { image: mine, labels: ["regionctl.role=backend"] }`, "a").role).toBe("backend");
  });

  it("has its region from the label, otherwise from its name, otherwise the edge", () => {
    expect(node(`  db-eu: { image: postgres }`, "db-eu").region).toBe("eu");
    expect(node(`  db-eu: { image: postgres, labels: { regionctl.region: us } }`, "db-eu").region).toBe("us");
    expect(node(`  dbeu: { image: postgres }`, "dbeu").region).toBe("edge");
  });

  it("has its port from the label, the role, its environment or its ports", () => {
    const port = (rest: string) => node(`  a: { ${rest} }`, "a").port;
    expect(port(`image: postgres, labels: { regionctl.port: 6000 }`)).toBe(6000);
    expect(port(`image: redis`)).toBe(6379);
    expect(port(`image: apache/kafka`)).toBe(9092);
    expect(port(`image: apache/kafka, environment: { KAFKA_LISTENERS: "A://:9092,B://:29092" }`)).toBe(29_092);
    expect(port(`image: regionctl/backend, environment: { PORT: 8123 }`)).toBe(8123);
    expect(port(`image: other, ports: ["127.0.0.1:9000:80"]`)).toBe(80);
  });

  it("may be written in Compose's long and short forms", () => {
    const long = `  db-us:
    image: postgres
    ports: [{ target: 5432, published: 15432, host_ip: 127.0.0.1, protocol: tcp }]
    volumes: [{ type: bind, source: ./seed.sql, target: /docker-entrypoint-initdb.d/1.sql, read_only: true }]
    environment: { A: b=c, N: 1.5, T: true, EMPTY: "" }
    depends_on: { kafka: { condition: service_started } }
  kafka: { image: apache/kafka }`;
    const short = `  db-us:
    image: postgres
    ports: ["127.0.0.1:15432:5432/tcp"]
    volumes: ["./seed.sql:/docker-entrypoint-initdb.d/1.sql:ro"]
    environment: [A=b=c, N=1.5, T=true, EMPTY=]
    depends_on: [kafka]
  kafka: { image: apache/kafka }`;
    const withoutFolder = (text: string) => {
      const one = node(text, "db-us");
      return { ...one, files: one.files.map((file) => ({ ...file, source: path.basename(file.source) })) };
    };
    expect(withoutFolder(long)).toEqual(withoutFolder(short));
    expect(withoutFolder(long)).toMatchObject({
      publish: 15_432,
      needs: ["kafka"],
      environment: { A: "b=c", N: "1.5", T: "true", EMPTY: "" },
      files: [{ source: "seed.sql", target: "/docker-entrypoint-initdb.d/1.sql" }],
    });
  });

  it("takes a variable without a value from where Compose runs", () => {
    using here = folder();
    const text = withServices(`  a-us: { image: regionctl/backend, environment: [SET, UNSET] }`);
    const { topology } = here.load(text, { env: { SET: "1" } });
    expect(topology!.nodes[1]!.environment).toMatchObject({ SET: "1" });
    expect(topology!.nodes[1]!.environment).not.toHaveProperty("UNSET");
  });

  it("may share parts by anchors and merge keys, its own keys winning", () => {
    using here = folder();
    const { topology, problems } = here.load(`name: system
x-backend: &backend
  image: regionctl/backend
  environment: &env { PORT: "8000", TOPIC: all }
services:
  gateway: { image: nginx }
  backend-us: { <<: *backend, environment: { <<: *env, TOPIC: mine } }
  backend-eu: { <<: *backend }
${BLOCK}`);
    expect(problems).toEqual([]);
    expect(topology!.nodes[1]!.environment).toMatchObject({ PORT: "8000", TOPIC: "mine" });
    expect(topology!.nodes[2]!.environment).toMatchObject({ PORT: "8000", TOPIC: "all" });
  });
});

describe("variables", () => {
  const value = (written: string, env: Record<string, string> = {}, dotenv?: string) => {
    using here = folder();
    if (dotenv !== undefined) here.write(".env", dotenv);
    const { topology } = here.load(
      withServices(`  a-us: { image: regionctl/backend, environment: { X: '${written}' } }`),
      { env },
    );
    return topology?.nodes[1]!.environment["X"];
  };

  it.each([
    ["${A}", "1"],
    ["$A-$EMPTY-", "1--"],
    ["${NONE:-d}", "d"],
    ["${NONE-d}", "d"],
    ["${EMPTY:-d}", "d"],
    ["${EMPTY-d}", ""],
    ["${NONE:-${A}x}", "1x"],
    ["${NONE:-${NONE:-}}", ""],
    ["${A:+other}", "other"],
    ["${EMPTY:+other}", ""],
    ["${A:?needed}", "1"],
    ["$${A} costs $$5", "${A} costs $5"],
  ])("%s is %j", (written, expected) => {
    expect(value(written, { A: "1", EMPTY: "" })).toBe(expected);
  });

  it("come from .env beside the file, after the environment", () => {
    const dotenv = "# mine\nexport A=1\nB='two words'\nC=\"c\" # comment\nD=d # comment\n\nE=a#b\n";
    expect(value("${A}|${B}|${C}|${D}|${E}", { A: "shell" }, dotenv)).toBe("shell|two words|c|d|a#b");
  });
});

describe("the shown example of a topology", () => {
  it("loads as it stands", () => {
    using here = folder();
    const { topology, problems } = here.load(`name: property
services:
  gateway:
    image: nginx:1.28
    ports: ["127.0.0.1:8080:8080"]
    volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro"]
    labels: { regionctl.region: edge }
  backend-us:
    image: regionctl/backend
    build: { context: .., dockerfile: compose/images/backend.Dockerfile }
    environment:
      REGION: us
      PORT: "8000"
      DATABASE_URL: postgres://\${POSTGRES_US_USER:-propuser}:\${POSTGRES_US_PASSWORD:-proppass_us}@db-us:5432/\${POSTGRES_US_DB:-properties_us}
      KAFKA_BROKER: \${KAFKA_BROKER:-kafka:9092}
      KAFKA_TOPIC: \${KAFKA_TOPIC:-property-updates}
    labels: { regionctl.region: us, regionctl.role: backend }
    depends_on: { db-us: { condition: service_healthy }, kafka: { condition: service_healthy } }
    healthcheck: { test: ["CMD", "node", "healthy.js"], interval: 1s }
  db-us:
    image: postgres:18
    volumes: ["./seed.sql:/docker-entrypoint-initdb.d/1.sql:ro"]
    labels: { regionctl.region: us }
    healthcheck: { test: ["CMD-SHELL", "pg_isready -U propuser -d properties_us"], interval: 1s }
  kafka:
    image: apache/kafka:4.3.1
    labels: { regionctl.region: us }          # its home region
x-regionctl:
  regions: { us: { at: us-east-1 }, eu: { at: eu-west-1 } }   # used with --wan; otherwise no added latency
  links:
    us | eu: { rtt: 80ms, jitter: 5ms }
  routes: { /us: us, /eu: eu }
  steady: [GET /us/health, GET /eu/health]
  conflicts: wall-clock
`);
    expect(problems).toEqual([]);
    expect(topology!.links[2]).toEqual({ between: ["us", "eu"], rttMs: 80, jitterMs: 5 });
    expect(topology!.conflicts).toBe("wall-clock");
  });
});
