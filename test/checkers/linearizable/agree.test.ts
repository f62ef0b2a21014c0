// The three judgements of linearizability against each other, and against trying every order, on thousands of random registers.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { operationsIn } from "../../../src/checkers/linearizable/contradiction.ts";
import { registerOf, restricted } from "../../../src/checkers/linearizable/model.ts";
import type { Plain, Register } from "../../../src/checkers/linearizable/model.ts";
import { Search } from "../../../src/checkers/linearizable/search.ts";
import type { Reading } from "../../../src/checkers/linearizable/search.ts";
import { smallest } from "../../../src/checkers/linearizable/smallest.ts";
import { byVersion } from "../../../src/checkers/linearizable/witness.ts";
import { byZones } from "../../../src/checkers/linearizable/zones.ts";
import { seeded } from "../../../src/model/random.ts";
import { anything, atomic, spoilings, tryAll } from "./registers.ts";

const seeds = fc.integer({ min: 0, max: 1e9 });
const check = (numRuns: number, property: (seed: number) => void) =>
  fc.assert(fc.property(seeds, property), { numRuns, seed: 1 });

const bySearch = (register: Register, reading: Reading) => new Search(register, reading).run(1e6);

/** Of a register: the verdict of everything that applies. */
function verdicts(operations: readonly Plain[]) {
  const register = registerOf(operations);
  return {
    register,
    values: {
      zones: register.unique ? byZones(register) === undefined : undefined,
      search: bySearch(register, "values"),
    },
    versions: { witness: byVersion(register) === undefined, search: bySearch(register, "versions") },
  };
}

/** Zones and search say the same of the values, witness and search of the versions; and versions say no less than values. */
function expectAgreement(operations: readonly Plain[]) {
  const { register, values, versions } = verdicts(operations);
  if (values.zones !== undefined) expect(values.zones).toBe(values.search);
  expect(versions.witness).toBe(versions.search);
  if (versions.witness) expect(values.search).toBe(true);
  return { register, values, versions };
}

describe.each([
  ["unique values", undefined],
  ["values written again and again", 3],
])("with %s", (_, values) => {
  test("they accept what clients of a correct register saw", () => {
    check(1_000, (seed) => {
      const operations = atomic(seeded(seed), { operations: 40, values, clients: 4 });
      const said = expectAgreement(operations);
      expect(said.values.search).toBe(true);
      expect(said.versions.witness).toBe(true);
    });
  });

  test("they say the same of anything at all", () => {
    const seen = { accepted: 0, byValueOnly: 0, rejected: 0 };
    check(6_000, (seed) => {
      const random = seeded(seed);
      const said = expectAgreement(anything(random, { operations: 2 + Math.floor(random.next() * 9), values }));
      seen[said.versions.witness ? "accepted" : said.values.search ? "byValueOnly" : "rejected"]++;
    });
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(300);
  });

  test("and the same as trying every order", () => {
    check(3_000, (seed) => {
      const operations = anything(seeded(seed), { operations: 5, values });
      const { register, values: byValue, versions } = verdicts(operations);
      const initial = operations.find((_, at) => registerValue(operations, at) === register.initial)?.value;
      expect(byValue.search).toBe(tryAll(operations, initial, false));
      expect(versions.search).toBe(tryAll(operations, initial, true));
    });
  });

  test.each(spoilings)("when $what, they reject it, or the search finds an order all the same", ({ spoil }) => {
    const seen = { harmless: 0, rejected: 0 };
    check(500, (seed) => {
      const random = seeded(seed);
      const spoiled = spoil(atomic(random, { operations: 24, values }), random);
      if (spoiled === undefined) return;
      const { versions } = expectAgreement(spoiled);
      seen[versions.witness ? "harmless" : "rejected"]++;
    });
    expect(seen.rejected).toBeGreaterThan(values === undefined ? 100 : 20);
  });
});

test("an order found by values gives versions that the witness accepts", () => {
  check(1_000, (seed) => {
    const random = seeded(seed);
    const operations = anything(random, { operations: 8 }).map((one): Plain => ({ ...one, expected: undefined }));
    const register = registerOf(operations);
    const search = new Search(register);
    if (search.run(1e6) === false) return;
    let version = 1;
    register.version.fill(NaN);
    for (const at of search.order()) {
      if (register.kind[at] === 1) version++;
      if (register.completed[at] !== Infinity) register.version[at] = version;
    }
    expect(byVersion(register)).toBeUndefined();
  });
});

test("what they name as the contradiction is one by itself", () => {
  const rules = new Set<string>();
  check(4_000, (seed) => {
    const random = seeded(seed);
    const values = random.next() < 0.5 ? 4 : undefined;
    const spoiled = random.next() < 0.5 && random.pick(spoilings).spoil(atomic(random, { values }), random);
    const register = registerOf(spoiled || anything(random, { operations: 10, values }));
    const version = byVersion(register);
    const zones = register.unique ? byZones(register) : undefined;
    for (const [found, reading] of [
      [version, "versions"],
      [zones, "values"],
    ] as const) {
      if (found === undefined) continue;
      rules.add(found.rule);
      expect({ found, order: bySearch(restricted(register, operationsIn(found)), reading) }).toEqual({
        found,
        order: false,
      });
    }
  });
  expect([...rules].toSorted()).toEqual([
    "again",
    "back",
    "fork",
    "future",
    "inversion",
    "predecessor",
    "two-values",
    "unwritten",
  ]);
});

test("the smallest part without an order has none, and every operation of it is needed", () => {
  let found = 0;
  check(400, (seed) => {
    const random = seeded(seed);
    const spoiled = random.pick(spoilings).spoil(atomic(random, { operations: 40, values: 4 }), random);
    if (spoiled === undefined) return;
    const register = registerOf(spoiled);
    if (bySearch(register, "values") !== false) return;
    found++;
    const part = smallest(register, "values", 1e6);
    const without = (left: readonly number[]) => bySearch(restricted(register, left), "values");
    expect(without(part)).toBe(false);
    const reads = part.filter((at) => register.kind[at] === 0);
    for (const one of reads) expect(without(part.filter((at) => at !== one))).toBe(true);
  });
  expect(found).toBeGreaterThan(50);
});

function registerValue(operations: readonly Plain[], at: number): number {
  // Values are numbered in the order in which they were first added.
  const distinct = [...new Set(operations.map(({ value }) => value))];
  return distinct.indexOf(operations[at]!.value);
}
