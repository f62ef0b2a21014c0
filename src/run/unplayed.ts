// A scenario that could not be played has a history, too: a CI that hears nothing of it takes it for passed.
import type { Event, Happening } from "../model/event.ts";
import { NodeFailed, StackError } from "../model/problem.ts";
import type { Run } from "../model/run.ts";
import type { Scenario } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";

export interface Unplayed {
  id: string;
  scenario: Scenario;
  topology: Topology;
  versions: Readonly<Record<string, string>>;
}

/** Says why there is no more of it: an error, or undefined when it was interrupted before it began. */
export function unplayed({ id, scenario, topology, versions }: Unplayed, error?: unknown): readonly Event[] {
  const startedAt = new Date().toISOString();
  const happenings: readonly Happening[] = [
    { type: "run", id, scenario, topology, runtime: "none", versions, startedAt },
    ...moreOf(error).map((text): Happening => ({ type: "log", level: "error", text })),
    error === undefined
      ? { type: "end", reason: "interrupted" }
      : { type: "end", reason: "errored", error: error instanceof Error ? error.message : String(error) },
  ];
  return happenings.map((happening, i) => ({ ...happening, seq: i + 1, at: 0 }));
}

/** What else is known of it, a line each. */
function moreOf(error: unknown): readonly string[] {
  const log = error instanceof NodeFailed ? error.logLines : [];
  const hint = error instanceof StackError ? error.hint : undefined;
  return [...(log.length > 0 ? ["The last lines of its log:", ...log] : []), ...(hint === undefined ? [] : [hint])];
}

/** The stack would not stand. The run says so, in a directory of its own; the cause is what there was to be told at once. */
export class NotPlayed extends Error {
  constructor(
    readonly run: Run,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
