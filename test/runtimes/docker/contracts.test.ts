// What every image must keep of the official image's contract, whichever of the two the engine has: on a real engine.
import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Topology } from "../../../src/model/topology.ts";
import { connect, type Engine } from "../../../src/runtimes/docker/engine.ts";
import { imagesFor } from "../../../src/runtimes/docker/images.ts";
import { linesOf } from "../../../src/runtimes/docker/log.ts";
import { tar, type TarFile } from "../../../src/runtimes/docker/tar.ts";
import { propertyTopology } from "../../conformance/topology.ts";
import { until } from "../children.ts";
import { withDocker } from "./engine.ts";

const topology: Topology = propertyTopology();

await withDocker("an image keeps its contract", topology, () => {
  let engine: Engine;
  let images: ReadonlyMap<string, string>;
  beforeAll(async () => {
    engine = await connect();
    images = await imagesFor(engine.docker, topology);
  });

  interface Wish {
    environment?: readonly string[];
    user?: string;
    command?: readonly string[];
    files?: readonly TarFile[];
  }

  /** Started; gone after the test with its volumes. */
  async function started(node: string, { environment = [], user, command, files = [] }: Wish = {}) {
    const container = await engine.docker.createContainer({
      Image: images.get(node)!,
      name: `regionctl-test-${randomBytes(4).toString("hex")}`,
      Env: [...environment],
      ...(user !== undefined && { User: user }),
      ...(command !== undefined && { Cmd: [...command] }),
      HostConfig: { SecurityOpt: ["no-new-privileges"], ...(user !== undefined && { CapDrop: ["ALL"] }) },
    });
    onTestFinished(() => container.remove({ force: true, v: true }));
    if (files.length > 0) await container.putArchive(tar(files), { path: "/" });
    await container.start();
    return container;
  }

  /** Exit code and output of a command inside. */
  async function run(container: Docker.Container, ...command: readonly string[]) {
    const exec = await container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
    const parts: Buffer[] = [];
    for await (const part of await exec.start({})) parts.push(part as Buffer);
    return { code: (await exec.inspect()).ExitCode, output: linesOf(Buffer.concat(parts)).join("\n").trim() };
  }

  const succeeds = (container: Docker.Container, ...command: readonly string[]) =>
    until(async () => (await run(container, ...command)).code === 0, `${command.join(" ")} in the container`);

  const logOf = async (container: Docker.Container) =>
    linesOf(await container.logs({ stdout: true, stderr: true })).join("\n");

  describe("postgres", { timeout: 150_000 }, () => {
    const asked = ["POSTGRES_USER=somebody", "POSTGRES_DB=some_data", `POSTGRES_PASSWORD=it's "secret"`];
    const ready = ["pg_isready", "-h", "127.0.0.1", "-U", "somebody", "-d", "some_data"];
    const sql = (text: string) => ["psql", "-U", "somebody", "-d", "some_data", "-Atc", text];
    const seeds = [
      { name: "docker-entrypoint-initdb.d/1.sql", content: "CREATE TABLE seen (what text);" },
      { name: "docker-entrypoint-initdb.d/2.sql", content: "INSERT INTO seen VALUES ('first'), ('second');" },
    ];

    it("fills an empty data directory once, and keeps it over a kill", async () => {
      const container = await started("db-us", { environment: asked, files: seeds });
      await succeeds(container, ...ready);
      expect((await run(container, ...sql("SELECT what FROM seen ORDER BY what"))).output).toBe("first\nsecond");
      expect((await run(container, ...sql("SELECT rolname FROM pg_roles WHERE rolsuper"))).output).toBe("somebody");
      await run(container, ...sql("INSERT INTO seen VALUES ('third')"));
      await container.kill();
      await container.start();
      await succeeds(container, ...ready);
      expect((await run(container, ...sql("SELECT count(*) FROM seen"))).output).toBe("3");
    });

    it("wants the password from everybody else, and runs as an ordinary user without capabilities", async () => {
      const container = await started("db-us", { environment: asked, user: "999:999" });
      await succeeds(container, ...ready);
      const from = async (password: string) =>
        (
          await run(
            container,
            "sh",
            "-c",
            `PGPASSWORD='${password}' psql -h $(hostname -i) -U somebody some_data -Atc 'SELECT 1'`,
          )
        ).output;
      expect(await from(`it'\\''s "secret"`)).toBe("1");
      expect(await from("wrong")).toContain("password authentication failed");
    });

    it("refuses to make a database without a password, and ends with the first seed that fails", async () => {
      const careless = await started("db-us");
      expect((await careless.wait()).StatusCode).not.toBe(0);
      expect(await logOf(careless)).toContain("POSTGRES_PASSWORD");
      const broken = [{ name: "docker-entrypoint-initdb.d/1.sql", content: "SELECT no_such_thing;" }];
      const failing = await started("db-us", { environment: asked, files: broken });
      expect((await failing.wait()).StatusCode).not.toBe(0);
      expect(await logOf(failing)).toContain("no_such_thing");
    });
  });

  describe("kafka", { timeout: 240_000 }, () => {
    const settings = (node: number) => [
      `KAFKA_NODE_ID=${node}`,
      "KAFKA_PROCESS_ROLES=broker,controller",
      `KAFKA_CONTROLLER_QUORUM_VOTERS=${node}@localhost:9093`,
      "KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER",
      "KAFKA_LISTENERS=PLAINTEXT://:29092,CONTROLLER://localhost:9093",
      "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:29092",
      "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
      "KAFKA_INTER_BROKER_LISTENER_NAME=PLAINTEXT",
      "KAFKA_LOG_DIRS=/var/lib/kafka/data",
      "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR=1",
      "KAFKA_BROKER_SESSION_TIMEOUT_MS=1000",
      "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS=100",
    ];
    const tool = (name: string) => [`/opt/kafka/bin/${name}.sh`, "--bootstrap-server", "localhost:29092"];

    it("takes its settings from the environment and keeps topics over a kill, as an ordinary user", async () => {
      const container = await started("kafka", { environment: settings(1), user: "1000:1000" });
      await succeeds(container, ...tool("kafka-broker-api-versions"));
      expect((await run(container, ...tool("kafka-topics"), "--create", "--topic", "kept")).code).toBe(0);
      await container.kill();
      await container.start();
      await succeeds(container, ...tool("kafka-broker-api-versions"));
      expect((await run(container, ...tool("kafka-topics"), "--list")).output).toContain("kept");
    });

    it("formats the data directory of another node itself", async () => {
      const container = await started("kafka", { environment: settings(2) });
      await succeeds(container, ...tool("kafka-broker-api-versions"));
      expect((await run(container, "cat", "/var/lib/kafka/data/meta.properties")).output).toContain("node.id=2");
    });
  });

  it("nginx: the configuration at its place, its log on standard output, curl for health checks", async () => {
    const content = `events {}
      http { access_log /dev/stdout; server { listen 8080; location / { return 200 "here"; } } }`;
    const container = await started("gateway", { files: [{ name: "etc/nginx/nginx.conf", content }] });
    await succeeds(container, "curl", "-fsS", "http://127.0.0.1:8080/asked");
    expect((await run(container, "curl", "-fsS", "http://127.0.0.1:8080/asked")).output).toBe("here");
    // What it writes the engine has a moment later.
    await until(async () => (await logOf(container)).includes("GET /asked"), "the request in its log");
  });

  it("node: runs a program as its own user", async () => {
    const program = "console.log(process.versions.node, process.getuid(), typeof fetch)";
    const container = await started("backend-us", { command: ["node", "-e", program], user: "node" });
    expect((await container.wait()).StatusCode).toBe(0);
    expect(await logOf(container)).toMatch(/^22\.\d+\.\d+ 1000 function/);
  });
});
