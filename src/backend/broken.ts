// A backend that is broken on purpose, in tests only: each word breaks one promise, and a scenario must catch it.

export const BROKEN = {
  "ack-before-commit": "answers a PUT before its transaction is committed",
  "skip-dedup": "forgets request ids: a repeat takes effect again, whatever it expects",
  "drop-event": "never publishes every third event of the outbox",
  "arrival-order": "keeps whatever arrived last, without comparing",
  "lag-lies": "says that it is never behind",
} as const;

export type Broken = keyof typeof BROKEN;

/** ack-before-commit: every how many acknowledged writes the commit does not come, as after a crash in between. */
export const LOSE_EVERY = 10;
/** drop-event: every how many events. */
export const DROP_EVERY = 3;

/** Throws on an unknown word: a test that broke nothing would prove nothing. */
export function parseBroken(word: string | undefined): Broken | undefined {
  if (word === undefined || word === "") return undefined;
  if (Object.hasOwn(BROKEN, word)) return word as Broken;
  throw new Error(`BROKEN is "${word}", but must be one of ${Object.keys(BROKEN).join(", ")} (or not set)`);
}
