// A part of the scenarios for one machine of several: the parts are disjoint, and together they are all.
import { Option } from "commander";
import { UsageError } from "../../model/problem.ts";

/** The second of four: { index: 2, of: 4 }. */
export interface Shard {
  index: number;
  of: number;
}

const MOST = 1_000;

/** Throws UsageError for what is no part of anything. */
export const shardOption = () =>
  new Option("--shard <i/n>", "only the i-th of n parts, e.g. 1/4: one for each machine of a CI").argParser(
    (text: string): Shard => {
      const [, index = 0, of = 0] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number);
      if (index >= 1 && index <= of && of <= MOST) return { index, of };
      throw new UsageError(
        `--shard takes which part of how many, from 1/1 to ${MOST}/${MOST}, e.g. 1/4; not "${text}".`,
      );
    },
  );

/** By the order of the files' names, and in turn, so that neighbours, which often take equally long, are dealt out. */
export function partOf<T>(all: readonly T[], nameOf: (one: T) => string, { index, of }: Shard): readonly T[] {
  return all.toSorted((a, b) => compare(nameOf(a), nameOf(b))).filter((_, i) => i % of === index - 1);
}

/** The same on every machine, whatever its language. */
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
