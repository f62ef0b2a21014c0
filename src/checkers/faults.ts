// Faults as the history tells them: from when to when each was in force, and which regions it touched.
import type { Event, FaultEvent } from "../model/event.ts";
import type { Fault } from "../model/fault.ts";
import { EDGE } from "../model/topology.ts";
import { factsOf } from "./history.ts";
import type { Recorded } from "./history.ts";

type Begun = Recorded<Extract<FaultEvent, { phase: "begun" }>>;
type Proved = Recorded<Extract<FaultEvent, { phase: "proved" }>>;
type Ended = Recorded<Extract<FaultEvent, { phase: "ended" }>>;

export interface FaultWindow {
  fault: Fault;
  begun: Begun;
  /** What was measured while it was in force; several when it was measured more than once. */
  proofs: readonly Proved[];
  from: number;
  /** When the last of its targets was well again; Infinity when the history does not say so. */
  to: number;
  /** The regions of its targets. A node of the edge belongs to none. */
  regions: ReadonlySet<string>;
}

/** In the order in which they began. */
export function faultsOf(history: readonly Event[]): readonly FaultWindow[] {
  const { run, faults: events } = factsOf(history);
  const { topology } = run;
  const regionOf = new Map(topology.nodes.map((node) => [node.name, node.region]));
  for (const region of topology.regions) regionOf.set(region, region);
  const windows = events
    .filter((event) => event.phase === "begun")
    .map((begun): FaultWindow => {
      const { fault } = begun;
      const later = events.filter((event) => event.seq > begun.seq);
      const regions = fault.targets.flatMap((target) => regionOf.get(target) ?? []);
      return {
        fault,
        begun,
        proofs: later.filter((event): event is Proved => event.phase === "proved" && event.id === fault.id),
        from: begun.at,
        to: endOf(
          fault,
          later.filter((event): event is Ended => event.phase === "ended" && event.id === fault.id),
        ),
        regions: new Set(regions.filter((region) => region !== EDGE)),
      };
    });
  return windows.toSorted((a, b) => a.from - b.from || a.begun.seq - b.begun.seq);
}

/** A fault ends in parts when its targets are started one by one; it is over with the last. */
function endOf(fault: Fault, ends: readonly Ended[]): number {
  const left = new Set(fault.targets);
  for (const end of ends) {
    for (const target of end.targets) left.delete(target);
    if (left.size === 0) return end.at;
  }
  return Infinity;
}

/** Was any fault in force at that moment? */
export function inForce(windows: readonly FaultWindow[], at: number): boolean {
  return windows.some(({ from, to }) => at >= from && at <= to);
}

/** "kill backend-us (event 41)". */
export function sayFault({ fault, begun }: FaultWindow): string {
  return `${fault.kind} ${fault.targets.join(", ")} (event ${begun.seq})`;
}
