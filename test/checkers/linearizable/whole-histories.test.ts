// linearizable against whole histories: those of a correct system of two regions are accepted, whatever befell it (a kill,
// failover, late replication, lost answers, conflicts), and rejected once one answer of one region is spoiled.
import fc from "fast-check";
import { expect, test } from "vitest";
import { linearizable } from "../../../src/checkers/linearizable.ts";
import type { Event } from "../../../src/model/event.ts";
import { changed } from "../spoiling.ts";
import { goodHistory } from "../world.ts";

const REGIONS = ["us", "eu"];
const seeds = fc.integer({ min: 0, max: 1e6 });
const said = (history: readonly Event[], region: string) => linearizable.judge(history, { region });

test("what a correct system tells is accepted in every region, by version and by zones or by search", () => {
  const summaries: string[] = [];
  fc.assert(
    fc.property(seeds, (seed) => {
      const history = goodHistory({ seed });
      for (const region of REGIONS) {
        const { valid, story, summary } = said(history, region);
        expect({ seed, region, valid, story }).toEqual({ seed, region, valid: true, story: undefined });
        summaries.push(summary);
      }
    }),
    { numRuns: 200, seed: 1 },
  );
  const share = (pattern: RegExp) => summaries.filter((summary) => pattern.test(summary)).length / summaries.length;
  expect(share(/of which [1-9]\d* (was|were) seen/)).toBeGreaterThan(0.9);
  expect(share(/by version.* and by zones/)).toBeGreaterThan(0.3);
  expect(share(/by search/)).toBeGreaterThan(0.02); // one id that took effect in both regions
});

interface Answered {
  invoke: Event & { type: "invoke" };
  complete: Event & { type: "complete" };
}

/** What a region's own backend answered, in the order in which it was asked. */
function answers(history: readonly Event[], region: string, kind: "read" | "write"): readonly Answered[] {
  const invokes = new Map(history.flatMap((event) => (event.type === "invoke" ? [[event.op, event] as const] : [])));
  return history
    .filter((event): event is Answered["complete"] => event.type === "complete" && event.outcome.type === "ok")
    .filter(({ servedBy, stored }) => servedBy === `backend-${region}` && stored !== true)
    .map((complete) => ({ complete, invoke: invokes.get(complete.op)! }))
    .filter(({ invoke }) => invoke.kind === kind);
}

/** An acknowledged write of us, and a read of us that began later and shows a later version. */
function writeAndLaterRead(history: readonly Event[]): { write: Answered; read: Answered } | undefined {
  for (const write of answers(history, "us", "write"))
    for (const read of answers(history, "us", "read"))
      if (
        read.invoke.key === write.invoke.key &&
        read.invoke.at > write.complete.at &&
        read.complete.version! >= write.complete.version!
      )
        return { write, read };
  return undefined;
}

const showing = (history: readonly Event[], { complete }: Answered, by: Partial<Answered["complete"]>): Event[] =>
  changed(history, (event) => (event === complete ? { ...complete, ...by } : event));

const SPOILED: readonly (readonly [string, (history: readonly Event[]) => Event[] | undefined])[] = [
  [
    "a read shows what stood there before an acknowledged write",
    (history) => {
      const found = writeAndLaterRead(history);
      if (found === undefined) return undefined;
      return showing(history, found.read, { version: found.write.complete.version! - 1 });
    },
  ],
  [
    "a read shows what nobody wrote",
    (history) => {
      const found = writeAndLaterRead(history);
      return found && showing(history, found.read, { value: -1 });
    },
  ],
  [
    "a version shows another value than its write's",
    (history) => {
      const found = writeAndLaterRead(history);
      if (found === undefined || found.read.complete.version !== found.write.complete.version) return undefined;
      const other = answers(history, "us", "write").find(({ invoke }) => invoke.value !== found.read.complete.value);
      return other && showing(history, found.read, { value: other.invoke.value });
    },
  ],
  [
    "two acknowledgements are one version",
    (history) => {
      const [one, ...others] = answers(history, "us", "write");
      const other = others.find(({ invoke }) => invoke.key === one!.invoke.key && invoke.id !== one!.invoke.id);
      return one && other && showing(history, other, { version: one.complete.version, state: one.complete.state });
    },
  ],
];

test.each(SPOILED)("it is rejected when %s", (_, spoil) => {
  let spoiled = 0;
  fc.assert(
    fc.property(seeds, (seed) => {
      const history = spoil(goodHistory({ seed }));
      if (history === undefined) return;
      spoiled++;
      const { valid, evidence, story } = said(history, "us");
      expect({ seed, valid }).toEqual({ seed, valid: false });
      expect(evidence.length).toBeGreaterThan(0);
      expect(story!.length).toBeGreaterThan(1);
    }),
    { numRuns: 100, seed: 2 },
  );
  expect(spoiled).toBeGreaterThan(20);
});
