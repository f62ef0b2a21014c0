// What becomes of a row when a write arrives: pure, and the same in every region whatever the order of arrival.
//
// The value is always that of the greatest (stamp, region, counter). Vectors only say whether two writes knew of each
// other: deciding by vectors first and stamps second diverges for ever.
import type { Policy } from "./clock.ts";
import { concurrent, merged, raised, type Vector } from "./vector.ts";

/** A write, whole, as it was made in its region. */
export interface Write {
  value: number;
  /** The row's vector after it, where it was made: its identity. */
  written: Vector;
  stamp: number;
  /** Where it was made; "" for the starting data. */
  region: string;
  requestId: string | null;
  /** When it was made, milliseconds since 1970. */
  at: number;
}

/** What a row holds: everything that was merged into it, and the write whose value it shows. */
export interface Held {
  seen: Vector;
  write: Write;
}

export interface Arrival {
  held: Held;
  /** It had been merged before. */
  repeat: boolean;
  /** It and the row's write did not know of each other. */
  conflict?: { winner: Write; loser: Write };
}

export function arrive(held: Held, write: Write, policy: Policy): Arrival {
  const repeat = (held.seen[write.region] ?? 0) >= counterOf(write);
  const wins = compare(write, held.write) > 0;
  // Under wall clocks a write in the past of others may still carry the greatest stamp, so a repeat is compared too.
  if (repeat && (policy === "hybrid-clock" || !wins)) return { held, repeat };
  const after = { seen: merged(held.seen, write.written), write: wins ? write : held.write };
  if (!concurrent(write.written, held.write.written)) return { held: after, repeat };
  const [winner, loser] = wins ? [write, held.write] : [held.write, write];
  return { held: after, repeat, conflict: { winner, loser } };
}

/** A write made here: its vector is what the row had seen, and one more. */
export function make(held: Held, region: string, of: Omit<Write, "written" | "region">): Write {
  return { ...of, region, written: raised(held.seen, region) };
}

/**
 * The row after a write made here. It obeys the maximum like any other: a hybrid stamp is above the row's, so it wins;
 * a wall clock that is behind raises the counter and leaves the value.
 */
export function keep(held: Held, write: Write): Held {
  return { seen: write.written, write: compare(write, held.write) > 0 ? write : held.write };
}

/** Above 0 when `a` wins. Total: two different writes are never equal. */
export function compare(a: Write, b: Write): number {
  if (a.stamp !== b.stamp) return a.stamp - b.stamp;
  if (a.region !== b.region) return a.region < b.region ? -1 : 1;
  return counterOf(a) - counterOf(b);
}

function counterOf(write: Write): number {
  return write.written[write.region] ?? 0;
}
