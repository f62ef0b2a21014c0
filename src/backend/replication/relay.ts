// The relay publishes what stands in the outbox, in order, and a heartbeat every 250 ms once that is empty.
//
// A commit here rings its bell, so an event is under way at once. Whatever a crash left over is found by a slow look
// into the table; with nothing to do a heartbeat costs no query at all.
import { DROP_EVERY, type Broken } from "../broken.ts";
import type { OutboxRow, Ports } from "../ports.ts";
import { encode } from "./outbox.ts";

export const HEARTBEAT_MS = 250;
const LOOK_MS = 1_000;
const BATCH = 500;
const RETRY_MS = 200;

export interface Relay {
  /** An event was committed. */
  ring(): void;
  /** Publishes until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export function createRelay(region: string, ports: Ports, broken?: Broken): Relay {
  const { store, log, clock, say } = ports;
  const bell = createBell(ports);
  let trouble = false;
  let lookedAt = -Infinity;
  let beatAt = -Infinity;
  let seen = 0;
  let greatest = 0; // of the ids that were published

  async function once(signal: AbortSignal): Promise<void> {
    // Every commit that rang before this moment is visible to the query that follows.
    if (bell.take() || clock.now() - lookedAt >= LOOK_MS) {
      await publishAll(signal);
      lookedAt = clock.now();
    }
    const now = clock.now();
    if (now - beatAt >= HEARTBEAT_MS && !bell.rang()) {
      await log.append([{ key: region, value: encode({ type: "heartbeat", region, at: now }) }]);
      beatAt = now;
    }
  }

  async function publishAll(signal: AbortSignal): Promise<void> {
    for (;;) {
      const rows = await store.unpublished(BATCH);
      if (rows.length === 0 || signal.aborted) return;
      const messages = rows.filter((row) => goesOut(row)).map((row) => ({ key: row.key, value: row.event }));
      if (messages.length > 0) await log.append(messages);
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
    async run(signal) {
      signal.addEventListener("abort", bell.ring, { once: true });
      while (!signal.aborted) {
        try {
          await once(signal);
          if (trouble) say("replication: publishing again");
          trouble = false;
          await bell.wait(Math.max(1, beatAt + HEARTBEAT_MS - clock.now()));
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

/** Remembers one ring, so that none between two waits is missed. */
function createBell({ clock }: Pick<Ports, "clock">) {
  let rung = false;
  let waiting: AbortController | undefined;
  return {
    ring() {
      rung = true;
      waiting?.abort();
    },
    take() {
      const was = rung;
      rung = false;
      return was;
    },
    rang: () => rung,
    /** Until it rings or the time has passed. */
    async wait(ms: number): Promise<void> {
      if (rung) return;
      waiting = new AbortController();
      await clock.sleep(ms, waiting.signal).catch(() => {});
      waiting = undefined;
    },
  };
}
