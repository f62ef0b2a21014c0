// The consumer applies what other regions wrote: at-least-once delivery, exactly-once effect.
//
// A batch is one transaction: request ids first, rows second, conflicts, and the position in the log, so a crash at any
// point applies nothing twice and skips nothing. Heartbeats only move a number in memory; it is stored every few
// seconds so that a restart does not read hours of them again.
import type { Broken } from "../broken.ts";
import type { Policy, StampClock } from "../conflict/clock.ts";
import { concurrentWrites, duplicateRequest, sideOf } from "../conflict/record.ts";
import { arrive, type Arrival, type Write } from "../conflict/resolve.ts";
import { merged } from "../conflict/vector.ts";
import type { Claim, Conflict, Delivery, Effect, Ports, Position, Row, Transaction } from "../ports.ts";
import { decode, type WriteEvent } from "./outbox.ts";

const STORE_POSITION_MS = 5_000;
const RETRY_MS = 200;

export interface Progress {
  /** When this process began to listen. */
  since: number;
  /** Offset of the next message; null: not known yet. */
  next(): number | null;
  heard(): Readonly<Record<string, number>>;
  /** When a message of another region was last consumed; null: never. */
  lastMessageAt(): number | null;
}

export interface Consumer {
  progress: Progress;
  /** Applies until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export interface ConsumerSettings {
  region: string;
  regions: readonly string[];
  policy: Policy;
  stamps: StampClock;
  broken?: Broken;
  /** For the metrics. */
  applied(source: string): void;
  recorded(conflict: Conflict): void;
}

export function createConsumer(settings: ConsumerSettings, ports: Ports): Consumer {
  const { region, regions } = settings;
  const { store, log, clock, say } = ports;
  const since = clock.now();
  let position: Position = { next: null, heard: {} };
  let lastMessageAt: number | null = null;
  let storedAt = 0;
  let trouble = false;

  async function load(signal: AbortSignal): Promise<void> {
    for (let told = false; !signal.aborted;) {
      try {
        position = await store.position();
        return;
      } catch (error) {
        if (!told) say(`replication: cannot read the own position (${String(error)}); trying again`);
        told = true;
        await clock.sleep(RETRY_MS, signal).catch(() => {});
      }
    }
  }

  async function receive(batch: readonly Delivery[]): Promise<void> {
    try {
      await take(batch);
      if (trouble) say("replication: applying again");
      trouble = false;
    } catch (error) {
      if (!trouble) say(`replication: cannot apply (${String(error)}); the log keeps it, trying again`);
      trouble = true;
      throw error;
    }
  }

  async function take(batch: readonly Delivery[]): Promise<void> {
    const last = batch.at(-1);
    if (last === undefined) return;
    const events: WriteEvent[] = [];
    const heard: Record<string, number> = { ...position.heard };
    let foreign = false;
    for (const { offset, value } of batch) {
      const event = decode(value);
      const source = event?.type === "write" ? event.write.region : event?.region;
      if (event === undefined || source === undefined || !regions.includes(source)) {
        say(`replication: message ${offset} is no event of ${regions.join(", ")}: skipped`);
        continue;
      }
      if (source === region) continue;
      foreign = true;
      heard[source] = Math.max(heard[source] ?? 0, event.type === "write" ? event.committedAt : event.at);
      if (event.type === "write") events.push(event);
    }
    const after = { next: last.offset + 1, heard };
    if (events.length > 0) await applyAll(events, after);
    else if (clock.now() - storedAt >= STORE_POSITION_MS) await store.moveTo(after).then(moved);
    position = after;
    if (foreign) lastMessageAt = clock.now();
  }

  function moved(): void {
    storedAt = clock.now();
  }

  async function applyAll(events: readonly WriteEvent[], after: Position): Promise<void> {
    const done = await store.transaction(async (tx) => {
      const result = await apply(tx, events, settings, clock.now());
      await tx.moveTo(after);
      return result;
    });
    moved();
    for (const key of done.missing) say(`replication: an event for property ${key}, which is not here: skipped`);
    for (const conflict of done.conflicts) settings.recorded(conflict);
    for (const event of events) {
      settings.stamps.observe(event.write.stamp);
      settings.applied(event.write.region);
    }
  }

  return {
    progress: {
      since,
      next: () => position.next,
      heard: () => position.heard,
      lastMessageAt: () => lastMessageAt,
    },
    async run(signal) {
      await load(signal);
      if (!signal.aborted) await log.follow(async () => position.next, receive, signal);
    },
  };
}

async function apply(
  tx: Transaction,
  events: readonly WriteEvent[],
  settings: ConsumerSettings,
  now: number,
): Promise<{ conflicts: readonly Conflict[]; missing: readonly number[] }> {
  const found: Conflict[] = [...(await claimAll(tx, events, settings, now))];
  const rows = new Map(await tx.lock([...new Set(events.map((event) => event.key))]));
  const changed = new Map<number, Row>();
  const missing: number[] = [];
  for (const { key, write } of events) {
    const row = rows.get(key);
    if (row === undefined) {
      missing.push(key);
      continue;
    }
    const { held, conflict } = resolve(row, write, settings);
    if (conflict !== undefined) found.push(concurrentWrites(key, conflict, settings.policy, { ...settings, at: now }));
    if (held === row) continue;
    rows.set(key, { ...row, ...held });
    changed.set(key, { ...row, ...held });
  }
  if (changed.size > 0) await tx.merge([...changed.values()]);
  const conflicts = found.length > 0 ? await tx.record(found) : [];
  return { conflicts, missing };
}

function resolve(row: Row, write: Write, { policy, broken }: ConsumerSettings): Arrival {
  if (broken !== "arrival-order") return arrive(row, write, policy);
  return { held: { seen: merged(row.seen, write.written), write }, repeat: false };
}

/** Registers every id, also of writes that lose or are repeats; answers those that had another effect here before. */
async function claimAll(
  tx: Transaction,
  events: readonly WriteEvent[],
  settings: ConsumerSettings,
  now: number,
): Promise<readonly Conflict[]> {
  const claims = events.flatMap(({ key, write, fingerprint, answer }) => {
    if (write.requestId === null || fingerprint === null) return [];
    const effect: Effect = { region: write.region, key, write: sideOf(write, settings.regions), answer };
    return [{ requestId: write.requestId, fingerprint, effect }];
  });
  if (claims.length === 0) return [];
  const first = new Map<string, Claim>();
  for (const claim of claims) if (!first.has(claim.requestId)) first.set(claim.requestId, claim);
  const known = await tx.claim([...first.values()], now);
  return claims.flatMap(({ requestId, effect }) => {
    const other = (known.get(requestId) ?? first.get(requestId))?.effect;
    // Of its own region it can only be the same write, delivered again.
    if (other === null || other === undefined || other.region === effect.region) return [];
    return [duplicateRequest(effect, other, { ...settings, at: now })];
  });
}
