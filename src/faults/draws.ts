// Which faults chaos draws, one after the other: by the seed alone, so that they can be told before anything happens.
import type { Random } from "../model/random.ts";
import type { Step } from "../model/scenario.ts";

export interface Draw {
  fault: Step;
  /** What its own targets are drawn with. */
  random: Random;
}

/** Without end. `path` is that of the chaos. */
export function* drawsOf(random: Random, path: string, faults: readonly Step[]): Generator<Draw, never> {
  const draws = random.fork(path);
  for (let number = 1; ; number++) yield { fault: draws.pick(faults), random: random.fork(`${path} draw ${number}`) };
}
