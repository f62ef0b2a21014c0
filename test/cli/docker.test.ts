// Docker as a user has it: the command line on a stack of containers, without an engine, and killed at any moment.
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LINKS } from "../../src/model/cluster.ts";
import { seeded } from "../../src/model/random.ts";
import { connect, type Engine } from "../../src/runtimes/docker/engine.ts";
import { LABEL } from "../../src/runtimes/docker/site.ts";
import { propertyTopology } from "../conformance/topology.ts";
import { withDocker } from "../runtimes/docker/engine.ts";
import { sandbox } from "../support/cli.ts";
import { ONE_REQUEST, scenarioFile, stacksOf } from "./bad-days.ts";

const NODES = ["backend-eu", "backend-us", "db-eu", "db-us", "gateway", "kafka", LINKS];

await withDocker("the command line on Docker", propertyTopology(), () => {
  const box = sandbox({ REGIONCTL_RUNTIME: "docker" });
  afterAll(() => box[Symbol.asyncDispose]());
  let engine: Engine;
  beforeAll(async () => {
    engine = await connect();
  });

  /** Everything on the engine of the stacks below a home, however their directories fared. */
  async function onEngine(home: string): Promise<readonly string[]> {
    const filters = { label: [LABEL.stack] };
    const [containers, networks, { Volumes }] = await Promise.all([
      engine.docker.listContainers({ all: true, filters }),
      engine.docker.listNetworks({ filters }),
      engine.docker.listVolumes({ filters }),
    ]);
    const all = [
      ...containers.map(({ Names, Labels }) => ({ name: Names.join(), labels: Labels })),
      ...networks.map(({ Name, Labels }) => ({ name: Name, labels: Labels })),
      ...(Volumes ?? []).map(({ Name, Labels }) => ({ name: Name, labels: Labels })),
    ];
    return all.filter(({ labels }) => labels?.[LABEL.directory]?.startsWith(home)).map(({ name }) => name);
  }

  describe("a stack that is up", { timeout: 150_000 }, () => {
    beforeAll(async () => {
      await box.facts("up", "--stack", "shown");
    }, 240_000);
    afterAll(async () => {
      await box.facts("down", "--stack", "shown");
    });

    it("is shown with every node, and each is where `url` says", async () => {
      const [shown] = await box.facts<readonly Shown[]>("status", "--stack", "shown");
      expect(shown).toMatchObject({ stack: "shown", state: "up", runtime: "docker" });
      expect(
        shown!.nodes
          .filter(({ answers }) => answers)
          .map(({ node }) => node)
          .toSorted(),
      ).toEqual(NODES);
      const { url } = await box.facts<{ url: string }>("url", "db-eu", "--stack", "shown");
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query("SELECT current_database() AS name");
      await client.end();
      expect(rows).toEqual([{ name: "properties_eu" }]);
      const gateway = await box.facts<{ url: string }>("url", "--stack", "shown");
      const answer = await fetch(`${gateway.url}/eu/health`);
      expect([answer.status, answer.headers.get("x-served-by")]).toEqual([200, "backend-eu"]);
    });

    it("shows a log as it grows, also over a kill and a start; Ctrl-C ends it", async () => {
      const following = box.start("logs", "backend-eu", "--follow", "--lines", "1", "--stack", "shown");
      const lives = (text: string) => text.split("\n").filter((line) => line.includes("serves region eu")).length;
      const before = lives(await following.said("\n")); // it follows; the one line may be this one
      const kill = await box.run("kill", "backend-eu", "--for", "100ms", "--stack", "shown");
      expect(kill.code, kill.stdout + kill.stderr).toBe(0);
      const said = async () => lives(await following.said("\n"));
      await expect.poll(said, { timeout: 60_000 }).toBe(before + 1); // that of its former life is not told
      following.child.kill("SIGINT");
      const { code, stdout } = await following.done;
      expect(code).toBe(130);
      const { stdout: whole } = await box.run("logs", "backend-eu", "--stack", "shown");
      expect(lives(whole)).toBe(2);
      for (const line of stdout.split("\n").filter((line) => line !== "")) expect(whole).toContain(line);
    });

    it("refuses the log of a node that there is not", async () => {
      const { code, stderr } = await box.run("logs", "backend-uss", "--stack", "shown");
      expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringContaining("backend-us") as string });
    });
  });

  it("keeps the log of every node with a run, and nothing else", { timeout: 240_000 }, async () => {
    const { code, stdout, stderr } = await box.run("scenario", "run", scenarioFile(box, "short", ...ONE_REQUEST));
    expect(code, stdout + stderr).toBe(0);
    const [run] = fs.readdirSync(path.join(box.directory, "runs"));
    const logs = path.join(box.directory, "runs", run!, "logs");
    expect(fs.readdirSync(logs).toSorted()).toEqual(NODES.map((name) => `${name}.log`));
    expect(fs.readFileSync(path.join(logs, "gateway.log"), "utf8")).toContain('"GET /us/health HTTP/1.1" 200');
    expect(fs.readFileSync(path.join(logs, "kafka.log"), "utf8")).toContain("Kafka Server started");
    expect(stacksOf(box.home)).toEqual([]);
    expect(await onEngine(box.home)).toEqual([]);
  });

  describe("when the engine goes away in the middle, and comes back", { timeout: 240_000 }, () => {
    const socket = path.join(box.directory, "engine.sock");
    const away = sandbox({ REGIONCTL_RUNTIME: "docker", DOCKER_HOST: `unix://${socket}` });
    let way: Way;
    beforeEach(async () => {
      way = await openWay(socket, engine);
    });
    afterEach(() => way.close());
    afterAll(async () => {
      way = await openWay(socket, engine);
      await away[Symbol.asyncDispose]();
      way.close();
    });
    const isBack = async () => {
      expect((await onEngine(away.home)).length).toBeGreaterThan(0);
      const { code, stderr } = await away.run("down", "--all");
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`Docker is not running: there is no socket unix://${socket}`) as string,
      });
      way = await openWay(socket, engine);
      await away.passes("down", "--all");
      expect(await onEngine(away.home)).toEqual([]);
      expect(stacksOf(away.home)).toEqual([]);
    };

    it("a stack that starts says so, and the next down finds what there is of it", async () => {
      const running = away.start("up");
      await expect.poll(async () => (await onEngine(away.home)).length, { timeout: 60_000 }).toBeGreaterThan(2);
      way.close();
      const { code, stdout, stderr } = await running.done;
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/the Docker engine did not answer|Docker is not running/);
      await isBack();
    });

    it("a run ends as errored and says so, and the next down finds what there is of it", async () => {
      const steps = ["steps:", "  - wait: 3s", "  - kill: backend-us", "    for: 1s"];
      const running = away.start("scenario", "run", scenarioFile(away, "cut-short", ...steps));
      await running.said("wait 3s");
      way.close();
      const filters = { label: [LABEL.stack], status: ["running"] };
      const containers = await engine.docker.listContainers({ filters });
      const ours = containers.filter(({ Labels }) => Labels[LABEL.directory]?.startsWith(away.home));
      expect(ours).toHaveLength(NODES.length);
      await Promise.all(ours.map(({ Id }) => engine.docker.getContainer(Id).kill()));
      const { code, stdout, stderr } = await running.done;
      expect(code).toBe(2);
      expect(stdout + stderr).toMatch(/the Docker engine did not answer|Docker is not running/);
      await isBack();
    });
  });

  describe("killed with -9", { timeout: 240_000 }, () => {
    const TIMES = 10;
    const random = seeded("kill -9 on docker");
    const beside = sandbox({ REGIONCTL_RUNTIME: "docker" });
    let bystander: readonly string[];
    let wholeMs = 0;
    afterAll(() => beside[Symbol.asyncDispose]());
    beforeAll(async () => {
      await beside.facts("up", "--stack", "bystander");
      bystander = (await onEngine(beside.home)).toSorted();
      const began = performance.now();
      await box.facts("up");
      await box.facts("down");
      wholeMs = performance.now() - began;
    }, 240_000);

    it.each(Array.from({ length: TIMES }, (_, i) => ({ number: i + 1, share: (i + random.next()) / TIMES })))(
      `moment $number of ${TIMES}: everything goes with the next down --all`,
      async ({ share }) => {
        const isUp = random.next() < 0.5;
        const file = scenarioFile(box, "short", ...ONE_REQUEST, "  - kill: backend-us", "    for: 100ms");
        const running = isUp ? box.start("up") : box.start("scenario", "run", file);
        const timer = setTimeout(() => running.child.kill("SIGKILL"), share * wholeMs);
        await running.done;
        clearTimeout(timer);
        const down = await box.run("down", "--all");
        expect(down.code, down.stdout + down.stderr).toBe(0);
        expect(await onEngine(box.home)).toEqual([]);
        expect(stacksOf(box.home)).toEqual([]);
        expect((await onEngine(beside.home)).toSorted()).toEqual(bystander);
        expect((await box.run("down", "--all")).stdout).toContain("nothing is up");
      },
    );

    it("and the bystander has not noticed", async () => {
      const [shown] = await beside.facts<readonly Shown[]>("status");
      expect(shown!.nodes.filter(({ state, answers }) => state === "up" && answers)).toHaveLength(NODES.length);
    });
  });
});

interface Shown {
  nodes: readonly { node: string; state: string; answers: boolean }[];
}

interface Way {
  close(): void;
}

/** A socket that leads to the engine for as long as it is open. */
async function openWay(socket: string, { address }: Engine): Promise<Way> {
  const open = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const engine = net.connect({ path: address.replace("unix://", ""), allowHalfOpen: true });
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy()).on("close", () => open.delete(from));
    }
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    close() {
      server.close();
      for (const each of open) each.destroy();
    },
  };
}

describe("the command line without a Docker engine", () => {
  const box = sandbox({ REGIONCTL_RUNTIME: "docker", DOCKER_HOST: "unix:///nowhere/docker.sock" });
  afterAll(() => box[Symbol.asyncDispose]());

  it("says what to do, exits with 2 and leaves nothing", async () => {
    const { code, stdout, stderr } = await box.run("up");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Docker is not running: there is no socket unix:///nowhere/docker.sock");
    expect(stderr).toContain("--runtime embedded");
    expect(stacksOf(box.home)).toEqual([]);
  });

  it("has a doctor who says so, and finds nothing wrong: stacks are embedded then", async () => {
    const { code, stdout } = await box.run("doctor");
    expect(code).toBe(0);
    expect(stdout).toMatch(/✓ Docker +not used: Docker is not running: there is no socket .*Start Docker Desktop/);
  });
});
