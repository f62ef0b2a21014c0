// Keeps the tables bounded: request ids and conflicts are forgotten after a day.
import type { Ports } from "./ports.ts";

const EVERY_MS = 10 * 60_000;
const KEEP_MS = 24 * 60 * 60_000;

/** Until the signal aborts; never rejects. */
export async function prune({ store, clock, say }: Pick<Ports, "store" | "clock" | "say">, signal: AbortSignal) {
  while (!signal.aborted) {
    await clock.sleep(EVERY_MS, signal).catch(() => {});
    if (signal.aborted) return;
    await store.prune(clock.now() - KEEP_MS).catch((error) => say(`could not prune: ${String(error)}`));
  }
}
