// Several things to do, so many at a time: each begins when one before it has ended, in their order.
import { Option } from "commander";
import { UsageError } from "../../model/problem.ts";

/** Each is a whole system of its own. */
const MOST = 16;

/** Throws UsageError for what is no number of jobs. */
export const jobsOption = () =>
  new Option("--jobs <n>", "how many scenarios are played at a time, each on a stack of its own")
    .argParser((text: string): number => {
      const jobs = Number(text);
      if (/^\d+$/.test(text) && jobs >= 1 && jobs <= MOST) return jobs;
      throw new UsageError(`--jobs takes a number from 1 to ${MOST}, not "${text}".`);
    })
    .default(1);

/** Whatever becomes of one, the others are awaited; after an error none begins any more. Answers all errors, the first one first. */
export async function inJobs<T>(
  all: readonly T[],
  jobs: number,
  work: (one: T, index: number) => Promise<void>,
): Promise<readonly unknown[]> {
  const waiting = [...all.entries()];
  const errors: unknown[] = [];
  const job = async () => {
    for (let next = waiting.shift(); next !== undefined && errors.length === 0; next = waiting.shift()) {
      const [index, one] = next;
      await work(one, index).catch((error: unknown) => void errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, all.length) }, job));
  return errors;
}
