// What every runtime must do, whatever it runs nodes on: one body, run against each of them.
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Cluster, LINKS, type Node, type Runtime, type StackPlace } from "../../src/model/cluster.ts";
import type { Happening } from "../../src/model/event.ts";
import { NO_CONTROL, type NodeState } from "../../src/model/fault.ts";
import type { CrossingId } from "../../src/model/link.ts";
import type { Topology } from "../../src/model/topology.ts";

/** What the body needs to know about a runtime besides its interface. */
export interface Bench {
  place: StackPlace;
  topology: Topology;
  /** A new object each time: what it knows must come from the stack, not from memory. */
  runtime(): Runtime;
  /** How to log in to the database of a node as the application does. */
  databaseUrl(node: Node): string;
  /** What the program of a node was told. */
  environment(node: string): Promise<Readonly<Record<string, string>>>;
  /** Where those who open the connections of a crossing go: "127.0.0.1:20123". */
  entrance(crossing: CrossingId): Promise<string>;
  /** Whatever of the stack still runs, as readable lines. */
  leftovers(): Promise<readonly string[]>;
  remove(): void | Promise<void>;
}

/** For what must come, however busy the machine is. */
const PATIENT_MS = 30_000;

export function describeRuntime(name: string, makeBench: () => Bench | Promise<Bench>): void {
  describe(`the ${name} runtime`, { timeout: 120_000 }, () => {
    let bench: Bench;
    let cluster: Cluster;
    const happenings: Happening[] = [];

    beforeAll(async () => {
      bench = await makeBench();
      expect(await bench.runtime().unavailable(bench.topology)).toBeUndefined();
      const record = (happening: Happening) => {
        happenings.push(happening);
        return { ...happening, seq: happenings.length, at: 0 };
      };
      cluster = await bench.runtime().start(bench.place, bench.topology, record, new AbortController().signal);
    }, 120_000);

    afterAll(async () => {
      await cluster?.down();
      await bench?.remove();
    });

    const node = (name: string): Node => cluster.nodes.find((node) => node.spec.name === name)!;
    const observed = async (name: string, by: Cluster = cluster) => (await by.observe()).nodes.get(name);
    const states = async () => Object.fromEntries((await cluster.observe()).nodes);
    const names = () => [...bench.topology.nodes.map((spec) => spec.name), LINKS];
    const allUp = () => Object.fromEntries(names().map((name): [string, NodeState] => [name, "up"]));

    async function connectTo(database: Node): Promise<pg.Client> {
      const client = new pg.Client({ connectionString: bench.databaseUrl(database) });
      client.on("error", () => {}); // its server is going to be killed
      await client.connect();
      onTestFinished(() => client.end().catch(() => {}));
      return client;
    }

    it("starts every node, and each answers", async () => {
      expect(await states()).toEqual(allUp());
      expect(await Promise.all(cluster.nodes.map((node) => node.answers()))).toEqual(cluster.nodes.map(() => true));
      for (const name of names()) {
        const said = happenings.flatMap((one) => (one.type === "node" && one.node === name ? [one.state] : []));
        expect(said, name).toEqual(["starting", "up"]);
      }
    });

    it("lets the observer ask nodes directly, and clients through the gateway", async () => {
      for (const through of ["backend-us", "gateway"]) {
        const reply = await node(through).request("/us/health");
        expect(reply.status).toBe(200);
        expect(reply.body).toMatchObject({ region: "us" });
        expect(reply.headers["x-served-by"]).toBe("backend-us");
      }
    });

    it("gives each database its own seed, and nobody in without the password", async () => {
      for (const region of ["us", "eu"]) {
        const database = node(`db-${region}`);
        const { rows } = await (await connectTo(database)).query("SELECT current_database() AS name");
        expect(rows).toEqual([{ name: `properties_${region}` }]);
        const wrong = new URL(bench.databaseUrl(database));
        wrong.password = "wrong";
        const intruder = new pg.Client({ connectionString: wrong.href });
        await expect(intruder.connect()).rejects.toThrow(/password authentication failed/);
      }
    });

    it("kill loses the process, but not the disk", async () => {
      const database = node("db-us");
      const client = await connectTo(database);
      await client.query("CREATE TABLE kept (id int)");
      await client.query("INSERT INTO kept VALUES (1), (2)");

      await database.kill();
      expect(await states()).toEqual({ ...allUp(), "db-us": "down" });
      expect(await database.answers()).toBe(false);
      await expect(client.query("SELECT 1")).rejects.toThrow();

      await database.start();
      expect(await observed("db-us")).toBe("up");
      expect(await database.answers()).toBe(true);
      const { rows } = await (await connectTo(database)).query("SELECT id FROM kept ORDER BY id");
      expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
    });

    it.each(["backend-us", "gateway", "kafka", LINKS])("kills %s and starts it where it was", async (name) => {
      const { address } = node(name);
      await node(name).kill();
      expect(await observed(name)).toBe("down");
      expect(await node(name).answers()).toBe(false);
      await node(name).start();
      expect(await observed(name)).toBe("up");
      expect(await node(name).answers()).toBe(true);
      expect(node(name).address).toBe(address);
    });

    it.each(["backend-eu", "gateway", "db-eu", "kafka", LINKS])(
      "stops %s in good order, and starts it again",
      async (name) => {
        await node(name).stop(10_000);
        expect(await observed(name)).toBe("down");
        expect(await node(name).answers()).toBe(false);
        await node(name).start();
        expect(await node(name).answers()).toBe(true);
      },
    );

    it("pause keeps the memory of a process, and nobody answers until resume", async () => {
      const database = node("db-us");
      const client = await connectTo(database);
      await client.query("SELECT set_config('test.memory', 'kept', false)");

      await database.pause();
      expect(await observed("db-us")).toBe("paused");
      expect(await database.answers()).toBe(false);
      let answered = false;
      const asked = client.query("SELECT current_setting('test.memory') AS memory").then(({ rows }) => {
        answered = true;
        return rows as unknown;
      });
      expect(await database.answers()).toBe(false);
      expect(answered).toBe(false);

      await database.resume();
      expect(await observed("db-us")).toBe("up");
      expect(await asked).toEqual([{ memory: "kept" }]);
      expect(await database.answers()).toBe(true);
    });

    it.each(["backend-eu", "db-eu"])("a paused %s can be stopped, and can be killed", async (name) => {
      await node(name).pause();
      await node(name).stop(10_000);
      expect(await observed(name)).toBe("down");
      await node(name).start();
      await node(name).pause();
      await node(name).kill();
      expect(await observed(name)).toBe("down");
      await node(name).start();
      expect(await node(name).answers()).toBe(true);
    });

    it("opens connections to a paused node, which answers none of them, and none to one that is gone", async () => {
      for (const name of ["backend-eu", "db-eu", "kafka"]) {
        await node(name).pause();
        expect([await node(name).connects(), await node(name).answers()], name).toEqual([true, false]);
        await node(name).resume();
        await node(name).kill();
        expect([await node(name).connects(), await node(name).answers()], name).toEqual([false, false]);
        await node(name).start();
        expect([await node(name).connects(), await node(name).answers()], name).toEqual([true, true]);
      }
    });

    it("a backend keeps its answers back when it is told to, until its process ends; any shell can see it", async () => {
      const backend = node("backend-us");
      const holding = async (by: Cluster = cluster) =>
        Object.fromEntries([...(await by.observe()).controls].map(([name, { hold }]) => [name, hold]));
      const tell = (hold: boolean) => backend.configure!({ ...NO_CONTROL, hold });
      const put = (path: string, price: number, timeoutMs?: number) =>
        backend.request(path, { method: "PUT", body: { price, version: 1 }, timeoutMs });
      expect(cluster.nodes.filter(({ configure }) => configure).map(({ spec }) => spec.role)).toEqual([
        "backend",
        "backend",
      ]);
      expect(await holding()).toEqual({ "backend-us": false, "backend-eu": false });

      await tell(true);
      const other = await bench.runtime().reconnect(bench.place, bench.topology);
      expect(await holding(other)).toEqual({ "backend-us": true, "backend-eu": false });
      const answered = put("/us/properties/1", 11.5, PATIENT_MS);
      answered.catch(() => {}); // told below
      await expect
        .poll(async () => (await backend.request("/us/properties/1")).body, { timeout: PATIENT_MS })
        .toMatchObject({ price: 11.5 });
      await tell(false);
      expect((await answered).status).toBe(200);

      await tell(true);
      await backend.kill();
      expect(await holding()).toEqual({ "backend-eu": false });
      await expect(tell(true)).rejects.toThrow();
      await backend.start();
      expect((await put("/us/properties/2", 12.5)).status).toBe(200);
    });

    it("doing anything twice is harmless", async () => {
      const backend = node("backend-us");
      await backend.start();
      await backend.start();
      await backend.pause();
      await backend.pause();
      expect(await observed("backend-us")).toBe("paused");
      await backend.resume();
      await backend.resume();
      expect(await backend.answers()).toBe(true);
      await backend.kill();
      await backend.kill();
      await backend.stop(1_000);
      await backend.pause();
      await backend.resume();
      expect(await observed("backend-us")).toBe("down");
      await backend.start();
      expect(await states()).toEqual(allUp());
    });

    it("starts a backend as far as it gets while its database is down", async () => {
      await node("db-us").kill();
      await node("backend-us").kill();
      await node("backend-us").start();
      expect(await states()).toEqual({ ...allUp(), "db-us": "down" });
      await node("db-us").start();
      await expect.poll(() => node("backend-us").answers(), { timeout: PATIENT_MS }).toBe(true);
    });

    it("can be reached from another shell, which sees and does the same", async () => {
      const other = await bench.runtime().reconnect(bench.place, bench.topology);
      expect(other.nodes.map(({ spec, address }) => [spec.name, address])).toEqual(
        cluster.nodes.map(({ spec, address }) => [spec.name, address]),
      );
      const theirs = other.nodes.find(({ spec }) => spec.name === "backend-eu")!;
      expect(await theirs.answers()).toBe(true);

      await theirs.kill();
      expect(await observed("backend-eu")).toBe("down");
      await node("backend-eu").start();
      expect(await observed("backend-eu", other)).toBe("up");
      expect((await theirs.request("/eu/health")).status).toBe(200);
    });

    it("keeps the log of a node across its lives", async () => {
      const lines = await node("backend-us").logTail(3);
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.length).toBeLessThanOrEqual(3);
    });

    it("takes everything down, also what is paused, twice, and from another shell", async () => {
      await node("db-eu").pause();
      await cluster.down();
      expect(await bench.leftovers()).toEqual([]);
      expect(new Set(Object.values(await states()))).toEqual(new Set(["down"]));
      await cluster.down();
      await (await bench.runtime().reconnect(bench.place, bench.topology)).down();
    });
  });
}
