// What a user asked for: a scenario file, checked and in plain data. Durations are milliseconds.

export interface Scenario {
  name: string;
  about?: string;
  /** Absolute path of its file. */
  file: string;
  /** Path of the Compose file it names; its conflict policy and its places (true: those of the file) where it asks for any. */
  topology: { file: string; conflicts?: "hybrid-clock" | "wall-clock"; wan?: true | readonly string[] };
  seed: number;
  tags: readonly string[];
  timeoutMs: number;
  /** Clients in the background, from before the first step on. */
  traffic: readonly TrafficSpec[];
  /** The last one is always a settle. */
  steps: readonly Step[];
  expect: readonly Expectation[];
}

export interface TrafficSpec {
  workload: string;
  regions: readonly string[];
  /** Totals over all regions. */
  clients: number;
  /** Operations per second, in all. */
  ratePerSecond: number;
  /** How many keys of the workload's range are used; every region uses the same ones. */
  keys: number;
  /** Shares, 0 to 1. */
  reads: number;
  repeats: number;
  /** The share of operations whose client asks another region, and which there are. Absent: all are asked at home. */
  roam?: { share: number; regions: readonly string[] };
}

export interface Step {
  /** "3" for the third step, "3.1" for a step inside it: stable names for the history. */
  path: string;
  /** The canonical verb. */
  verb: string;
  /** What the verb's schema made of its target and parameters. */
  args: unknown;
  /** The step as one readable line, canonical words. */
  text: string;
  /** Line in the file, from 1. */
  line: number;
  id?: string;
  /** The fault ends by itself after this long. */
  forMs?: number;
  /** Not before this long after the first step. */
  atMs?: number;
  when?: Condition;
  /** Bound of `when`, of a polling request, of a wait or a settle. */
  withinMs?: number;
  /** Variable name -> path in the answer ("body.version"). */
  save?: Readonly<Record<string, string>>;
}

/** `lag(eu) > 3s`, `not healthy(us)`, `acknowledged >= 100`. */
export interface Condition {
  text: string;
  metric: string;
  /** One region, a directed pair of regions for lag(us -> eu), or none. */
  region?: string;
  source?: string;
  negated: boolean;
  comparison?: { operator: "<" | "<=" | ">" | ">=" | "=="; value: number };
}

export interface Expectation {
  /** The checker's name. */
  name: string;
  args: unknown;
  text: string;
  line: number;
  /** Failing is reported but does not fail the run; passing does. */
  knownGap?: string;
}
