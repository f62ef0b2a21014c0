// A runtime in memory: its clusters outlive whoever started them, as processes do.
import type { Runtime, StackPlace } from "../../src/model/cluster.ts";
import { type FakeCluster, fakeCluster } from "./fake-cluster.ts";

export interface FakeRuntime extends Runtime {
  /** By the id of the stack, in the order in which they were started. */
  clusters: Map<string, FakeCluster>;
  /** Called while a stack starts; what it throws is the start's error, what it awaits is how long it takes. */
  whileStarting: (place: StackPlace) => void | Promise<void>;
}

export function fakeRuntime(): FakeRuntime {
  const clusters = new Map<string, FakeCluster>();
  const runtime: FakeRuntime = {
    name: "embedded",
    clusters,
    whileStarting: () => {},
    unavailable: async () => undefined,
    async start(place, topology, record, signal) {
      const cluster = fakeCluster(topology);
      clusters.set(place.id, cluster);
      try {
        await runtime.whileStarting(place);
        signal.throwIfAborted();
      } catch (error) {
        await cluster.down();
        throw error;
      }
      for (const { name } of topology.nodes) record({ type: "node", node: name, state: "up", expected: true });
      return cluster;
    },
    async reconnect(place, topology) {
      if (!clusters.has(place.id)) clusters.set(place.id, fakeCluster(topology));
      return clusters.get(place.id)!;
    },
  };
  return runtime;
}
