// Faults as the history tells them: from when to when each was in force, and which regions it touched.
import type { Event, FaultEvent } from "../model/event.ts";
import type { Fault } from "../model/fault.ts";
import type { Direction } from "../model/link.ts";
import type { Topology } from "../model/topology.ts";
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
  /** When the last of its targets, or its links, were well again; Infinity when the history does not say so. */
  to: number;
  regions: ReadonlySet<string>;
}

/** In the order in which they began. */
export function faultsOf(history: readonly Event[]): readonly FaultWindow[] {
  const { run, faults: events } = factsOf(history);
  const windows = events
    .filter((event) => event.phase === "begun")
    .map((begun): FaultWindow => {
      const { fault } = begun;
      const later = events.filter((event) => event.seq > begun.seq);
      return {
        fault,
        begun,
        proofs: later.filter((event): event is Proved => event.phase === "proved" && event.id === fault.id),
        from: begun.at,
        to: endOf(
          fault,
          later.filter((event): event is Ended => event.phase === "ended" && event.id === fault.id),
        ),
        regions: new Set(regionsOf(fault, run.topology)),
      };
    });
  return windows.toSorted((a, b) => a.from - b.from || a.begun.seq - b.begun.seq);
}

/** The regions that a fault touches: those it says, otherwise those of its targets. The edge is none. */
export function regionsOf({ regions, targets }: Fault, topology: Topology): readonly string[] {
  const nodes = topology.nodes.filter(({ name }) => targets.includes(name));
  const touched = new Set(regions ?? [...nodes.map(({ region }) => region), ...targets]);
  return topology.regions.filter((region) => touched.has(region));
}

/** A fault ends in parts when its targets are started one by one; it is over with the last. One of the network ends whole. */
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

/** "kill backend-us (event 41)", "partition us | eu (event 41)". */
export function sayFault({ fault, begun }: FaultWindow): string {
  return `${fault.kind} ${subjectOf(fault)} (event ${begun.seq})`;
}

function subjectOf({ targets, links = [], parameters: { source } }: Fault): string {
  if (source !== undefined) return `${source} -> ${targets.join(", ")}`;
  return targets.length > 0 ? targets.join(", ") : pairsOf(links).join(", ");
}

/** "us | eu" where both directions are acted on, otherwise "us -> eu"; each pair once. */
function pairsOf(links: readonly Direction[]): readonly string[] {
  const acted = new Set(links.map(({ from, to }) => `${from} -> ${to}`));
  return [...acted].flatMap((one) => {
    const [from, to] = one.split(" -> ") as [string, string];
    if (!acted.delete(one)) return []; // said with its other direction
    return acted.delete(`${to} -> ${from}`) ? [`${from} | ${to}`] : [one];
  });
}
