// Session guarantees against whole histories: judged as the definitions judge them, and rejected once they are spoiled.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectations } from "../../src/checkers/index.ts";
import { Waiting } from "../../src/checkers/sessions/waiting.ts";
import type { Event } from "../../src/model/event.ts";
import type { Judgement } from "../../src/model/verdict.ts";
import { oracle } from "./session-oracle.ts";
import type { Kind } from "./session-oracle.ts";
import { acknowledged, changed } from "./spoiling.ts";
import type { Written } from "./spoiling.ts";
import { Story } from "./story.ts";
import { goodHistory } from "./world.ts";

const seeds = fc.integer({ min: 0, max: 1e6 });
const KINDS: Readonly<Record<string, readonly [later: Kind, earlier: Kind]>> = {
  "read-your-writes": ["read", "write"],
  "monotonic-reads": ["read", "read"],
  "monotonic-writes": ["write", "write"],
  "writes-follow-reads": ["write", "read"],
};
const NAMES = Object.keys(KINDS);

const judge = (name: string, history: readonly Event[]): Judgement => expectations[name]!.judge(history, {} as never);

/** Two keys, so that the sessions are long; clients of us move to eu while us is down. */
const world = (seed: number) => goodHistory({ seed, operations: 150, keys: 2 });
/** The same system as one without vectors tells it. */
const numbered = (seed: number) =>
  changed(world(seed), (event) => (event.type === "complete" ? { ...event, state: undefined } : event));
/** The same operations by three clients in turn, who so roam between the regions. */
const roaming = (seed: number) =>
  changed(world(seed), (event) => (event.type === "invoke" ? { ...event, client: `c${(event.op * 7) % 3}` } : event));

describe("whatever happened", () => {
  test.each([
    ["a system of two regions", world],
    ["one without version vectors", numbered],
    ["one whose clients roam", roaming],
  ])("%s: the counts are those of the definition", (_, tell) => {
    let violated = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const history = tell(seed);
        for (const [name, [later, earlier]] of Object.entries(KINDS)) {
          const { breakdown, valid, summary } = judge(name, history);
          const expected = oracle(history, later, earlier);
          const told = (what: "checked" | "violated") =>
            Object.fromEntries(breakdown!.filter((part) => part[what] > 0).map((part) => [part.of, part[what]]));
          expect({ name, checked: told("checked"), violated: told("violated") }).toEqual({
            name,
            checked: expected.checked,
            violated: expected.violated,
          });
          const [checked, wrong] = (["checked", "violated"] as const).map((what) =>
            breakdown!.reduce((total, part) => total + part[what], 0),
          );
          expect(valid).toBe(checked === 0 ? "unknown" : wrong === 0);
          expect(summary.includes("not compared with all that came before")).toBe(expected.apart > 0);
          violated += wrong!;
        }
      }),
      { numRuns: 60, seed: 4 },
    );
    expect(violated > 0).toBe(tell !== numbered); // one region's numbers never go back in a correct system
  });

  test("a correct system never contradicts itself in one region, and clients that stay are never contradicted", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const history = world(seed);
        // While us is down its clients are served by eu: those of eu stay where they are.
        const staying = changed(history, (event) =>
          event.type === "invoke" && event.client.startsWith("us") ? undefined : event,
        );
        for (const name of NAMES) {
          const all = judge(name, history).breakdown!.filter(({ of }) => of.startsWith("same region"));
          expect(all.map(({ violated }) => violated)).toEqual([0, 0]);
          expect(judge(name, staying).valid).not.toBe(false);
        }
        expect(judge("monotonic-reads", staying).valid).toBe(true);
      }),
      { numRuns: 60, seed: 5 },
    );
  });
});

interface Mutation {
  what: string;
  rejectedBy: string;
  as: false | "unknown";
  spoil(history: readonly Event[]): Event[] | undefined;
}

/** The first answer of that kind whose client had an earlier one of the other kind with something in it. */
function after(history: readonly Event[], later: Kind, earlier: Kind): Written["complete"] | undefined {
  const sentOnce = (id: string | undefined) =>
    history.filter((event) => event.type === "invoke" && event.id === id).length === 1;
  const writes = acknowledged(history).filter(({ invoke }) => sentOnce(invoke.id));
  const all = (kind: Kind): readonly Written[] => (kind === "write" ? writes : readsOf(history));
  const pair = all(later).find(({ invoke }) =>
    all(earlier).some(
      (one) =>
        one.invoke.client === invoke.client &&
        one.invoke.key === invoke.key &&
        one.complete.at < invoke.at &&
        one.complete.state !== "us:0,eu:0",
    ),
  );
  return pair?.complete;
}

function readsOf(history: readonly Event[]): readonly Written[] {
  const completes = new Map(
    history.flatMap((event) => (event.type === "complete" ? [[event.op, event] as const] : [])),
  );
  return history.flatMap((event) => {
    const complete = event.type === "invoke" && event.kind === "read" ? completes.get(event.op) : undefined;
    return event.type === "invoke" && complete?.outcome.type === "ok" ? [{ invoke: event, complete }] : [];
  });
}

const mutations: readonly Mutation[] = [
  ...Object.entries(KINDS).map(([name, [later, earlier]]): Mutation => ({
    what: `a ${later} was answered as if no ${earlier} had been before`,
    rejectedBy: name,
    as: false,
    spoil(history) {
      const victim = after(history, later, earlier);
      if (victim === undefined) return undefined;
      return changed(history, (event) => (event === victim ? { ...victim, state: "us:0,eu:0" } : event));
    },
  })),
  ...NAMES.map((name): Mutation => ({
    what: "no answer names a state",
    rejectedBy: name,
    as: "unknown",
    spoil: (history) =>
      changed(history, (event) =>
        event.type === "complete" ? { ...event, state: undefined, version: undefined } : event,
      ),
  })),
  ...NAMES.map((name): Mutation => ({
    what: "every operation has a client of its own",
    rejectedBy: name,
    as: "unknown",
    spoil: (history) =>
      changed(history, (event) => (event.type === "invoke" ? { ...event, client: `c${event.op}` } : event)),
  })),
];

describe("an accepted history", () => {
  test.each(mutations)("$rejectedBy turns when $what", ({ rejectedBy, as, spoil }) => {
    let spoiled = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const good = world(seed);
        if (judge(rejectedBy, good).valid !== true) return;
        const history = spoil(good);
        if (history === undefined) return;
        spoiled++;
        expect({ seed, valid: judge(rejectedBy, history).valid }).toEqual({ seed, valid: as });
      }),
      { numRuns: 60, seed: 6 },
    );
    expect(spoiled).toBeGreaterThan(10);
  });
});

describe("work does not grow faster than the history", () => {
  /** A client that has everything in flight at once, answered in the opposite order. */
  const looks = (count: number) => {
    const completed = Float64Array.from({ length: count }, (_, i) => 2 * count - i);
    let looked = 0;
    const counting = new Proxy(completed, {
      get: (target, name) => {
        looked++;
        return Reflect.get(target, name) as unknown;
      },
    });
    const waiting = new Waiting(1, counting);
    const released: number[] = [];
    for (let i = 0; i < count; i++) {
      waiting.release(0, i, () => released.push(-1)); // nothing was answered yet
      waiting.add(0, i);
    }
    waiting.release(0, Infinity, (operation) => released.push(operation));
    expect(released.toSorted((a, b) => a - b)).toEqual([...completed.keys()]);
    return looked;
  };

  test("many operations of one client at once", () => {
    expect(looks(4_000) / looks(2_000)).toBeLessThan(2.5);
  });

  test("100,000 writes of one key by one client, all of them in flight at once", () => {
    const story = new Story();
    const asked = Array.from({ length: 100_000 }, (_, i) => story.write("us", 1, i, { client: "ann" }));
    for (const [i, one] of asked.entries()) one.ok(`us:${i + 1},eu:0`);
    story.read("us", 1, { client: "ann" }).ok("us:99999,eu:0");
    expect(judge("monotonic-writes", story.events).valid).toBe("unknown"); // none came before another
    expect(judge("read-your-writes", story.events).valid).toBe(false);
  });
});
