// The consumer applies what other regions wrote: at-least-once delivery, exactly-once effect.
//
// What arrives is put on the stage (stage.ts) and fetched on; what is due there is applied meanwhile. A batch is one
// transaction: request ids first, rows second, conflicts, and the position in the log, so a crash at any point applies
// nothing twice and skips nothing. The position never passes what waits on the stage. Heartbeats only move a number in
// memory; it is stored every few seconds so that a restart does not read hours of them again.
import type { Broken } from "../broken.ts";
import type { Policy, StampClock } from "../conflict/clock.ts";
import { concurrentWrites, duplicateRequest, sideOf } from "../conflict/record.ts";
import { arrive, type Arrival, type Write } from "../conflict/resolve.ts";
import { merged } from "../conflict/vector.ts";
import type { Claim, Conflict, Delivery, Effect, Ports, Position, Row, Transaction } from "../ports.ts";
import { createBell } from "./bell.ts";
import { decode, type WriteEvent } from "./outbox.ts";
import { createStage, type Stage, type Staged } from "./stage.ts";

const STORE_POSITION_MS = 5_000;
const RETRY_MS = 200;
/** Applied in one transaction. */
const BATCH = 200;
/** Of the text of what waits; beyond it nothing more is taken from the log. */
const STAGE_LIMIT = 16 * 1_024 * 1_024;
const ROOM_LOOK_MS = 1_000;

export interface Progress {
  /** When this process began to listen. */
  since: number;
  /** Offset of the message to be received next; null: not known yet. */
  received(): number | null;
  /** Events that were received and are not applied yet. */
  waiting(): number;
  /** Whether any of them is held back by nothing but the time it takes. */
  isApplying(): boolean;
  heard(): Readonly<Record<string, number>>;
  /** When a message of another region was last applied; null: never. */
  lastMessageAt(): number | null;
}

export interface Consumer {
  progress: Progress;
  /** What has arrived and is not applied. Whoever orders a fault on it rings. */
  stage: Pick<Stage, "order" | "faults" | "counters">;
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
  const stage = createStage(
    regions.filter((name) => name !== region),
    ports.random.fork("stage"),
  );
  const work = createBell(clock);
  const room = createBell(clock);
  let position: Position = { next: null, heard: {} };
  let received: number | null = null;
  let lastMessageAt: number | null = null;
  let storedAt = 0;
  let trouble = false;
  let full = false;
  let inHand = false;

  async function load(signal: AbortSignal): Promise<void> {
    for (let told = false; !signal.aborted;) {
      try {
        position = await store.position();
        received = position.next;
        return;
      } catch (error) {
        if (!told) say(`replication: cannot read the own position (${String(error)}); trying again`);
        told = true;
        await clock.sleep(RETRY_MS, signal).catch(() => {});
      }
    }
  }

  /** Resolves once there is room for more. */
  async function receive(batch: readonly Delivery[], signal: AbortSignal): Promise<void> {
    const last = batch.at(-1);
    if (last === undefined) return;
    const now = clock.now();
    for (const { offset, value } of batch) {
      const event = decode(value);
      const source = event?.type === "write" ? event.write.region : event?.region;
      if (event === undefined || source === undefined || !regions.includes(source))
        say(`replication: message ${offset} is no event of ${regions.join(", ")}: skipped`);
      else if (source !== region) stage.put({ offset, source, event, size: value.length }, now);
    }
    received = last.offset + 1;
    work.ring();
    while (stage.size() > STAGE_LIMIT && !signal.aborted) {
      if (!full)
        say(`replication: ${stage.waiting()} events wait here; the log keeps the others until some are applied`);
      full = true;
      await room.wait(ROOM_LOOK_MS);
      room.take();
    }
    if (full) say("replication: receiving again");
    full = false;
  }

  async function applyWhatIsDue(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      work.take();
      const batch = stage.take(clock.now(), BATCH);
      inHand = batch.length > 0;
      try {
        await take(batch);
        stage.done(batch);
        inHand = false;
        room.ring();
        if (trouble) say("replication: applying again");
        trouble = false;
        if (batch.length === 0)
          await work.wait(Math.max(1, Math.min(STORE_POSITION_MS, stage.nextDueAt() - clock.now())));
      } catch (error) {
        stage.giveBack(batch);
        if (signal.aborted) return;
        if (!trouble) say(`replication: cannot apply (${String(error)}); the log keeps it, trying again`);
        trouble = true;
        await clock.sleep(RETRY_MS, signal).catch(() => {});
      }
    }
  }

  async function take(batch: readonly Staged[]): Promise<void> {
    if (received === null) return;
    const { oldest, heard } = stage.after(batch);
    const after: Position = { next: Math.min(received, oldest), heard: later(position.heard, heard) };
    const events = batch.flatMap(({ event }) => (event.type === "write" ? [event] : []));
    if (events.length > 0) await applyAll(events, after);
    else if (clock.now() - storedAt >= STORE_POSITION_MS) await store.moveTo(after).then(moved);
    position = after;
    if (batch.length > 0) lastMessageAt = clock.now();
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
      received: () => received,
      waiting: () => stage.waiting(),
      isApplying: () => inHand || stage.nextDueAt() <= clock.now(),
      heard: () => position.heard,
      lastMessageAt: () => lastMessageAt,
    },
    stage: {
      ...stage,
      order(faults) {
        stage.order(faults);
        work.ring();
      },
    },
    async run(signal) {
      for (const bell of [work, room]) signal.addEventListener("abort", bell.ring, { once: true });
      await load(signal);
      if (signal.aborted) return;
      const following = log.follow(
        async () => received,
        (batch) => receive(batch, signal),
        signal,
      );
      await Promise.all([following, applyWhatIsDue(signal)]);
    },
  };
}

/** By source the later of both. */
function later(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const both: Record<string, number> = { ...a };
  for (const [source, at] of Object.entries(b)) both[source] = Math.max(both[source] ?? 0, at);
  return both;
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
