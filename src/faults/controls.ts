// What backends should do to themselves: what all faults on them ask, taken together. Pure.
import {
  type Control,
  type Fault,
  type FaultKind,
  NO_CONTROL,
  NO_REPLICATION_FAULT,
  type NodeState,
  type ReplicationFault,
} from "../model/fault.ts";
import type { Role, Topology } from "../model/topology.ts";
import { formatDuration } from "../model/units.ts";

/** Whose nodes can be told what to do to themselves: programs of our own that have a control port. */
export const CONTROLLED: Role = "backend";

/** Of those that are up: the others cannot be told. */
export function wantedControls(
  { nodes }: Topology,
  states: ReadonlyMap<string, NodeState>,
  faults: readonly Fault[],
): ReadonlyMap<string, Control> {
  const told = nodes.filter(({ name, role }) => role === CONTROLLED && states.get(name) === "up");
  return new Map(
    told.map(({ name }) => [name, faults.filter(({ targets }) => targets.includes(name)).reduce(asked, NO_CONTROL)]),
  );
}

function asked(control: Control, { kind, parameters }: Fault): Control {
  if (kind === "hold") return { ...control, hold: true };
  if (kind === "clock-skew") return { ...control, skewMs: control.skewMs + (parameters.byMs ?? 0) };
  if (kind !== "replication" || parameters.source === undefined) return control;
  const { source, replication = {} } = parameters;
  const both = together(receivedFrom(source, control), { ...NO_REPLICATION_FAULT, ...replication });
  return { ...control, replication: { ...control.replication, [source]: both } };
}

/** Two faults on one stream. Each duplicates by itself, so an event stays single where neither does it. */
function together(a: ReplicationFault, b: ReplicationFault): ReplicationFault {
  return {
    pause: a.pause || b.pause,
    delayMs: a.delayMs + b.delayMs,
    duplicate: a.duplicate === 0 ? b.duplicate : 1 - (1 - a.duplicate) * (1 - b.duplicate),
    reorderMs: Math.max(a.reorderMs, b.reorderMs),
  };
}

/** A source without an entry is received as it comes. */
export const receivedFrom = (source: string, { replication }: Control) => replication[source] ?? NO_REPLICATION_FAULT;

/** A clock is measured to about a millisecond, so what is less than this apart is the same; no skew may be as small. */
const SAME_WITHIN_MS = 5;
export const LEAST_SKEW_MS = 2 * SAME_WITHIN_MS;

/** One thing that a node does to itself and should not, or should and does not. */
export interface Disobedience {
  /** The kind of fault that asks for such. */
  kind: FaultKind;
  /** replication: from where. */
  source?: string;
  /** "has its clock 2 min behind" */
  is: string;
  /** "have its clock right" */
  should: string;
}

export function disobediences(is: Control, should: Control): readonly Disobedience[] {
  const sources = [...new Set([...Object.keys(is.replication), ...Object.keys(should.replication)])];
  return [
    ...(is.hold === should.hold ? [] : [should.hold ? DOES_NOT_HOLD : STILL_HOLDS]),
    ...(Math.abs(is.skewMs - should.skewMs) < SAME_WITHIN_MS ? [] : [wrongClock(is.skewMs, should.skewMs)]),
    ...sources.flatMap((source) => {
      const [now, then] = [receivedFrom(source, is), receivedFrom(source, should)];
      return isSame(now, then) ? [] : [wrongStream(source, now, then)];
    }),
  ];
}

const DOES_NOT_HOLD: Disobedience = { kind: "hold", is: "answers", should: "keep answers back" };
const STILL_HOLDS: Disobedience = { kind: "hold", is: "keeps answers back", should: "give them at once" };

const wrongClock = (is: number, should: number): Disobedience => ({
  kind: "clock-skew",
  is: `has its clock ${sayClock(is)}`,
  should: `have its clock ${sayClock(should)}`,
});

const wrongStream = (source: string, is: ReplicationFault, should: ReplicationFault): Disobedience => ({
  kind: "replication",
  source,
  is: `applies what ${source} writes ${sayStream(is)}`,
  should: `apply what ${source} writes ${sayStream(should)}`,
});

const isSame = (a: ReplicationFault, b: ReplicationFault) =>
  a.pause === b.pause && a.delayMs === b.delayMs && a.duplicate === b.duplicate && a.reorderMs === b.reorderMs;

/** "2 min behind", "right". */
export function sayClock(skewMs: number): string {
  if (Math.abs(skewMs) < SAME_WITHIN_MS) return "right";
  return `${formatDuration(Math.abs(skewMs))} ${skewMs < 0 ? "behind" : "ahead"}`;
}

/** "5 s late", "not at all", "as it comes". */
export function sayStream({ pause, delayMs, duplicate, reorderMs }: ReplicationFault): string {
  if (pause) return "not at all";
  const parts = [
    ...(delayMs > 0 ? [`${formatDuration(delayMs)} late`] : []),
    ...(duplicate > 0 ? [`${Number((duplicate * 100).toFixed(2))}% of it twice`] : []),
    ...(reorderMs > 0 ? [`out of order within ${formatDuration(reorderMs)}`] : []),
  ];
  return parts.length === 0 ? "as it comes" : parts.join(", ");
}
