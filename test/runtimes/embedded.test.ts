// Bad days of the embedded runtime: nodes that do not start, commands that are given up or killed, strangers in the way.
// Whatever happens, the first error says what to do, nothing of the stack is left running, and nobody else is touched.
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Cluster, StackPlace } from "../../src/model/cluster.ts";
import type { Happening } from "../../src/model/event.ts";
import { NodeFailed, StackError } from "../../src/model/problem.ts";
import type { NodeSpec, Topology } from "../../src/model/topology.ts";
import { embedded } from "../../src/runtimes/embedded/cluster.ts";
import { alive, findByMark, signalOne } from "../../src/runtimes/embedded/processes.ts";
import { propertyTopology, spec } from "../conformance/topology.ts";
import { child, sleeper, temporaryHome, until } from "./children.ts";
import { standIns } from "./stand-ins.ts";

let home: string;
let seed: string;
let program: ReturnType<typeof standIns>;
let remove = () => {};
const record = (happening: Happening) => ({ ...happening, seq: 0, at: 0 });
const never = new AbortController().signal;

beforeAll(() => {
  home = temporaryHome((how) => (remove = how));
  program = standIns(home);
  seed = path.join(home, "seed.sql");
  fs.writeFileSync(seed, "CREATE TABLE things (id int);");
});
afterAll(() => remove());

let count = 0;
const places: StackPlace[] = [];

function newPlace(name = `stack-${++count}`): StackPlace {
  const directory = path.join(home, "stacks", name);
  fs.mkdirSync(directory, { recursive: true });
  const place = { name, id: `t${process.pid}x${++count}`, directory };
  places.push(place);
  return place;
}

const runtime = () => embedded({ home, program });
const running = (place: StackPlace) => findByMark(`${place.id}.`);

afterEach(async () => {
  for (const place of places.splice(0)) {
    await (await runtime().reconnect(place, propertyTopology(seed))).down();
    expect(running(place)).toEqual([]);
  }
});

/** The topology with one node changed. */
function changed(name: string, change: Partial<NodeSpec>): Topology {
  const topology = propertyTopology(seed);
  return { ...topology, nodes: topology.nodes.map((node) => (node.name === name ? { ...node, ...change } : node)) };
}

const broken = (name: string, how: string) => changed(name, { environment: { BROKEN: how } });
const find = (cluster: Cluster, name: string) => cluster.nodes.find((node) => node.spec.name === name)!;

describe("a node that does not start", () => {
  it("is noticed at once, with the last lines of its log; the others are ended", async () => {
    const place = newPlace();
    const failure = await runtime()
      .start(place, broken("backend-eu", "exits"), record, never)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NodeFailed);
    expect(failure).toMatchObject({
      node: "backend-eu",
      message: "backend-eu exited with code 7 while it was starting",
      logLines: ["a first line", "cannot go on: no reason"],
    });
    expect((failure as NodeFailed).hint).toContain("regionctl doctor");
    expect(running(place)).toEqual([]);
  });

  it("because its program cannot be run says so", async () => {
    const place = newPlace();
    const missing = embedded({ home, program: (name) => (name === "broker" ? "/nowhere/broker.cjs" : program(name)) });
    await expect(missing.start(place, propertyTopology(seed), record, never)).rejects.toThrow(
      /^kafka exited with code 1 while it was starting$/,
    );
    expect(running(place)).toEqual([]);
  });

  it("because its seed is wrong names the file and the line", async () => {
    const wrong = path.join(home, "wrong.sql");
    fs.writeFileSync(wrong, "SELECT 1;\nSELEC 2;\n");
    const files = [{ source: wrong, target: "/docker-entrypoint-initdb.d/1.sql" }];
    await expect(runtime().start(newPlace(), changed("db-eu", { files }), record, never)).rejects.toThrow(
      /^db-eu could not be started: .*wrong\.sql:2: syntax error/,
    );
  });

  it("because a stranger took its port says which port; the stranger stays, and once it is gone the node starts", async () => {
    const place = newPlace();
    const cluster = await runtime().start(place, propertyTopology(seed), record, never);
    const backend = find(cluster, "backend-us");
    await backend.kill();
    const port = Number(backend.address.split(":")[1]);
    const stranger = net.createServer().listen(port, "127.0.0.1");
    onTestFinished(() => void stranger.close());
    await until(() => stranger.listening, "the stranger listens");

    await expect(backend.start()).rejects.toThrow(`port ${port} on 127.0.0.1, which belongs to backend-us`);
    expect(stranger.listening).toBe(true);
    await new Promise((resolve) => stranger.close(resolve));
    await backend.start();
    expect(await backend.answers()).toBe(true);
  });
});

describe("a start that is given up", () => {
  it.each(["before it began", "at its first process", "while it waits for the last node"])(
    "%s leaves nothing",
    async (when) => {
      const place = newPlace();
      const given = new AbortController();
      const reason = new Error("interrupted");
      const moment = {
        "before it began": () => true,
        "at its first process": () => running(place).length > 0,
        "while it waits for the last node": () => fs.existsSync(path.join(place.directory, "nodes", "kafka.json")),
      }[when]!;
      if (when === "before it began") given.abort(reason);
      const starting = runtime().start(place, broken("backend-us", "mute"), record, given.signal);
      void until(moment, when).then(() => given.abort(reason));
      await expect(starting).rejects.toBe(reason);
      expect(running(place)).toEqual([]);
    },
  );
});

describe("a command that is killed", () => {
  let bundle: string;

  // Another process that starts a stack, so that it can be killed: the runtime as one file beside our dependencies.
  beforeAll(async () => {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    fs.symlinkSync(path.join(root, "node_modules"), path.join(home, "node_modules"));
    bundle = path.join(home, "command.mjs");
    const contents = `
      import { embedded } from "./src/runtimes/embedded/cluster.ts";
      const { home, place, topology } = JSON.parse(process.argv[2]);
      await embedded({ home, program: (name) => home + "/" + name + ".cjs" })
        .start(place, topology, (happening) => happening, new AbortController().signal);
      setInterval(() => {}, 1e6);`;
    await build({
      stdin: { contents, resolveDir: root, loader: "js" },
      bundle: true,
      format: "esm",
      platform: "node",
      packages: "external",
      outfile: bundle,
    });
  });

  function startElsewhere(place: StackPlace): ChildProcess {
    const command = spawn(
      process.execPath,
      [bundle, JSON.stringify({ home, place, topology: propertyTopology(seed) })],
      { stdio: "ignore" },
    );
    onTestFinished(() => void command.kill("SIGKILL"));
    return command;
  }

  it.each([1, 4, 8])("when its stack has %i processes: down ends them all, and no stranger", async (processes) => {
    const stranger = sleeper();
    const place = newPlace();
    const command = startElsewhere(place);
    await until(() => running(place).length >= processes, `${processes} processes`);
    command.kill("SIGKILL");
    await until(() => command.exitCode !== null || command.signalCode !== null, "the command is gone");

    await (await runtime().reconnect(place, propertyTopology(seed))).down();
    expect(running(place)).toEqual([]);
    expect(alive(stranger)).toBe(true);
  });

  it("leaves a stack that goes on by itself and can be reached", async () => {
    const place = newPlace();
    const command = startElsewhere(place);
    const up = async () => {
      const cluster = await runtime().reconnect(place, propertyTopology(seed));
      const answers = await Promise.all(cluster.nodes.map((node) => node.answers()));
      return answers.length === 7 && answers.every(Boolean);
    };
    await until(up, "the stack is up");
    command.kill("SIGKILL");
    await until(() => command.signalCode !== null, "the command is gone");
    expect(await up()).toBe(true);
  });

  it("between the start of a process and writing it down: it is found by its mark", async () => {
    const place = newPlace();
    const cluster = await runtime().start(place, propertyTopology(seed), record, never);
    for (const name of ["backend-us", "db-us"]) {
      const intent = { state: "starting", mark: `${place.id}.${name}` };
      fs.writeFileSync(path.join(place.directory, "nodes", `${name}.json`), JSON.stringify(intent));
      const found = find(await runtime().reconnect(place, propertyTopology(seed)), name);
      await found.start(); // no second process beside the first
      await found.kill();
      expect(findByMark(`${place.id}.${name}`)).toEqual([]);
      await found.start();
      expect(await found.answers()).toBe(true);
    }
    expect(new Set((await cluster.observe()).nodes.values())).toEqual(new Set(["up"]));
  });

  it("with its records lost: down finds every process all the same", async () => {
    const place = newPlace();
    await runtime().start(place, propertyTopology(seed), record, never);
    fs.rmSync(path.join(place.directory, "nodes"), { recursive: true });
    fs.rmSync(path.join(place.directory, "ports.json"));
    await (await runtime().reconnect(place, propertyTopology(seed))).down();
    expect(running(place)).toEqual([]);
  });
});

describe("strangers", () => {
  it("who got the pid of a node are not signalled: the node counts as down", async () => {
    const place = newPlace();
    const stranger = sleeper();
    const cluster = await runtime().start(place, propertyTopology(seed), record, never);
    await find(cluster, "backend-us").kill();
    const file = path.join(place.directory, "nodes", "backend-us.json");
    const written = JSON.parse(fs.readFileSync(file, "utf8")) as object;
    fs.writeFileSync(file, JSON.stringify({ ...written, pid: stranger.pid }));

    expect((await cluster.observe()).nodes.get("backend-us")).toBe("down");
    await find(cluster, "backend-us").kill();
    await find(cluster, "backend-us").pause();
    await cluster.down();
    expect(alive(stranger)).toBe(true);
  });

  it("of another stack live on when this one goes down", async () => {
    const [mine, theirs] = [newPlace(), newPlace()];
    const [first, second] = await Promise.all(
      [mine, theirs].map((place) => runtime().start(place, propertyTopology(seed), record, never)),
    );
    await first!.down();
    expect(running(mine)).toEqual([]);
    expect(await Promise.all(second!.nodes.map((node) => node.answers()))).toEqual(second!.nodes.map(() => true));
  });
});

describe("a PostgreSQL", () => {
  it("whose first process was killed by somebody else starts again, though its pid may be another's now", async () => {
    const place = newPlace();
    const cluster = await runtime().start(place, propertyTopology(seed), record, never);
    const database = find(cluster, "db-us");
    const postmaster = JSON.parse(fs.readFileSync(path.join(place.directory, "nodes", "db-us.json"), "utf8")) as {
      pid: number;
      started: string;
    };
    await database.pause(); // its children cannot notice
    signalOne(postmaster, "SIGKILL");
    await until(() => !alive(postmaster), "the postmaster is gone");
    expect((await cluster.observe()).nodes.get("db-us")).toBe("down");
    const pidFile = path.join(place.directory, "data", "db-us", "postmaster.pid");
    const [, ...rest] = fs.readFileSync(pidFile, "utf8").split("\n");
    const innocent = child("sleep", ["300"]);
    fs.writeFileSync(pidFile, [innocent.pid, ...rest].join("\n"));

    await database.start();
    expect(await database.answers()).toBe(true);
    expect(alive(innocent)).toBe(true);
  });
});

describe.runIf(process.platform === "linux")("the system's shared memory", () => {
  /** PostgreSQL's key for it is the inode of its data directory. */
  const keyOf = (place: StackPlace, node: string) => fs.statSync(path.join(place.directory, "data", node)).ino;
  const keys = () =>
    fs
      .readFileSync("/proc/sysvipc/shm", "utf8")
      .split("\n")
      .map((line) => Number(line.trim().split(/\s+/)[0]));

  it("is given back by down, whether the database ran, was paused or had been killed", async () => {
    const place = newPlace();
    const cluster = await runtime().start(place, propertyTopology(seed), record, never);
    const used = ["db-us", "db-eu"].map((node) => keyOf(place, node));
    expect(keys()).toEqual(expect.arrayContaining(used));
    await find(cluster, "db-us").kill();
    await find(cluster, "db-eu").pause();
    await cluster.down();
    expect(keys().filter((key) => used.includes(key))).toEqual([]);
  });
});

describe("what cannot be provided", () => {
  it("is refused by name before anything starts, and what can be is not", async () => {
    const place = newPlace();
    const topology = propertyTopology(seed);
    const queue = spec({ name: "queue", role: "rabbitmq", region: "us", port: 5672 });
    const more = { ...topology, nodes: [...topology.nodes, queue] };
    expect(await runtime().unavailable(more)).toMatch(/^queue: RabbitMQ .*--runtime docker$/);
    await expect(runtime().start(place, more, record, never)).rejects.toThrow(/^queue: RabbitMQ/);
    expect(fs.readdirSync(place.directory)).toEqual([]);
    expect(await runtime().unavailable(topology)).toBeUndefined();
  });

  it("includes a program that was not built: the way out is part of the reason", async () => {
    const unbuilt = embedded({
      home,
      program(name) {
        if (name !== "gateway") return program(name);
        throw new StackError("the program gateway.cjs is missing", 'Run "npm run build".');
      },
    });
    expect(await unbuilt.unavailable(propertyTopology(seed))).toBe(
      'the program gateway.cjs is missing. Run "npm run build".',
    );
  });
});
