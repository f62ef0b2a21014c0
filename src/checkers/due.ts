// What was due: every operation that the schedule wanted of a region's clients, begun or not, and how long its answer took.
// A correct refusal is an answer; the gateway saying that nobody is there, or "not now", is none.
import type { Facts, Operation } from "./history.ts";

/** Refusals that say "not now" rather than answer the question: Request Timeout, Too Early, Too Many Requests. */
const NOT_NOW: ReadonlySet<number> = new Set([408, 425, 429]);

export interface Due {
  due: number;
  /** From when it was due to its answer; Infinity when none came. */
  tookMs: number;
  /** What came instead of an answer. */
  why?: string;
  /** When it was known that there is no answer, or when it came. Absent: nothing more is in the history. */
  over?: number;
  /** It asked another region than its own. */
  roamed?: boolean;
  /** The region that answered. */
  servedIn?: string;
  /** The event that tells. */
  seq: number;
}

/** In the order in which they were due. */
export function dueOperations(facts: Facts, region: string): readonly Due[] {
  const begun = facts.operations.filter(({ invoke }) => (invoke.home ?? invoke.region) === region).map(dueOf);
  const missed = facts.missed
    .filter((event) => event.region === region)
    .map(({ due, at, seq }): Due => ({ due, tookMs: Infinity, why: "no client was free to begin it", over: at, seq }));
  return [...begun, ...missed].toSorted((a, b) => a.due - b.due);
}

function dueOf(operation: Operation): Due {
  const { invoke, complete, servedIn } = operation;
  const why = whyUnanswered(operation);
  const tookMs = why === undefined ? complete!.at - invoke.due : Infinity;
  const roamed = invoke.home !== undefined;
  return { due: invoke.due, tookMs, why, roamed, over: complete?.at, servedIn, seq: complete?.seq ?? invoke.seq };
}

function whyUnanswered({ complete, outcome }: Operation): string | undefined {
  if (complete === undefined) return "no answer is in the history";
  const { status } = complete;
  const refused = status !== undefined && status >= 400 && status < 500 && !NOT_NOW.has(status);
  return outcome.type === "ok" || refused ? undefined : outcome.error;
}
