// The coordinator without a network, on a clock of its own: how members agree, and what becomes of the silent ones.
import { rmSync, statSync, writeSync } from "node:fs";
import { join as pathOf } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openGroupStore, type GroupStore } from "../../src/broker/group-store.ts";
import { Groups } from "../../src/broker/groups.ts";
import { Durability } from "../../src/broker/log/durability.ts";
import type { JoinAnswer } from "../../src/broker/member.ts";
import { ERROR } from "../../src/broker/protocol/errors.ts";
import type { Write } from "../../src/broker/log/append-file.ts";
import { temporaryDirectory } from "./program.ts";

const SESSION_MS = 1_500;
const REBALANCE_MS = 2_000;
const DELAY_MS = 100;

let root: string;
let lines: string[];
let groups: Groups;
const log = (line: string) => lines.push(line);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  lines = [];
  root = temporaryDirectory();
  groups = open(openGroupStore(root, false, journal()));
});
afterEach(() => {
  groups.close();
  expect(vi.getTimerCount(), "timers left behind").toBe(0);
  vi.useRealTimers();
  rmSync(root, { recursive: true });
});

const open = (store: GroupStore) =>
  new Groups({ initialDelayMs: DELAY_MS, minSessionTimeoutMs: 100, maxSessionTimeoutMs: 60_000, store, log });

const journal = (write?: Write, compactAboveBytes?: number) => ({
  durability: new Durability("never", log),
  log,
  write,
  compactAboveBytes,
});

/** In small steps: what a timer begins in one is seen by the next. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) {
    vi.advanceTimersByTime(Math.min(10, left));
    await new Promise(setImmediate);
  }
}

function join(memberId: string, metadata = "m", protocol = "range", sessionTimeoutMs = SESSION_MS) {
  const protocols = [{ name: protocol, metadata: Buffer.from(metadata) }];
  const client = { clientId: "client", clientHost: "/127.0.0.1" };
  const timeouts = { sessionTimeoutMs, rebalanceTimeoutMs: REBALANCE_MS };
  return groups.join("g", { memberId, ...client, ...timeouts, protocolType: "consumer", protocols });
}

/** Asks for an id first, as every client does. */
async function enter(metadata?: string, protocol?: string): Promise<{ id: string; joined: Promise<JoinAnswer> }> {
  const { error, memberId } = await join("", metadata, protocol);
  expect([error, memberId]).toEqual([ERROR.memberIdRequired, expect.stringMatching(/^client-/)]);
  return { id: memberId, joined: join(memberId, metadata, protocol) };
}

const sync = (id: string, generation: number, plan: Record<string, string> = {}) =>
  groups.sync("g", id, generation, new Map(Object.entries(plan).map(([member, part]) => [member, Buffer.from(part)])));

/** Two members, agreed: a leads. */
async function pair() {
  const [a, b] = [await enter(), await enter()];
  await pass(3 * DELAY_MS);
  const { generation, leader } = await a.joined;
  expect(leader).toBe(a.id);
  const followed = sync(b.id, generation);
  await sync(a.id, generation, { [a.id]: "left", [b.id]: "right" });
  expect((await followed).assignment.toString()).toBe("right");
  return { a: a.id, b: b.id, generation };
}

describe("a new group", () => {
  test("waits for those who come at the same time, so that one generation is enough", async () => {
    const a = await enter("of a");
    await pass(DELAY_MS - 10);
    const b = await enter("of b");
    await pass(2 * DELAY_MS);
    const [first, second] = await Promise.all([a.joined, b.joined]);
    expect([first.generation, second.generation]).toEqual([1, 1]);
    expect(first.members.map(({ metadata }) => metadata.toString())).toEqual(["of a", "of b"]);
    expect([second.leader, second.members]).toEqual([a.id, []]);
  });

  test("refuses what cannot work: a foreign protocol, an unknown id, a session out of bounds", async () => {
    const a = await enter();
    const { memberId } = await join("");
    expect((await join(memberId, "m", "roundrobin")).error).toBe(ERROR.inconsistentGroupProtocol);
    expect((await join("never-invited")).error).toBe(ERROR.unknownMemberId);
    expect((await join("", "m", "range", 99)).error).toBe(ERROR.invalidSessionTimeout);
    expect(groups.leave("g", memberId)).toBe(ERROR.none);
    await pass(2 * DELAY_MS);
    expect((await a.joined).error).toBe(ERROR.none);
  });
});

describe("a rebalance", () => {
  test("takes in a third member: the others hear of it by heartbeat and join again", async () => {
    const { a, b, generation } = await pair();
    expect(groups.heartbeat("g", a, generation)).toBe(ERROR.none);
    const c = await enter();
    expect(groups.heartbeat("g", a, generation)).toBe(ERROR.rebalanceInProgress);
    expect(groups.commit("g", a, generation), "what was read before may be committed").toBe(ERROR.none);
    const answers = await Promise.all([join(a), join(b), c.joined]);
    expect(answers.map((answer) => answer.generation)).toEqual([2, 2, 2]);
    expect(answers[0].members).toHaveLength(3);
    expect(groups.heartbeat("g", a, generation)).toBe(ERROR.illegalGeneration);
    expect(groups.commit("g", a, 2), "not before the new parts are known").toBe(ERROR.rebalanceInProgress);
  });

  test("goes on without a member that does not join again in time, and its old generation may not commit", async () => {
    const { a, b, generation } = await pair();
    const c = await enter();
    const again = join(a);
    for (let ms = 0; ms < REBALANCE_MS; ms += 500) {
      groups.heartbeat("g", b, generation); // alive, but busy
      await pass(500);
    }
    expect((await again).members.map(({ memberId }) => memberId)).toEqual([a, c.id]);
    expect((await c.joined).generation).toBe(2);
    expect(groups.commit("g", b, generation)).toBe(ERROR.unknownMemberId);
  });

  test("a silent member is out after its session; the other one gets everything", async () => {
    const { a, b, generation } = await pair();
    for (let ms = 0; ms < SESSION_MS; ms += 500) {
      expect(groups.heartbeat("g", a, generation)).toBe(ERROR.none);
      await pass(500);
    }
    expect(groups.heartbeat("g", b, generation)).toBe(ERROR.unknownMemberId);
    expect(groups.heartbeat("g", a, generation)).toBe(ERROR.rebalanceInProgress);
    expect((await join(a)).members).toHaveLength(1);
  });

  test("a leader that leaves is replaced at once", async () => {
    const { a, b, generation } = await pair();
    expect(groups.leave("g", a)).toBe(ERROR.none);
    expect(groups.heartbeat("g", b, generation)).toBe(ERROR.rebalanceInProgress);
    expect(await join(b)).toMatchObject({ leader: b, generation: generation + 1 });
  });

  test("a leader that never shares the work out holds nobody up for ever", async () => {
    const [a, b] = [await enter(), await enter()];
    await pass(3 * DELAY_MS);
    const { generation } = await b.joined;
    const waiting = sync(b.id, generation);
    for (let ms = 0; ms <= REBALANCE_MS; ms += 500) {
      groups.heartbeat("g", a.id, generation);
      await pass(500);
    }
    expect((await waiting).error).toBe(ERROR.rebalanceInProgress);
    expect(await join(b.id)).toMatchObject({ leader: b.id, generation: generation + 1 });
  });

  test("a join repeated because its answer was lost gets the same answer, and nobody else notices", async () => {
    const { a, b, generation } = await pair();
    expect(await join(b)).toMatchObject({ error: ERROR.none, generation });
    expect((await sync(b, generation)).assignment.toString()).toBe("right");
    expect(groups.heartbeat("g", a, generation)).toBe(ERROR.none);
  });
});

test("only members commit, except where there are none", async () => {
  expect(groups.commit("g", "", -1)).toBe(ERROR.none);
  const { a, generation } = await pair();
  expect(groups.commit("g", a, generation)).toBe(ERROR.none);
  expect(groups.commit("g", "", -1)).toBe(ERROR.unknownMemberId);
  expect(groups.commit("g", a, generation + 1)).toBe(ERROR.illegalGeneration);
  expect(groups.commit("other", a, generation)).toBe(ERROR.unknownMemberId);
});

test("when everybody has left, the group begins anew", async () => {
  const { a, b } = await pair();
  expect([groups.leave("g", a), groups.leave("g", b), groups.leave("g", b)]).toEqual([0, 0, ERROR.unknownMemberId]);
  const c = await enter();
  await pass(DELAY_MS);
  expect(await c.joined).toMatchObject({ error: ERROR.none, leader: c.id });
});

test("what is agreed can be seen from outside, and nothing of what is not", async () => {
  expect(groups.describe("g")).toBeUndefined();
  const { a, b, generation } = await pair();
  const client = { clientId: "client", clientHost: "/127.0.0.1" };
  const known = [
    { memberId: a, ...client, metadata: Buffer.from("m"), assignment: Buffer.from("left") },
    { memberId: b, ...client, metadata: Buffer.from("m"), assignment: Buffer.from("right") },
  ];
  expect(groups.describe("g")).toEqual({
    state: "stable",
    protocolType: "consumer",
    protocol: "range",
    members: known,
  });
  expect(groups.remove("g"), "it has members").toBe(false);

  groups.leave("g", b);
  expect(groups.describe("g")).toMatchObject({ state: "preparing", protocol: "", members: [{ memberId: a }] });
  expect(groups.describe("g")!.members[0]!.assignment).toHaveLength(0);
  await join(a);
  expect(groups.describe("g")).toMatchObject({ state: "completing", protocol: "" });
  await sync(a, generation + 1);
  groups.leave("g", a);
  expect(groups.describe("g")).toBeUndefined();
});

test("a group in which nobody is yet can be removed; who was invited begins anew", async () => {
  const { memberId } = await join("");
  expect([groups.remove("g"), groups.ids]).toEqual([true, []]);
  expect((await join(memberId)).error).toBe(ERROR.unknownMemberId);
});

describe("a restart", () => {
  /** What a killed broker leaves is the file; its timers end with it. */
  function restart(persistMembers: boolean, options = journal()): void {
    groups.close();
    groups = open(openGroupStore(root, persistMembers, options));
  }

  test("with persistent members: they go on in their generation, with their parts; a silent one has one session", async () => {
    restart(true);
    const { a, b, generation } = await pair();
    restart(true);
    const { state, protocol, members } = groups.describe("g")!;
    expect([state, protocol, members.map(({ memberId }) => memberId)]).toEqual(["stable", "range", [a, b]]);
    expect((await sync(a, generation)).assignment.toString()).toBe("left");
    expect(groups.commit("g", a, generation)).toBe(ERROR.none);
    for (let ms = 0; ms < SESSION_MS; ms += 500) {
      expect(groups.heartbeat("g", a, generation)).toBe(ERROR.none);
      await pass(500);
    }
    expect(groups.heartbeat("g", a, generation), "b was not heard of").toBe(ERROR.rebalanceInProgress);
    expect(await join(a)).toMatchObject({ leader: a, generation: generation + 1 });
  });

  test("in the middle of a rebalance: the generation before it stands, and who came for the new one begins anew", async () => {
    restart(true);
    const { a, generation } = await pair();
    const c = await enter();
    restart(true);
    expect((await c.joined).error).toBe(ERROR.coordinatorNotAvailable);
    expect(groups.heartbeat("g", a, generation)).toBe(ERROR.none);
    expect((await join(c.id)).error).toBe(ERROR.unknownMemberId);
  });

  test("without them, or when all have left before: nobody is known", async () => {
    restart(true);
    const first = await pair();
    restart(false);
    expect(groups.heartbeat("g", first.a, first.generation)).toBe(ERROR.unknownMemberId);
    restart(true);
    expect(groups.ids, "what was kept before the setting was off is not met again").toEqual([]);

    const { a, b } = await pair();
    for (const id of [a, b]) groups.leave("g", id);
    restart(true);
    expect(groups.ids).toEqual([]);
  });

  test("what is kept does not grow with the rebalances", async () => {
    restart(true, journal(undefined, 2_000));
    const { a, b } = await pair();
    for (let round = 0; round < 30; round += 1) {
      const joined = await Promise.all([join(a), join(b)]);
      await sync(a, joined[0].generation, { [a]: `left ${round}` });
    }
    expect(statSync(pathOf(root, "groups.log")).size).toBeLessThan(6_000);
    restart(true);
    expect((await sync(a, 31)).assignment.toString()).toBe("left 29");
  });

  test("a full disk costs the members their place after a restart, and nothing before it", async () => {
    let isFull = true;
    const write: Write = (fd, bytes, from, length, position) => {
      if (isFull) throw new Error("ENOSPC: no space left on device, write");
      return writeSync(fd, bytes, from, length, position);
    };
    restart(true, journal(write));
    const { a, generation } = await pair();
    expect(groups.heartbeat("g", a, generation)).toBe(ERROR.none);
    expect(lines.at(-1)).toMatch(/group g: its members are not kept: .*ENOSPC/);
    isFull = false;
    restart(true);
    expect(groups.heartbeat("g", a, generation)).toBe(ERROR.unknownMemberId);
  });
});
