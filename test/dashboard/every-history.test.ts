// What holds of every history that is folded into a picture, sensible or not.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MOST_FAULTS, MOST_LINES, MOST_SAMPLES, MOST_STEPS } from "../../src/dashboard/picture.ts";
import { EMPTY, fold, foldAll } from "../../src/dashboard/state.ts";
import type { Event, Happening } from "../../src/model/event.ts";
import { seeded } from "../../src/model/random.ts";
import { twoRegions } from "../support/topology.ts";
import {
  begun,
  ended,
  events,
  fault,
  found,
  frozen,
  node,
  proved,
  region,
  runBegun,
  sample,
  type Told,
} from "./story.ts";

const NAMES = [...twoRegions.nodes.map(({ name }) => name), "links", "stranger"];
const LINKS = [
  { from: "us", to: "eu" },
  { from: "eu", to: "us" },
  { from: "edge", to: "us", crossing: { from: "edge", to: "backend-us" } },
];
const KINDS = ["kill", "stop", "pause", "region-outage", "partition", "latency", "hold"] as const;

/** Anything that may happen, in no sensible order. */
function anything(random: { next(): number; pick<T>(from: readonly T[]): T }): Happening {
  const { pick } = random;
  const some = <T>(from: readonly T[]) => from.filter(() => random.next() < 0.4);
  const id = `fault ${Math.floor(random.next() * 400)}`;
  const happenings: readonly (() => Happening)[] = [
    () => begun(fault(pick(KINDS), some(NAMES), { id, links: some(LINKS), parameters: { addMs: 10 } })),
    () => proved(id, random.next() < 0.5),
    () => ended(id, some(NAMES)),
    () => node(pick(NAMES), pick(["up", "down", "paused", "starting"]), random.next() < 0.8),
    () =>
      sample({
        us: region({ healthy: random.next() < 0.5, conflicts: pick([null, 0, 3, 4, 900]) }),
        mars: region(),
      }),
    () => ({
      type: "step",
      phase: "begin",
      path: `${Math.floor(random.next() * 5_000)}`,
      verb: "v",
      text: "t",
      line: 1,
    }),
    () => ({
      type: "step",
      phase: "end",
      path: `${Math.floor(random.next() * 5_000)}`,
      verdict: pick(["passed", "failed"]),
    }),
    () => ({ type: "probe", region: "us", ok: true, due: 0 }),
    () => ({ type: "complete", op: 1, outcome: { type: "ok" } }),
    () => ({ type: "log", level: "warning", text: id }),
    () => ({ type: "healed", quiet: false }),
    () => ({ type: "round", differing: some(NAMES), pending: {} }),
    () => ({ type: "leftovers", found: NAMES }),
    () => ({
      type: "conflict",
      region: pick(["us", "eu"]),
      number: 1,
      kind: pick(["concurrent", "rejected"]),
      key: "1",
      winner: null,
      loser: null,
      rule: "r",
    }),
  ];
  return pick(happenings)();
}

function anyHistory(seed: number, length: number, eachMs: number): readonly Event[] {
  const random = seeded(seed);
  const first: readonly Told[] = seed % 3 === 0 ? [] : [[0, seed % 3 === 1 ? found() : runBegun]];
  const rest = Array.from({ length }, (_, i): Told => [(i + 1) * eachMs, anything(random)]);
  return events(...first, ...rest, [length * eachMs, { type: "end", reason: "done" }]);
}

describe("every history", () => {
  it("is the same folded one by one or in batches; nothing that was given is changed; the same node event again is no news", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 30 }),
        (seed, length, batch) => {
          const history = frozen(anyHistory(seed, length, 500));
          let single = frozen(EMPTY);
          for (const event of history) {
            single = frozen(fold(single, event));
            if (event.type === "node" && single.nodes.some(({ name }) => name === event.node)) {
              expect(fold(single, event)).toEqual(single);
            }
          }
          let batched = frozen(EMPTY);
          for (let i = 0; i < history.length; i += batch)
            batched = frozen(foldAll(batched, history.slice(i, i + batch)));
          expect(batched).toEqual(single);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is bounded after 20,000 events, however dense", () => {
    for (const eachMs of [1, 400]) {
      const picture = foldAll(foldAll(EMPTY, events([0, found()], [0, runBegun])), anyHistory(0, 20_000, eachMs));
      expect(picture.lines).toHaveLength(MOST_LINES);
      expect(picture.faults.length).toBeLessThanOrEqual(MOST_FAULTS);
      expect(Object.keys(picture.run?.steps ?? {}).length).toBeLessThanOrEqual(MOST_STEPS);
      expect(picture.nodes).toHaveLength(7);
      for (const each of picture.regions) {
        expect(each.lagHistory.length).toBeLessThanOrEqual(MOST_SAMPLES);
        expect(each.conflictHistory.length).toBeLessThanOrEqual(MOST_SAMPLES);
      }
      expect(JSON.stringify({ ...picture, topology: undefined, run: undefined }).length).toBeLessThan(1_000_000);
    }
  });
});
