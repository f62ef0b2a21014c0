// Shells beside each other on one stack in memory, and faults for them to begin.
import { faultSet } from "../../src/faults/set.ts";
import { fakeCluster } from "../support/fake-cluster.ts";
import { memoryStore } from "../support/fault-store.ts";
import { notes } from "../support/recorder.ts";
import { twoRegions } from "../support/topology.ts";
import { virtualClock } from "../support/virtual-clock.ts";

/** A stack as one shell sees it; `anotherShell` has the same nodes and faults, and its own everything else. */
export function shell(
  { store, cluster, clock } = { store: memoryStore(), cluster: fakeCluster(twoRegions), clock: virtualClock() },
) {
  const note = notes(clock.now);
  const interrupt = new AbortController();
  const faults = faultSet({
    topology: twoRegions,
    cluster,
    clock,
    record: note.record,
    signal: interrupt.signal,
    store,
    hold: (_node, work) => work(),
  });
  return { store, cluster, clock, note, interrupt, faults, anotherShell: () => shell({ store, cluster, clock }) };
}

export const kill = (...targets: string[]) => ({ kind: "kill" as const, targets, parameters: {} });
export const pause = (...targets: string[]) => ({ kind: "pause" as const, targets, parameters: {} });
