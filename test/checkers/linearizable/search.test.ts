// The search is exponential at worst, so its time and memory are bounded, and it says when they were not enough.
import { expect, test } from "vitest";
import { agree } from "../../../src/checkers/linearizable/agree.ts";
import { registerOf } from "../../../src/checkers/linearizable/model.ts";
import type { Plain } from "../../../src/checkers/linearizable/model.ts";
import { Search } from "../../../src/checkers/linearizable/search.ts";
import { inTurns } from "../../../src/checkers/linearizable/turns.ts";
import { seeded } from "../../../src/model/random.ts";
import { anything, atomic } from "./registers.ts";

/** Writes of two values, all at once, and reads that no order explains: the last value read was replaced before. */
function hard(writes: number): Plain[] {
  const operations: Plain[] = [{ kind: "read", value: "begin", invoked: 0, completed: 1 }];
  for (let i = 0; i < writes; i++)
    operations.push({ kind: "write", value: i % 2 === 0 ? `v${i}` : "same", invoked: 10 + i, completed: 1_000 + i });
  for (let i = 0; i < writes; i += 2)
    operations.push({ kind: "read", value: `v${i}`, invoked: 20 + i, completed: 900 + i });
  operations.push({ kind: "read", value: "begin", invoked: 500, completed: 501 });
  return [...operations, { kind: "read", value: "begin", invoked: 2_000, completed: 2_001 }];
}

/** The starting value is there again after an acknowledged write, and was written again later. */
const easy: readonly Plain[] = [
  { kind: "read", value: 1, invoked: 0, completed: 1 },
  { kind: "write", value: 2, invoked: 2, completed: 3 },
  { kind: "read", value: 1, invoked: 4, completed: 5 },
  { kind: "write", value: 2, invoked: 6, completed: 7 },
];

test("an easy contradiction is found before a hard key has used up the steps, whichever comes first", () => {
  for (const order of [
    [hard(40), easy],
    [easy, hard(40)],
  ]) {
    const searches = order.map((operations) => new Search(registerOf(operations)));
    expect(inTurns(searches, 1_000_000)).toBeLessThan(10_000);
    expect(searches.map(({ result }) => result).toSorted()).toEqual([false, undefined]);
  }
});

test("a hard key alone is not decided when its steps are spent, and nobody guesses", () => {
  const search = new Search(registerOf(hard(40)));
  expect(inTurns([search], 20_000)).toBeLessThan(40_000);
  expect(search.result).toBeUndefined();
  const [agreed] = agree([registerOf(hard(40))], 20_000);
  expect(agreed).toMatchObject({ valid: "unknown", opinions: [{ way: "search", valid: "unknown" }] });
  expect(agreed!.explained).toBeGreaterThan(0);
});

test("with versions it is decided all the same: they name the order", () => {
  const operations = atomic(seeded(7), { operations: 400, values: 2, clients: 40 });
  const register = registerOf(operations);
  const [agreed] = agree([register], 10);
  expect(agreed).toMatchObject({
    valid: true,
    opinions: [
      { way: "version", valid: true },
      { way: "search", valid: "unknown" },
    ],
  });
});

test("two judgements that cannot both be right are a bug of ours: unknown, with what they disagree about", () => {
  const operations: Plain[] = [
    { kind: "write", value: 1, invoked: 0, completed: 1, version: 2 },
    { kind: "write", value: 2, invoked: 2, completed: 3, version: 3 },
    { kind: "write", value: 1, invoked: 4, completed: 5, version: 4 },
    { kind: "read", value: 1, invoked: 6, completed: 7, version: 4 },
  ];
  const register = registerOf(operations);
  expect(agree([register], 1_000)).toMatchObject([{ valid: true }]);
  // As a bug would have it: zones are asked about values that repeat.
  const [agreed] = agree([{ ...register, unique: true }], 1_000);
  expect(agreed).toMatchObject({
    valid: "unknown",
    disagreement: "by version they have an order, by zones they have none",
    found: { rule: "inversion" },
  });
});

test("a search that forgets what it has seen takes longer and says the same", () => {
  let [long, short] = [0, 0];
  for (let seed = 0; seed < 300; seed++) {
    const register = registerOf(anything(seeded(seed), { operations: 14, values: 3 }));
    const [remembering, forgetful] = [new Search(register), new Search(register, "values", 40)];
    expect(forgetful.run(1e7)).toBe(remembering.run(1e7));
    short += remembering.steps;
    long += forgetful.steps;
  }
  expect(long).toBeGreaterThan(short);
});

test("a long register of few clients takes a step or two for each operation", () => {
  const register = registerOf(atomic(seeded(3), { operations: 20_000, clients: 4, values: 50 }));
  const search = new Search(register);
  expect(search.run(40 * register.size)).toBe(true);
  expect(search.order().length).toBeGreaterThanOrEqual(search.size);
});
