// What happened to a stack before somebody came to watch it: the end of its log, as far as it says why the stack is as it is.
// Without it a node that was started again a moment ago would seem to be up since the stack is.
import fs from "node:fs";
import type { Event } from "../model/event.ts";
import type { Fault } from "../model/fault.ts";

/** Of a longer log only the end is read: a run with much traffic fills it quickly, and nobody looks back that far. */
const MOST_BYTES = 4 << 20;
/** What is told of a stack. Samples and operations are of their moment, and a run that began earlier may never have ended. */
const TOLD = /"type":"(node|fault|step|healed|leftovers|conflict|log|end)"/;

export interface Past {
  /** The number of its last event: what comes after that is not in it. */
  seq: number;
  events: readonly Event[];
  /** Those of the active faults that began even earlier. */
  faults: readonly Fault[];
}

export function pastOf(logFile: string, active: readonly Fault[]): Past {
  const lines = lastLines(logFile);
  const last = lines.at(-1);
  const told = lines.filter((line) => TOLD.test(line)).map((line) => JSON.parse(line) as Event);
  const begun = new Set(told.flatMap((event) => (isFault(event, "begun") ? [event.fault.id] : [])));
  const isActive = new Set(active.map(({ id }) => id));
  const ended = new Set(told.flatMap((event) => (isFault(event, "ended") ? [event.id] : [])));
  return {
    seq: last === undefined ? 0 : (JSON.parse(last) as Event).seq,
    // One that is not there any more, and of whose end nobody has written, must not come to life again.
    events: told.filter((event) => {
      if (event.type !== "fault" || event.phase === "ended") return true;
      const id = event.phase === "begun" ? event.fault.id : event.id;
      return isActive.has(id) || ended.has(id);
    }),
    faults: active.filter(({ id }) => !begun.has(id)),
  };
}

type FaultEvent = Extract<Event, { type: "fault" }>;

function isFault<P extends FaultEvent["phase"]>(event: Event, phase: P): event is Extract<FaultEvent, { phase: P }> {
  return event.type === "fault" && event.phase === phase;
}

/** Whole lines: one at the end that is just being written belongs to what comes. */
function lastLines(file: string): readonly string[] {
  const fd = fs.openSync(file, "r");
  try {
    const { size } = fs.fstatSync(fd);
    const from = Math.max(0, size - MOST_BYTES);
    const bytes = Buffer.alloc(size - from);
    const text = bytes.toString("utf8", 0, fs.readSync(fd, bytes, 0, bytes.length, from));
    return text.split("\n").slice(from > 0 ? 1 : 0, -1);
  } finally {
    fs.closeSync(fd);
  }
}
