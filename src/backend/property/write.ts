// A PUT is one transaction: the request id, then the row, then its event.
//
//   claim the id ── taken ──> 422 with the answer that it had (the same request), or that it is another request's
//        │                    (a second request with the same id waits here for the first)
//   lock the row ── missing ──> 404;  not what the client expected ──> 409      (both leave the id free)
//        │
//   row + event + answer ──> commit ──> 200
//
// Only an effect is remembered.
import { BETWEEN_MS, LOSE_EVERY, SLOW_COMMIT_MS, SLOW_EVERY, type Broken } from "../broken.ts";
import type { StampClock } from "../conflict/clock.ts";
import { rejectedWrite, sideOf } from "../conflict/record.ts";
import { keep, make } from "../conflict/resolve.ts";
import { equal, etagOf, formatVector, versionOf } from "../conflict/vector.ts";
import type { Answer, Claim, Conflict, Message, Ports, Row, Transaction } from "../ports.ts";
import { encode } from "../replication/outbox.ts";
import { fingerprintOf, type PutRequest } from "./schema.ts";

export type PutResult =
  | { kind: "done"; answer: Answer }
  /** The same request had its effect before. */
  | { kind: "repeated"; answer: Answer }
  /** The id belongs to a different request. */
  | { kind: "reused" }
  | { kind: "missing" }
  | { kind: "refused"; detail: string; row: Row };

export interface Writing {
  region: string;
  regions: readonly string[];
  stamps: StampClock;
  broken?: Broken;
  /** After a commit. */
  committed(): void;
  recorded(conflict: Conflict): void;
}

/** Broken on purpose: these do not claim an id where its effect takes place. */
const LOOKS_BEFORE: ReadonlySet<Broken> = new Set(["remember-before-effect", "non-atomic-idempotency"]);

export function createWriter(writing: Writing, ports: Ports): (request: PutRequest) => Promise<PutResult> {
  const { region, regions, stamps } = writing;
  const { store, clock, say } = ports;
  let resumed = false;
  let acknowledged = 0;
  /** Broken on purpose: nobody waits at these. */
  const remembered = new Map<string, Claim>();

  return async function put(request) {
    if (!resumed) {
      // After a restart no stamp may be below one that was given before, whatever the clock says now.
      stamps.observe(await store.greatestStamp());
      resumed = true;
    }
    const early = await lookEarly(request);
    const result = early ?? (await commit((tx) => attempt(tx, request)));
    if (result.kind === "done") writing.committed();
    if (result.kind === "refused") await recordRefusal(request, result.row);
    return result;
  };

  async function lookEarly(request: PutRequest): Promise<PutResult | undefined> {
    if (writing.broken === "remember-before-effect") return rememberEarly(request);
    return writing.broken === "non-atomic-idempotency" ? lookUp(request) : undefined;
  }

  async function commit(work: (tx: Transaction) => Promise<PutResult>): Promise<PutResult> {
    if (writing.broken === "relay-by-greatest-id") return store.transaction((tx) => late(work(tx)));
    if (writing.broken === "publish-before-commit") return store.transaction((tx) => publishedFirst(tx, work));
    if (writing.broken !== "ack-before-commit") return store.transaction(work);
    // The answer is out before the commit, so whatever befalls the transaction afterwards takes an acknowledged write away.
    return new Promise((answered, failed) => {
      store
        .transaction(async (tx) => {
          const result = await work(tx);
          answered(result);
          if (result.kind === "done" && ++acknowledged % LOSE_EVERY === 0) tx.abandon();
          return result;
        })
        .then(writing.committed)
        .catch(failed);
    });
  }

  /** Broken on purpose: the event has its number, and its commit takes so long that others with greater numbers overtake it. */
  async function late(working: Promise<PutResult>): Promise<PutResult> {
    const result = await working;
    if (result.kind === "done" && ++acknowledged % SLOW_EVERY === 0) await clock.sleep(SLOW_COMMIT_MS);
    return result;
  }

  /** Broken on purpose: the event is out before the commit, which every now and then does not come, as after a kill in between. */
  async function publishedFirst(tx: Transaction, work: (tx: Transaction) => Promise<PutResult>): Promise<PutResult> {
    const events: Message[] = [];
    const write: Transaction["write"] = (made) => {
      events.push({ key: made.event.key, value: made.event.text });
      return tx.write(made);
    };
    const result = await work({ ...tx, write });
    if (result.kind !== "done") return result;
    await ports.log.append(events);
    if (++acknowledged % LOSE_EVERY === 0) throw new Error("the commit did not come (broken on purpose)");
    return result;
  }

  async function attempt(tx: Transaction, request: PutRequest): Promise<PutResult> {
    const claim = claimOf(request);
    const known = claim === null ? undefined : await knownAs(tx, claim);
    if (known !== undefined && writing.broken !== "skip-dedup") {
      tx.abandon();
      return answerOfKnown(known, claim);
    }

    const row = (await tx.lock([request.id])).get(request.id);
    const again = known !== undefined || remembered.has(claim?.requestId ?? "");
    const detail = row && !again ? mismatch(row, request, regions) : undefined;
    if (row === undefined || detail !== undefined) {
      tx.abandon();
      return row === undefined || detail === undefined ? { kind: "missing" } : { kind: "refused", detail, row };
    }

    // Time is asked under the row's lock, so that it goes on with the versions.
    const now = clock.now();
    const write = make(row, region, {
      value: request.price,
      stamp: stamps.next(row.write.stamp),
      requestId: request.requestId,
      at: now,
    });
    const after = { ...row, ...keep(row, write) };
    const answer = answerOf(request, after, now, regions);
    const event = encode({
      type: "write",
      key: row.id,
      write,
      fingerprint: claim?.fingerprint ?? null,
      answer,
      committedAt: now,
    });
    const effective = claim && { ...claim, effect: { region, key: row.id, write: sideOf(write, regions), answer } };
    await tx.write({
      row: after,
      expectedVersion: versionOf(row.seen),
      event: { key: String(row.id), text: event },
      claim: effective,
    });
    if (writing.broken === "non-atomic-idempotency" && effective) remembered.set(effective.requestId, effective);
    return { kind: "done", answer };
  }

  /** Claims the id, or tells who has it: whoever comes second waits here for the first. */
  async function knownAs(tx: Transaction, claim: Claim): Promise<Claim | undefined> {
    if (writing.broken !== undefined && LOOKS_BEFORE.has(writing.broken)) return undefined;
    return (await tx.claim([claim], clock.now())).get(claim.requestId);
  }

  /** Broken on purpose: looks, and will remember later. */
  async function lookUp(request: PutRequest): Promise<PutResult | undefined> {
    const claim = claimOf(request);
    const known = remembered.get(claim?.requestId ?? "");
    if (known !== undefined) return answerOfKnown(known, claim);
    if (claim !== null) await clock.sleep(BETWEEN_MS);
    return undefined;
  }

  /** Broken on purpose: commits the id with the answer that the write would get, which then may have no effect. */
  async function rememberEarly(request: PutRequest): Promise<PutResult | undefined> {
    const claim = claimOf(request);
    const row = await store.property(request.id);
    if (claim === null || row === undefined) return undefined;
    const now = clock.now();
    const write = make(row, region, { value: request.price, stamp: 0, requestId: request.requestId, at: now });
    const answer = answerOf(request, { ...row, seen: write.written }, now, regions);
    const effect = { region, key: row.id, write: sideOf(write, regions), answer };
    const known = await store.transaction((tx) => tx.claim([{ ...claim, effect }], now));
    const before = known.get(claim.requestId);
    return before && answerOfKnown(before, claim);
  }

  async function recordRefusal(request: PutRequest, row: Row): Promise<void> {
    const { id: key, price: value, requestId } = request;
    const conflict = rejectedWrite({ key, value, requestId }, row.write, { region, regions, at: clock.now() });
    writing.recorded(conflict);
    // The answer is certain whether or not it can be written down.
    await store.record(conflict).catch((error) => say(`a refused write could not be recorded: ${String(error)}`));
  }

  function claimOf(request: PutRequest): Claim | null {
    if (request.requestId === null) return null;
    return { requestId: request.requestId, fingerprint: fingerprintOf(request), effect: null };
  }
}

/** The same request had its effect before, or the id belongs to another one. */
function answerOfKnown(known: Claim, claim: Claim | null): PutResult {
  const answer = known.fingerprint === claim?.fingerprint ? known.effect?.answer : undefined;
  return answer === undefined ? { kind: "reused" } : { kind: "repeated", answer };
}

/** A sentence when the row is not what the client expected. */
function mismatch(row: Row, request: PutRequest, regions: readonly string[]): string | undefined {
  const version = versionOf(row.seen);
  const different: string[] = [];
  if (request.version !== null && request.version !== version)
    different.push(`expected version ${request.version}, current version is ${version}`);
  if (request.state !== null && !equal(request.state, row.seen))
    different.push(
      `expected state ${formatVector(request.state, namesOf(request.state, regions))}, ` +
        `current state is ${formatVector(row.seen, regions)}`,
    );
  return different.length === 0 ? undefined : `Version conflict: ${different.join("; ")}`;
}

/** Ours, and whatever else the client named. */
function namesOf(state: Readonly<Record<string, number>>, regions: readonly string[]): readonly string[] {
  return [...new Set([...regions, ...Object.keys(state)])];
}

/** The write as it was accepted; under wall clocks the row may have kept another value. */
function answerOf(request: PutRequest, after: Row, now: number, regions: readonly string[]): Answer {
  return {
    body: {
      id: request.id,
      price: request.price,
      version: versionOf(after.seen),
      updated_at: new Date(now).toISOString(),
    },
    etag: etagOf(after.seen, regions),
  };
}
