// A backend that is broken on purpose, in tests only: each word breaks one promise, and a scenario must catch it.
import type { StampClock } from "./conflict/clock.ts";

export const BROKEN = {
  "ack-before-commit": "answers a PUT before its transaction is committed",
  "skip-dedup": "forgets request ids: a repeat takes effect again, whatever it expects",
  "drop-event": "never publishes every third event of the outbox",
  "arrival-order": "keeps whatever arrived last, without comparing",
  "no-stamps": "resolves without stamps: the greatest name of a region wins, whichever write knew the other",
  "remember-before-effect": "remembers a request id, and an answer, before it knows whether there will be an effect",
  "relay-by-greatest-id": "publishes only what has a greater id than everything published before",
  "lag-lies": "says that it is never behind",
  "publish-before-commit":
    "publishes an event before its transaction is committed, so that a kill leaves a phantom elsewhere",
  "stale-read-after-failover":
    "answers the reads of clients that were moved to it from copies that it made long before",
  "lagging-replica": "answers reads from a copy that is behind its own database",
  "non-atomic-idempotency": "looks a request id up, and remembers it later: two at the same instant both take effect",
} as const;

export type Broken = keyof typeof BROKEN;

/** ack-before-commit, publish-before-commit: every how many writes the commit does not come, as after a crash in between. */
export const LOSE_EVERY = 10;
/** drop-event: every how many events. */
export const DROP_EVERY = 3;
/** relay-by-greatest-id: every how many writes commit late, behind others with a greater id, as under load by chance. */
export const SLOW_EVERY = 2;
export const SLOW_COMMIT_MS = 200;

/** lagging-replica: how far. */
export const LAGGING_MS = 300;
/** non-atomic-idempotency: between looking and remembering, as under load by chance. */
export const BETWEEN_MS = 50;

/** no-stamps: all are equal, so the region's name decides. */
export const WITHOUT_STAMPS: StampClock = { next: () => 0, observe: () => {} };

/** Throws on an unknown word: a test that broke nothing would prove nothing. */
export function parseBroken(word: string | undefined): Broken | undefined {
  if (word === undefined || word === "") return undefined;
  if (Object.hasOwn(BROKEN, word)) return word as Broken;
  throw new Error(`BROKEN is "${word}", but must be one of ${Object.keys(BROKEN).join(", ")} (or not set)`);
}
