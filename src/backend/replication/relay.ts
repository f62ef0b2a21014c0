// The relay publishes what stands in the outbox, in order, and a heartbeat every 250 ms once that is empty.
//
// A commit here rings its bell, so an event is under way at once. Whatever a crash left over is found by a slow look
// into the table; with nothing to do a heartbeat costs no query at all.
//
// Heartbeats of all regions reach the log at the same moments, the quarters of a second: an ocean away from the log, a
// consumer that fetched a heartbeat is deaf for a round trip, and so it is once per moment, not once per region.
import { DROP_EVERY, type Broken } from "../broken.ts";
import type { Message, OutboxRow, Ports } from "../ports.ts";
import { createBell } from "./bell.ts";
import { encode } from "./outbox.ts";

export const HEARTBEAT_MS = 250;
const LOOK_MS = 1_000;
const BATCH = 500;
const RETRY_MS = 200;

/** How many appends are remembered: some seconds of them. */
const REMEMBERED = 1_000;

export interface Relay {
  /** An event was committed. */
  ring(): void;
  /** How many messages of the log, from this offset on and before that one, are known to be from here. */
  published(from: number, before: number): number;
  /** Publishes until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export function createRelay(region: string, ports: Ports, broken?: Broken): Relay {
  const { store, log, clock, say } = ports;
  const bell = createBell(clock);
  const appends: { first: number; next: number }[] = [];
  let trouble = false;
  let lookedAt = -Infinity;
  let beatDueAt = -Infinity;
  let wayMs = 0; // to the log, one way, as the last heartbeat showed it
  let seen = 0;
  let greatest = 0; // of the ids that were published

  async function once(signal: AbortSignal): Promise<void> {
    // Every commit that rang before this moment is visible to the query that follows.
    if (bell.take() || clock.now() - lookedAt >= LOOK_MS) {
      await publishAll(signal);
      lookedAt = clock.now();
    }
    const now = clock.now();
    if (now < beatDueAt || bell.rang()) return;
    await append([{ key: region, value: encode({ type: "heartbeat", region, at: now }) }]);
    wayMs = Math.min(HEARTBEAT_MS, (clock.now() - now) / 2);
    // Half an interval at least, so that an earlier arrival does not make two of one.
    beatDueAt = Math.ceil((now + wayMs + HEARTBEAT_MS / 2) / HEARTBEAT_MS) * HEARTBEAT_MS - wayMs;
  }

  async function append(messages: readonly Message[]): Promise<void> {
    const first = await log.append(messages);
    if (first === null) return;
    appends.push({ first, next: first + messages.length });
    if (appends.length > REMEMBERED) appends.shift();
  }

  async function publishAll(signal: AbortSignal): Promise<void> {
    for (;;) {
      const rows = await store.unpublished(BATCH);
      if (rows.length === 0 || signal.aborted) return;
      const messages = rows.filter((row) => goesOut(row)).map((row) => ({ key: row.key, value: row.event }));
      if (messages.length > 0) await append(messages);
      greatest = Math.max(greatest, ...rows.map((row) => row.id));
      await store.published(rows.map((row) => row.id));
      if (rows.length < BATCH) return;
    }
  }

  function goesOut({ id }: OutboxRow): boolean {
    if (broken === "relay-by-greatest-id") return id > greatest;
    return broken !== "drop-event" || ++seen % DROP_EVERY !== 0;
  }

  return {
    ring: bell.ring,
    published: (from, before) =>
      appends.reduce((sum, { first, next }) => sum + Math.max(0, Math.min(next, before) - Math.max(first, from)), 0),
    async run(signal) {
      signal.addEventListener("abort", bell.ring, { once: true });
      while (!signal.aborted) {
        try {
          await once(signal);
          if (trouble) say("replication: publishing again");
          trouble = false;
          await bell.wait(Math.max(1, beatDueAt - clock.now()));
        } catch (error) {
          if (signal.aborted) return;
          if (!trouble) say(`replication: cannot publish (${String(error)}); the outbox keeps it, trying again`);
          trouble = true;
          // What could not be published still stands in the table.
          lookedAt = -Infinity;
          await clock.sleep(RETRY_MS, signal).catch(() => {});
        }
      }
    },
  };
}
