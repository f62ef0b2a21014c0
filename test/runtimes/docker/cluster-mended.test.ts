// What people do to a stack with docker's own commands: a container, a network or a disk is removed, a node that others look up
// by name comes back elsewhere. What can be made again is, what cannot is said, and nothing keeps `down` from its work.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Cluster, Node, StackPlace } from "../../../src/model/cluster.ts";
import { LINKS } from "../../../src/model/cluster.ts";
import { docker } from "../../../src/runtimes/docker/cluster.ts";
import { connect, type Engine } from "../../../src/runtimes/docker/engine.ts";
import { containerName, filterOf, LABEL, networkName, volumeName } from "../../../src/runtimes/docker/site.ts";
import { propertyTopology } from "../../conformance/topology.ts";
import { temporaryHome } from "../children.ts";
import { addressIn, leftoversOf, placeIn, withDocker } from "./engine.ts";

const record = (happening: object) => ({ ...happening, seq: 0, at: 0 }) as never;
const eventually = { timeout: 30_000 };

await withDocker("a stack on Docker that somebody meddles with", propertyTopology(), () => {
  let engine: Engine;
  let where: StackPlace;
  let cluster: Cluster;
  let removeHome = () => {};
  const node = (name: string): Node => cluster.nodes.find(({ spec }) => spec.name === name)!;
  const container = (name: string) => engine.docker.getContainer(containerName(where, name));
  const price = async (backend: string, path: string) =>
    ((await node(backend).request(path)).body as { price: number }).price;
  async function write(path: string, price: number): Promise<void> {
    const { version } = (await node("backend-us").request(path)).body as { version: number };
    expect((await node("backend-us").request(path, { method: "PUT", body: { price, version } })).status).toBe(200);
  }

  /** Killed and started again, while somebody else has taken its address. */
  async function comeBackElsewhere(name: string, zone: string): Promise<void> {
    const before = await addressIn(engine, where, name, zone);
    const { Config } = await container(name).inspect();
    await node(name).kill();
    const squatter = await engine.docker.createContainer({
      Image: Config.Image,
      Entrypoint: ["sleep"],
      Cmd: ["600"],
      Labels: { [LABEL.stack]: where.id },
      HostConfig: { NetworkMode: networkName(where, zone) },
    });
    await squatter.start();
    await node(name).start();
    expect(await addressIn(engine, where, name, zone)).not.toBe(before);
  }

  /** A backend that came before its database has answered that it misses it, and is as far up as it could be. */
  async function startAll({ nodes }: Cluster): Promise<void> {
    await Promise.all(nodes.map((each) => each.start()));
    const answers = () => Promise.all(nodes.map((each) => each.answers()));
    await expect.poll(answers, eventually).toEqual(nodes.map(() => true));
  }

  beforeAll(async () => {
    engine = await connect();
  });
  beforeEach(async () => {
    where = placeIn(
      temporaryHome((remove) => (removeHome = remove)),
      "meddled",
    );
    cluster = await docker().start(where, propertyTopology(), record, new AbortController().signal);
  }, 120_000);
  afterEach(async () => {
    await cluster.down();
    expect(await leftoversOf(engine, where)).toEqual([]);
    removeHome();
  });

  describe("containers", { timeout: 150_000 }, () => {
    it("are made again by a start, with what was on their disks, also from another shell", async () => {
      await write("/us/properties/3", 33.5);
      await expect.poll(() => price("backend-eu", "/eu/properties/3"), eventually).toBe(33.5);
      const removed = ["db-us", "backend-us", "kafka", LINKS];
      await Promise.all(removed.map((name) => container(name).remove({ force: true, v: true })));
      const { nodes } = await cluster.observe();
      expect(removed.map((name) => nodes.get(name))).toEqual(removed.map(() => "down"));
      expect(await node("db-us").answers()).toBe(false);
      expect(await node("db-us").logTail(5)).toEqual([]);
      await node("db-us").kill(); // there is nobody to kill

      const other = await docker().reconnect(where, propertyTopology());
      await startAll(other);
      expect(await price("backend-us", "/us/properties/3")).toBe(33.5);
      await write("/us/properties/3", 34.5);
      await expect.poll(() => price("backend-eu", "/eu/properties/3"), eventually).toBe(34.5);
      const servedBy = async () => (await node("gateway").request("/eu/health")).headers["x-served-by"];
      await expect.poll(servedBy, eventually).toBe("backend-eu");
    });

    it("are not made again without their disk: an empty database would look like lost writes", async () => {
      await container("db-eu").remove({ force: true });
      await engine.docker.getVolume(volumeName(where, "db-eu", 0)).remove();
      await expect(node("db-eu").start()).rejects.toMatchObject({
        message: "db-eu has no container any more: somebody removed it, and its disk",
        hint: 'What was on it is lost. Begin anew: "regionctl down", "regionctl up".',
      });
      expect((await cluster.observe()).nodes.get("db-eu")).toBe("down");
    });
  });

  it("makes a network again that was removed while its nodes were down", { timeout: 150_000 }, async () => {
    await write("/us/properties/4", 44.5);
    await expect.poll(() => price("backend-eu", "/eu/properties/4"), eventually).toBe(44.5);
    await Promise.all(["backend-eu", "db-eu", LINKS].map((name) => node(name).kill()));
    await engine.docker.getNetwork(networkName(where, "eu")).remove();
    await startAll(cluster);
    const networks = await engine.docker.listNetworks({ filters: filterOf(where) });
    expect(networks.map(({ Name }) => Name).toSorted()).toEqual(
      ["edge", "eu", "us"].map((zone) => networkName(where, zone)).toSorted(),
    );
    expect(await price("backend-eu", "/eu/properties/4")).toBe(44.5);
    await write("/us/properties/4", 45.5);
    await expect.poll(() => price("backend-eu", "/eu/properties/4"), eventually).toBe(45.5);
  });

  it(
    "leads the gateway to its regions wherever the nodes come back, also when it was paused meanwhile",
    { timeout: 150_000 },
    async () => {
      const servedBy = async (region: string) =>
        (await node("gateway").request(`/${region}/health`)).headers["x-served-by"];
      const whole = async () => {
        await expect.poll(() => servedBy("us"), eventually).toBe("backend-us");
        await expect.poll(() => servedBy("eu"), eventually).toBe("backend-eu");
      };
      for (const name of ["backend-us", "backend-eu"]) {
        await comeBackElsewhere(name, node(name).spec.region);
        await whole();
      }
      await node("gateway").pause();
      await comeBackElsewhere(LINKS, "edge");
      await node("gateway").resume();
      await whole();
    },
  );
});
