// One register, judged in every way that applies, and what they come to together.
//
//   by version   where every answer has its version: values and versions
//   by zones     where every value is written once: values
//   by search    where values repeat: values
//
// An order that explains versions explains values too, so an order found by version and none found otherwise is a bug of ours:
// then the verdict is unknown, and says so. Values that have an order while versions have none are a contradiction all the same
// (versions are answers like values), which no other way sees. Therefore each contradiction is put to the search, alone: an
// order for it would be a bug of ours as well.
import type { Validity } from "../../model/verdict.ts";
import { operationsIn } from "./contradiction.ts";
import type { Contradiction } from "./contradiction.ts";
import { restricted } from "./model.ts";
import type { Register } from "./model.ts";
import { MEMORY, Search } from "./search.ts";
import { smallest } from "./smallest.ts";
import { inTurns } from "./turns.ts";
import { byVersion } from "./witness.ts";
import { byZones } from "./zones.ts";

export type Way = "version" | "zones" | "search";
export const WAYS: readonly Way[] = ["version", "zones", "search"];

/** What one way says of a register. */
export interface Opinion {
  way: Way;
  valid: Validity;
  found?: Contradiction;
}

export interface Agreed {
  valid: Validity;
  opinions: readonly Opinion[];
  /** Why there is no order: where possible as values alone tell it. */
  found?: Contradiction;
  /** Two ways cannot both be right: a sentence. */
  disagreement?: string;
  /** Out of steps: how many operations an order could explain so far. */
  explained?: number;
}

/** Steps that go into making a counterexample small, and into confirming one. */
const SMALLEST = 200_000;

/** In the order of the registers. `steps`: of all searches together. */
export function agree(registers: readonly Register[], steps: number): readonly Agreed[] {
  const opinions = registers.map((register): Opinion[] => [
    ...(register.versioned ? [opinion("version", byVersion(register))] : []),
    ...(register.unique ? [opinion("zones", byZones(register))] : []),
  ]);
  const repeating = registers.filter(({ unique }) => !unique);
  const memory = MEMORY / Math.max(1, repeating.length);
  const searches = new Map(repeating.map((register) => [register, new Search(register, "values", memory)]));
  let left = steps - inTurns([...searches.values()], steps);
  return registers.map((register, i) => {
    const search = searches.get(register);
    if (search === undefined) return together(register, opinions[i]!);
    const found = search.result === false ? noOrder(register, Math.max(left, SMALLEST)) : undefined;
    if (found !== undefined) left = 0; // one that is told well is enough
    const all = [...opinions[i]!, { way: "search", valid: search.result ?? "unknown", found } as const];
    return { ...together(register, all), explained: search.furthest };
  });
}

function opinion(way: Way, found: Contradiction | undefined): Opinion {
  return found === undefined ? { way, valid: true } : { way, valid: false, found };
}

function noOrder(register: Register, steps: number): Contradiction {
  return { rule: "no-order", operations: smallest(register, "values", steps) };
}

function together(register: Register, opinions: readonly Opinion[]): Agreed {
  const version = opinions.find(({ way }) => way === "version");
  const values = opinions.find(({ way }) => way !== "version");
  const broken = opinions.filter(({ valid }) => valid === false).toSorted((a, b) => size(a) - size(b));
  const found = broken[0]?.found;
  if (found === undefined) {
    // An order that was named and checked is a proof, however long the search for another one would take.
    const valid = version?.valid === true ? true : (values?.valid ?? "unknown");
    return { valid, opinions };
  }
  if (version?.valid === true) {
    const disagreement = `by version they have an order, by ${values!.way} they have none`;
    return { valid: "unknown", opinions, found, disagreement };
  }
  for (const one of broken) {
    if (one.way === "search" || isNone(register, one)) continue;
    const disagreement = `by ${one.way} these operations alone have no order, by search they have one`;
    return { valid: "unknown", opinions, found: one.found, disagreement };
  }
  return { valid: false, opinions, found };
}

const size = ({ found }: Opinion): number => (found === undefined ? 0 : operationsIn(found).length);

/** Does the search, too, find no order for the operations of this contradiction alone? They are few. */
function isNone(register: Register, { way, found }: Opinion): boolean {
  const reading = way === "version" ? "versions" : "values";
  return new Search(restricted(register, operationsIn(found!)), reading).run(SMALLEST) === false;
}
