// What a Compose file says of a system comes to be on the Docker engine: a user's own service runs its command, what cannot
// run is refused, and plain Compose runs the property system's file as it stands.
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Cluster, StackPlace } from "../../../src/model/cluster.ts";
import type { Topology } from "../../../src/model/topology.ts";
import { docker } from "../../../src/runtimes/docker/cluster.ts";
import { connect } from "../../../src/runtimes/docker/engine.ts";
import { imagesFor, KNOWN } from "../../../src/runtimes/docker/images.ts";
import { reach } from "../../../src/runtimes/docker/site.ts";
import { readDotenv, interpolate, variablesOf } from "../../../src/topology/variables.ts";
import { propertyTopology } from "../../conformance/topology.ts";
import { folder, ROOT } from "../../topology/support.ts";
import { temporaryHome, until } from "../children.ts";
import { placeIn, withDocker } from "./engine.ts";

const record = (happening: object) => ({ ...happening, seq: 0, at: 0 }) as never;
const COMPOSE = path.join(ROOT, "compose/property.yaml");
const OURS = path.join(ROOT, "compose/images/ours.env");

/** Answers every request with its own words; `node` is the image's, there is no shell. */
const ECHO = `require("http").createServer((_, answer) => answer.end(JSON.stringify(process.argv.slice(1)))).listen(8000)`;

/** Two services of a user's own, one in each region; eu calls us. */
function echoes(image: string): Topology {
  using here = folder();
  const { topology, problems } = here.load(`name: echoes
services:
  gateway: { image: nginx }
  echo-us:
    image: ${image}
    command: node -e '${ECHO}' "two words" ''
    ports: [8000]
  echo-eu:
    image: ${image}
    command: [node, -e, '${ECHO}', "http://echo-us:8000/", "a; b | $$c"]
    environment: { PEER: "echo-us:8000" }
    ports: [8000]
x-regionctl:
  regions: { us: {}, eu: {} }
  routes: { /us: us, /eu: eu }
  steady: [GET /us/health, GET /eu/health]
`);
  expect(problems).toEqual([]);
  return topology!;
}

await withDocker("a user's own service on Docker", propertyTopology(), () => {
  let node: string;
  beforeAll(async () => {
    node = (await imagesFor((await connect()).docker, propertyTopology())).get("backend-us")!;
  });

  async function up(topology: Topology): Promise<Cluster> {
    const place: StackPlace = placeIn(temporaryHome(), "echoes");
    onTestFinished(async () => (await docker().reconnect(place, topology)).down());
    return docker().start(place, topology, record, new AbortController().signal);
  }

  it("runs its command word for word, with addresses of other regions led through their links", async () => {
    const topology = echoes(node);
    const cluster = await up(topology);
    const words = async (name: string) => {
      const { body } = await cluster.nodes.find(({ spec }) => spec.name === name)!.request("/");
      return typeof body === "string" ? (JSON.parse(body) as unknown) : body;
    };
    expect(await words("echo-us")).toEqual(["two words", ""]);
    const peer = topology.nodes.find(({ name }) => name === "echo-us")!;
    expect(await words("echo-eu")).toEqual([`http://${reach(topology, peer, "eu")}/`, "a; b | $c"]);
    expect(reach(topology, peer, "eu")).not.toContain("echo-us");
  }, 90_000);

  it("with a build and no image is refused before anything starts, and it is said how to get one", async () => {
    const topology = echoes(node);
    const nodes = topology.nodes.map((spec) => (spec.name === "echo-us" ? { ...spec, image: undefined } : spec));
    const reason = await docker().unavailable({ ...topology, nodes });
    expect(reason).toContain("echo-us has a build and no image");
    expect(reason).toContain("docker compose build echo-us");
    expect(await docker().unavailable(topology)).toBeUndefined();
  });
});

describe("the file that has our images for plain Compose", () => {
  it("names those that regionctl builds", () => {
    const folder = temporaryHome();
    fs.copyFileSync(OURS, path.join(folder, ".env"));
    const named = readDotenv(folder);
    expect(named.problems).toEqual([]);
    expect(named.values).toEqual(
      Object.fromEntries(
        Object.entries(KNOWN).flatMap(([kind, { ours }]) =>
          ours === undefined ? [] : [[`REGIONCTL_IMAGE_${kind.toUpperCase()}`, ours]],
        ),
      ),
    );
  });

  it("replaces every image of the property system that is not built", () => {
    const text = fs.readFileSync(COMPOSE, "utf8");
    const images = (values: Readonly<Record<string, string>>) =>
      [...text.matchAll(/(?:^ +image|NODE): "?(\$\{REGIONCTL_IMAGE_[^}]+\})/gm)].map(
        ([, written]) => interpolate(written!, variablesOf(values, {})).text,
      );
    const folder = temporaryHome();
    fs.copyFileSync(OURS, path.join(folder, ".env"));
    expect(new Set(images(readDotenv(folder).values))).toEqual(
      new Set([KNOWN.nginx.ours, KNOWN.node.ours, KNOWN.postgres.ours, KNOWN.kafka.ours]),
    );
    expect(new Set(images({}))).toEqual(
      new Set([KNOWN.nginx, KNOWN.node, KNOWN.postgres, KNOWN.kafka].map(({ official }) => official[0])),
    );
  });
});

/** Compose v2: the program that REGIONCTL_TEST_COMPOSE names, which must be one then, or docker's plugin where it is there. */
async function composeThere(): Promise<readonly string[] | undefined> {
  const named = process.env["REGIONCTL_TEST_COMPOSE"];
  const command = named ? [named] : ["docker", "compose"];
  try {
    const { stdout } = await run(command, ["version", "--short"]);
    if (/^v?([2-9]|\d\d)\./.test(stdout.trim())) return command;
  } catch (error) {
    if (named) throw error;
  }
  return undefined;
}

const run = ([program, ...first]: readonly string[], args: readonly string[]) =>
  promisify(execFile)(program!, [...first, ...args], { maxBuffer: 2 ** 24 });

const compose = await composeThere();

const missing = " (left out: there is no Compose v2, and REGIONCTL_TEST_COMPOSE names none)";

await withDocker(`plain Compose${compose === undefined ? missing : ""}`, propertyTopology(), () => {
  it.skipIf(compose === undefined)(
    "runs the property system's file as it stands: all healthy, and a write arrives in the other region",
    async () => {
      const folder = temporaryHome();
      const over = path.join(folder, "over.yaml");
      // A port of its own and images of its own name, so that it runs beside whatever else there is.
      fs.writeFileSync(
        over,
        `services:\n  gateway: { ports: !override ["127.0.0.1::8080"] }\n  backend-us: { image: !reset null }\n  backend-eu: { image: !reset null }\n`,
      );
      const images = await imagesFor((await connect()).docker, propertyTopology());
      const env = path.join(folder, "images.env");
      const named = { NGINX: "gateway", NODE: "backend-us", POSTGRES: "db-us", KAFKA: "kafka" };
      const lines = Object.entries(named).map(([kind, node]) => `REGIONCTL_IMAGE_${kind}=${images.get(node)}\n`);
      fs.writeFileSync(env, lines.join(""));
      const project = `regionctl-test-${process.pid}`;
      const asked = (...args: readonly string[]) =>
        run(compose!, ["--env-file", env, "-p", project, "-f", COMPOSE, "-f", over, ...args]);
      onTestFinished(async () => {
        await asked("down", "-v", "--rmi", "local", "--timeout", "5");
      }, 60_000);

      await asked("up", "--build", "-d", "--wait");
      const services = (await asked("ps", "--format", "{{.Service}} {{.Health}}")).stdout.trim().split("\n");
      expect(services.toSorted()).toEqual(
        ["backend-eu", "backend-us", "db-eu", "db-us", "gateway", "kafka"].map((name) => `${name} healthy`),
      );
      const gateway = `http://${(await asked("port", "gateway", "8080")).stdout.trim()}`;
      const read = async (region: string) => {
        const answer = await fetch(`${gateway}/${region}/properties/7`);
        const body = (await answer.json()) as { price: number; version: number };
        return { servedBy: answer.headers.get("x-served-by"), etag: answer.headers.get("etag")!, ...body };
      };
      const [us, eu] = [await read("us"), await read("eu")];
      expect([us.servedBy, eu.servedBy]).toEqual(["backend-us", "backend-eu"]);
      const written = await fetch(`${gateway}/us/properties/7`, {
        method: "PUT",
        headers: { "content-type": "application/json", "x-request-id": crypto.randomUUID(), "if-match": us.etag },
        body: JSON.stringify({ price: us.price + 1, version: us.version }),
      });
      expect(written.status).toBe(200);
      await until(async () => (await read("eu")).price === us.price + 1, "the write of us in eu");
    },
    300_000,
  );
});
