// What is written down of a conflict: both writes, the winner, the loser, and by which rule.
import type { Conflict, Effect, Side } from "../ports.ts";
import type { Policy } from "./clock.ts";
import type { Write } from "./resolve.ts";
import { formatVector } from "./vector.ts";

/** Where and when it was found. */
export interface Found {
  region: string;
  regions: readonly string[];
  at: number;
}

/** An arriving write and the row's write did not know of each other. */
export function concurrentWrites(
  key: number,
  { winner, loser }: { winner: Write; loser: Write },
  policy: Policy,
  { region, regions, at }: Found,
): Conflict {
  const rule = `greatest (stamp, region, counter), ${policy}`;
  return { kind: "concurrent", key, region, at, rule, winner: sideOf(winner, regions), loser: sideOf(loser, regions) };
}

/** One id took effect in two regions. Both are real; the greater stamp is named first. */
export function duplicateRequest(arrived: Effect, known: Effect, { region, at }: Found): Conflict {
  const [a, b] = [arrived.write.stamp ?? 0, known.write.stamp ?? 0];
  const arrivedFirst = a === b ? arrived.region > known.region : a > b;
  const [winner, loser] = arrivedFirst ? [arrived, known] : [known, arrived];
  const rule = "one request id took effect in two regions that did not know of each other";
  return { kind: "duplicate-request", key: arrived.key, region, at, rule, winner: winner.write, loser: loser.write };
}

/** A PUT that expected another row: nothing was written, so its side has no state. */
export function rejectedWrite(
  refused: { key: number; value: number; requestId: string | null },
  held: Write,
  { region, regions, at }: Found,
): Conflict {
  const loser: Side = { state: "", value: refused.value, stamp: null, request_id: refused.requestId };
  const rule = "optimistic lock: the row was not what the client expected";
  return { kind: "rejected", key: refused.key, region, at, rule, winner: sideOf(held, regions), loser };
}

export function sideOf(write: Write, regions: readonly string[]): Side {
  const state = formatVector(write.written, regions);
  return { state, value: write.value, stamp: write.stamp, request_id: write.requestId };
}

/** Two writes are recorded once per kind, however often and in whichever order they meet; every refusal stands for itself. */
export function pairOf({ kind, key, winner, loser }: Conflict): string | null {
  if (kind === "rejected") return null;
  return `${kind} ${key} ${[winner?.state, loser?.state].toSorted().join(" ")}`;
}
