// Conditions: `lag(eu) > 3s`, `not healthy(us)`, `acknowledged >= 100`. They read only the samples that the run records,
// so that whoever reads the history can check them.
import type { RegionSample, Sample } from "../model/event.ts";
import type { Condition } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";
import { parseDuration, parsePercent } from "../model/units.ts";
import { didYouMean } from "../topology/words.ts";

type Operator = NonNullable<Condition["comparison"]>["operator"];

interface Metric {
  example: string;
  /** What stands in its brackets. */
  of: "region" | "region or pair" | "nothing";
  /** What it is compared to; absent: it is true or false by itself. */
  compared?: { parse(text: string): number | undefined; expected: string };
  /** The part of a region's own report that it needs. */
  observes?: "lag" | "conflicts";
  /** Its value in a sample, undefined where there is none: durations in milliseconds, shares from 0 to 1. */
  read(sample: Sample, condition: Condition): number | boolean | undefined;
}

const count = {
  parse: (text: string) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined),
  expected: "a whole number, e.g. 100",
};
const duration = { parse: parseDuration, expected: "a duration with its unit, e.g. 3s" };
const share = { parse: parsePercent, expected: "a percentage, e.g. 5%" };

const ofRegion =
  (read: (region: RegionSample) => number | boolean | null | undefined): Metric["read"] =>
  (sample, condition) => {
    const region = Object.hasOwn(sample.regions, condition.region!) ? sample.regions[condition.region!] : undefined;
    return region === undefined ? undefined : (read(region) ?? undefined);
  };

const METRICS: Readonly<Record<string, Metric>> = {
  healthy: { example: "healthy(us)", of: "region", read: ofRegion((region) => region.healthy) },
  lag: { example: "lag(eu) > 3s", of: "region or pair", compared: duration, observes: "lag", read: readLag },
  pending: {
    example: "pending(eu) == 0",
    of: "region",
    compared: count,
    observes: "lag",
    read: ofRegion((r) => r.pending),
  },
  conflicts: {
    example: "conflicts(eu) >= 1",
    of: "region",
    compared: count,
    observes: "conflicts",
    read: ofRegion((region) => region.conflicts),
  },
  errors: {
    example: "errors(us) > 5%",
    of: "region",
    compared: share,
    // Without a request in the last second there is no share of them.
    read: ofRegion((region) => (region.requests === 0 ? undefined : region.errors / region.requests)),
  },
  acknowledged: {
    example: "acknowledged >= 100",
    of: "nothing",
    compared: count,
    read: (sample) => sample.acknowledged,
  },
};

const NAMES = Object.keys(METRICS);

/** lag(eu): behind its worst source; lag(us -> eu): of eu, behind us. */
function readLag(sample: Sample, condition: Condition): number | undefined {
  const bySource = Object.hasOwn(sample.regions, condition.region!)
    ? sample.regions[condition.region!]!.lagSeconds
    : null;
  if (bySource === null) return undefined;
  const seconds = condition.source === undefined ? Object.values(bySource) : [bySource[condition.source]];
  if (seconds.length === 0 || seconds.some((one) => one === undefined)) return undefined;
  return Math.max(...(seconds as number[])) * 1_000;
}

const COMPARE: Readonly<Record<Operator, (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
};

/** Does it hold in the newest sample? undefined: there is no data yet. */
export function holds(condition: Condition, samples: readonly Sample[]): boolean | undefined {
  const sample = samples.at(-1);
  const metric = Object.hasOwn(METRICS, condition.metric) ? METRICS[condition.metric] : undefined;
  if (metric === undefined) throw new Error(`there is no condition "${condition.metric}"`);
  const value = sample === undefined ? undefined : metric.read(sample, condition);
  if (value === undefined) return undefined;
  const { comparison } = condition;
  const plain = typeof value === "boolean" ? value : COMPARE[comparison!.operator](value, comparison!.value);
  return plain !== condition.negated;
}

/** What is wrong with a condition; `word` is the part to underline. */
export interface ConditionProblem {
  message: string;
  word?: string;
  hint?: string;
}

//                       not      metric      ( us     ->  eu  )         operator       value
const SHAPE = /^(not\s+)?([A-Za-z_-]+)\s*(?:\(([^()]*)\))?\s*(?:(<=|>=|==|=|<|>)\s*(\S+))?$/;
const REGION = /^[a-z][a-z0-9-]*$/;

export function parseCondition(text: string): { condition: Condition } | ConditionProblem {
  const match = SHAPE.exec(text.trim());
  if (match === null) return { message: "this is no condition", hint: `Conditions look like ${examples()}.` };
  const [, not, name, inside, operator, written] = match as unknown as [string, ...(string | undefined)[]];
  const metric = Object.hasOwn(METRICS, name!) ? METRICS[name!]! : undefined;
  if (metric === undefined) {
    return {
      word: name!,
      message: `there is no condition "${name}"`,
      hint: didYouMean(name!, NAMES, "Conditions are"),
    };
  }
  const like = `Write it like ${metric.example}.`;
  const place = placeOf(metric, name!, inside);
  if ("message" in place) return { ...place, hint: like };
  const base = { text: text.trim().replace(/\s+/g, " "), metric: name!, ...place, negated: not !== undefined };
  if (metric.compared === undefined) {
    return operator === undefined
      ? { condition: base }
      : { word: operator, message: `${name} is true or false and is not compared`, hint: like };
  }
  if (operator === undefined) return { message: `${name} is compared to ${metric.compared.expected}`, hint: like };
  if (operator === "=") return { word: "=", message: "equality is written ==" };
  const value = metric.compared.parse(written!);
  if (value === undefined) {
    return { word: written!, message: `${name} is compared to ${metric.compared.expected}, not to "${written}"` };
  }
  return { condition: { ...base, comparison: { operator: operator as Operator, value } } };
}

const examples = () => `${METRICS["lag"]!.example}, not healthy(us), ${METRICS["acknowledged"]!.example}`;

function placeOf(
  metric: Metric,
  name: string,
  inside: string | undefined,
): { region?: string; source?: string } | { message: string; word?: string } {
  if (metric.of === "nothing") {
    return inside === undefined ? {} : { word: `(${inside})`, message: `${name} counts all regions together` };
  }
  const ends = (inside ?? "").split("->").map((end) => end.trim());
  const [first, second] = ends;
  if (ends.length > 2 || ends.some((end) => !REGION.test(end))) {
    return { message: `${name} is asked of a region`, word: inside ? `(${inside})` : name };
  }
  if (second === undefined) return { region: first! };
  if (metric.of === "region or pair") return { region: second, source: first! };
  return { message: `${name} is asked of one region, not of a pair`, word: `(${inside})` };
}

/** Regions that do not exist, and what this topology does not tell. */
export function checkCondition(condition: Condition, topology: Topology): readonly ConditionProblem[] {
  const { region, source, metric } = condition;
  const strangers = [region, source].filter((one) => one !== undefined && !topology.regions.includes(one)) as string[];
  if (strangers.length > 0) {
    return strangers.map((word) => ({
      word,
      message: `topology "${topology.name}" has no region "${word}"`,
      hint: didYouMean(word, topology.regions, "Its regions are"),
    }));
  }
  if (region !== undefined && region === source) {
    return [{ word: region, message: "a region does not replicate to itself" }];
  }
  const observes = METRICS[metric]?.observes;
  if (observes === undefined || topology.observe[observes] !== undefined) return [];
  return [
    {
      word: metric,
      message: `topology "${topology.name}" does not say where "${metric}" can be observed`,
      hint: `Add x-regionctl.observe.${observes} to its file.`,
    },
  ];
}
