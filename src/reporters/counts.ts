// The size of a run, in the words that every report uses.
import { type Event, runOf } from "../model/event.ts";
import { formatDuration } from "../model/units.ts";
import { isForeign } from "./said.ts";

export interface Counts {
  tookMs: number;
  operations: number;
  /** A write that was sent again with its id is one write. */
  acknowledged: number;
}

export function countsOf(history: readonly Event[]): Counts {
  const writes = new Map<number, string | number>();
  const acknowledged = new Set<string | number>();
  let operations = 0;
  for (const event of history) {
    if (event.type === "invoke") {
      operations++;
      if (event.kind === "write") writes.set(event.op, event.id ?? event.op);
    } else if (event.type === "complete" && event.outcome.type === "ok") {
      const write = writes.get(event.op);
      if (write !== undefined) acknowledged.add(write);
    }
  }
  return { tookMs: history.at(-1)!.at - history[0]!.at, operations, acknowledged: acknowledged.size };
}

/** "9.8 s, 2,013 operations, 934 writes acknowledged, seed 42". */
export function sayCounts(history: readonly Event[]): string {
  const { tookMs, operations, acknowledged } = countsOf(history);
  const run = runOf(history);
  return [
    formatDuration(tookMs),
    count(operations, "operation"),
    `${count(acknowledged, "write")} acknowledged`,
    ...(isForeign(run) ? [] : [`seed ${run.scenario.seed}`]), // what others saw was not drawn here
  ].join(", ");
}

export function count(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}
