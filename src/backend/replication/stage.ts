// The stage stands between the log and applying: what has arrived waits here until it is its turn. Without a fault that
// is at once and in the order of the log; a replication fault changes when, how often and in which order, by source.
//
//   log --> put --> [ us: . . . . ]  [ ap: . . ] --> take --> a transaction --> done
//
// Nothing counts as applied before `done`, so the stored position never passes what still waits here. A heartbeat speaks
// for everything before it, so it never overtakes an event that it came after. Pure: time and chance are arguments.
import { NO_REPLICATION_FAULT, type ReplicationFault } from "../../model/fault.ts";
import type { Random } from "../../model/random.ts";
import type { Heartbeat, WriteEvent } from "./outbox.ts";

/** A second copy comes with the first, or within this span after it. */
const COPY_WITHIN_MS = 1_000;

export interface Arrived {
  offset: number;
  source: string;
  event: WriteEvent | Heartbeat;
  /** The length of its text: what it weighs. */
  size: number;
}

export interface Staged extends Arrived {
  arrivedAt: number;
  /** In the order of arrival; a copy comes right after its original. */
  turn: number;
  /** When it may be handed over; 0: at once. */
  dueAt: number;
  /** Drawn once: where it lands within the span of a reorder. */
  shuffle?: number;
  /** Only of a second copy: how long after the first, as a share of COPY_WITHIN_MS. */
  copy?: number;
}

export interface LaneCounters {
  /** Events not applied yet. */
  waiting: number;
  /** Events that were handed over twice. */
  duplicated: number;
  /** Events that were handed over after a later one. */
  reordered: number;
}

export interface Stage {
  /** Makes these the faults, by source. What they no longer hold back is due at once. */
  order(faults: Readonly<Record<string, ReplicationFault>>): void;
  /** Those in force, by source; a source without one is not named. */
  faults(): Readonly<Record<string, ReplicationFault>>;
  counters(): Readonly<Record<string, LaneCounters>>;
  /** What is delivered again while it still waits is not put twice. */
  put(arrived: Arrived, now: number): void;
  /** What is due, in the order in which it is to be applied. It goes on waiting until `done`, or comes again after `giveBack`. */
  take(now: number, limit: number): readonly Staged[];
  done(batch: readonly Staged[]): void;
  giveBack(batch: readonly Staged[]): void;
  /** When the next is due; Infinity: not by time alone. */
  nextDueAt(): number;
  /** What holds once this batch is done: the offset of the oldest that waits still, and until when each source is applied. */
  after(batch: readonly Staged[]): { oldest: number; heard: Readonly<Record<string, number>> };
  /** Events not applied yet. */
  waiting(): number;
  size(): number;
}

interface Lane {
  fault: ReplicationFault;
  random: Random;
  /** What can be handed over, sorted by (dueAt, turn). */
  line: Staged[];
  /** Originals not applied yet, by offset, in the order of arrival. */
  open: Map<number, Staged>;
  /** Of what is open, offsets rise with the arrival: not so where the log began anew. */
  ascending: boolean;
  newest: number;
  /** When the last of the events that have arrived is due: no heartbeat after it is due before. */
  eventsDueAt: number;
  events: number;
  latestDone: number;
  duplicated: number;
  reordered: number;
}

export function createStage(sources: readonly string[], random: Random): Stage {
  const lanes = new Map<string, Lane>(sources.map((source) => [source, newLane(random.fork(source))]));
  let turns = 0;
  let size = 0;

  function enter(lane: Lane, staged: Staged): void {
    staged.dueAt = dueAt(lane, staged);
    insert(lane.line, staged);
    size += staged.size;
  }

  const each = <T>(of: (lane: Lane) => T) => Object.fromEntries([...lanes].map(([source, lane]) => [source, of(lane)]));

  return {
    order(faults) {
      for (const [source, lane] of lanes) {
        lane.fault = faults[source] ?? NO_REPLICATION_FAULT;
        lane.eventsDueAt = 0;
        for (const staged of lane.line.toSorted((a, b) => a.turn - b.turn)) staged.dueAt = dueAt(lane, staged);
        lane.line.sort(byDue);
      }
    },
    faults: () =>
      Object.fromEntries([...lanes].flatMap(([source, { fault }]) => (isNone(fault) ? [] : [[source, fault]]))),
    counters: () => each(({ events, duplicated, reordered }) => ({ waiting: events, duplicated, reordered })),
    put(arrived, now) {
      const lane = lanes.get(arrived.source);
      if (lane === undefined || isSame(lane.open.get(arrived.offset), arrived)) return;
      const staged: Staged = { ...arrived, arrivedAt: now, turn: ++turns, dueAt: 0 };
      enter(lane, staged);
      if (lane.open.size === 0) lane.ascending = true;
      if (staged.offset < lane.newest) lane.ascending = false;
      lane.newest = staged.offset;
      lane.open.set(staged.offset, staged);
      if (arrived.event.type !== "write") return;
      lane.events++;
      const copy = copyOf(staged, lane, ++turns);
      if (copy !== undefined) enter(lane, copy);
    },
    take(now, limit) {
      const due = [...lanes.values()].flatMap((lane) => lane.line.slice(0, Math.min(limit, dueIn(lane, now))));
      const batch = due.toSorted(byDue).slice(0, limit);
      for (const [source, lane] of lanes) lane.line.splice(0, batch.filter((one) => one.source === source).length);
      return batch;
    },
    done(batch) {
      for (const staged of batch) {
        const lane = lanes.get(staged.source)!;
        size -= staged.size;
        if (staged.copy !== undefined) {
          lane.duplicated++;
          continue;
        }
        if (lane.open.get(staged.offset) === staged) lane.open.delete(staged.offset);
        if (staged.event.type !== "write") continue;
        lane.events--;
        if (staged.turn < lane.latestDone) lane.reordered++;
        lane.latestDone = Math.max(lane.latestDone, staged.turn);
      }
    },
    giveBack(batch) {
      for (const staged of batch) {
        size -= staged.size;
        enter(lanes.get(staged.source)!, staged);
      }
    },
    nextDueAt: () =>
      Math.min(
        ...[...lanes.values()].map(({ fault, line }) => (fault.pause ? Infinity : (line[0]?.dueAt ?? Infinity))),
      ),
    after(batch) {
      const taken = new Set(batch);
      const heard: Record<string, number> = {};
      let oldest = Infinity;
      for (const [source, lane] of lanes) {
        const own = batch.filter((one) => one.source === source);
        const latest = Math.max(0, ...own.map(({ turn }) => turn));
        let at = Math.max(0, ...own.map(timeOf));
        for (const staged of lane.open.values()) {
          if (taken.has(staged)) continue;
          oldest = Math.min(oldest, staged.offset);
          // Whatever came after an event that still waits cannot speak for it.
          if (staged.turn < latest && staged.event.type === "write") at = Math.min(at, timeOf(staged));
          if (staged.turn < latest || !lane.ascending) continue;
          break;
        }
        if (at > 0) heard[source] = at;
      }
      return { oldest, heard };
    },
    waiting: () => [...lanes.values()].reduce((sum, { events }) => sum + events, 0),
    size: () => size,
  };
}

function newLane(random: Random): Lane {
  const fault = NO_REPLICATION_FAULT;
  const counted = {
    ascending: true,
    newest: -1,
    eventsDueAt: 0,
    events: 0,
    latestDone: 0,
    duplicated: 0,
    reordered: 0,
  };
  return { fault, random, line: [], open: new Map(), ...counted };
}

function copyOf(staged: Staged, { fault, random }: Lane, turn: number): Staged | undefined {
  if (fault.duplicate === 0 || random.next() >= fault.duplicate) return undefined;
  return { ...staged, turn, copy: random.next() < 0.5 ? 0 : random.next() };
}

/** To be asked in the order of arrival. */
function dueAt(lane: Lane, staged: Staged): number {
  const { fault, random } = lane;
  if (isNone(fault)) return 0;
  const dueAt = staged.arrivedAt + fault.delayMs;
  if (staged.event.type !== "write") return Math.max(dueAt, lane.eventsDueAt);
  const shuffleMs = fault.reorderMs > 0 ? (staged.shuffle ??= random.next()) * fault.reorderMs : 0;
  const copyMs = fault.duplicate > 0 && staged.copy !== undefined ? staged.copy * COPY_WITHIN_MS : 0;
  // A copy that comes later holds no heartbeat back: its original has been applied by then.
  if (staged.copy === undefined) lane.eventsDueAt = Math.max(lane.eventsDueAt, dueAt + shuffleMs);
  return dueAt + shuffleMs + copyMs;
}

/** How many at the front of the line may go. */
function dueIn({ fault, line }: Lane, now: number): number {
  if (fault.pause) return 0;
  const first = line.findIndex((staged) => staged.dueAt > now);
  return first < 0 ? line.length : first;
}

function insert(line: Staged[], staged: Staged): void {
  let at = line.length;
  while (at > 0 && byDue(line[at - 1]!, staged) > 0) at--;
  line.splice(at, 0, staged);
}

const byDue = (a: Staged, b: Staged) => a.dueAt - b.dueAt || a.turn - b.turn;

const timeOf = ({ event }: Arrived) => (event.type === "write" ? event.committedAt : event.at);

function isNone({ pause, delayMs, duplicate, reorderMs }: ReplicationFault): boolean {
  return !pause && delayMs === 0 && duplicate === 0 && reorderMs === 0;
}

/** A log that began anew may have another message at the same place. */
function isSame(staged: Staged | undefined, arrived: Arrived): boolean {
  return staged !== undefined && JSON.stringify(staged.event) === JSON.stringify(arrived.event);
}
