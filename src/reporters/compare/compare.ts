// Two runs side by side: what broke and what got slower, and nothing that is only noise. A figure is worse when it differs by a
// share AND by an amount: 1 ms more of 2 ms is 50 %, and means nothing on a machine that does other things as well.
import { runOf } from "../../model/event.ts";
import type { Run } from "../../model/run.ts";
import { consequence, type RunVerdict } from "../../model/verdict.ts";
import { figuresOf, type Figures, PARTS, type Traffic } from "./figures.ts";

/** What counts as more than noise, by the unit of a figure. Said in every report. */
export const NOISE = {
  ms: { share: 0.2, amount: 5 },
  /** Probes are asked every 100 ms. */
  recovery: { share: 0.2, amount: 250 },
  "/s": { share: 0.2, amount: 1 },
  /** A share of operations, in points of percent. */
  "%": { share: 0.2, amount: 1 },
} as const;
export type Unit = keyof typeof NOISE;

export interface Change {
  /** "us, outside faults: p99". */
  of: string;
  unit: Unit;
  /** null: it was not reached, as a region that was not healthy again. */
  before: number | null;
  after: number | null;
  change: "worse" | "better" | "same";
}

export interface VerdictChange {
  text: string;
  before: RunVerdict | "absent";
  after: RunVerdict | "absent";
  summary: string;
  change: "broke" | "mended" | "other";
}

export interface Comparison {
  before: { id: string; directory: string; verdict: RunVerdict | "interrupted" };
  after: { id: string; directory: string; verdict: RunVerdict | "interrupted" };
  /** What makes them hard to compare: "seed: 7 before, 8 after". */
  differences: readonly string[];
  /** Only those that changed; what broke comes first. */
  verdicts: readonly VerdictChange[];
  /** All that could be measured in both. */
  figures: readonly Change[];
  regressed: boolean;
}

export function compare(before: Run, after: Run): Comparison {
  const verdicts = verdictChanges(before, after);
  const figures = figureChanges(figuresOf(before.history), figuresOf(after.history));
  return {
    before: nameOf(before),
    after: nameOf(after),
    differences: differencesOf(before, after),
    verdicts,
    figures,
    regressed: verdicts.some(({ change }) => change === "broke") || figures.some(({ change }) => change === "worse"),
  };
}

const nameOf = ({ id, directory, verdict, interrupted }: Run) => ({
  id,
  directory,
  verdict: interrupted ? ("interrupted" as const) : verdict,
});

/** What the runs were, before what came of them. */
function differencesOf(before: Run, after: Run): readonly string[] {
  const [one, other] = [before, after].map(featuresOf) as [Features, Features];
  return Object.keys(one)
    .filter((name) => one[name] !== other[name])
    .map((name) => (name in LONG ? `${name}: ${LONG[name]}` : `${name}: ${one[name]} before, ${other[name]} after`));
}

type Features = Readonly<Record<string, string>>;

/** What is too long to be said. */
const LONG: Features = { steps: "other ones", traffic: "other traffic" };

function featuresOf({ history }: Run): Features {
  const { scenario, topology, runtime, versions } = runOf(history);
  return {
    scenario: scenario.name,
    seed: String(scenario.seed),
    runtime,
    topology: topology.name,
    regions: topology.regions.join(", "),
    places: Object.values(topology.places ?? {}).join(", ") || "none",
    conflicts: topology.conflicts,
    steps: scenario.steps.map(({ text }) => text).join("\n"),
    traffic: JSON.stringify(scenario.traffic),
    ...versions,
  };
}

const WORST_FIRST: readonly (RunVerdict | "absent")[] = ["errored", "failed", "inconclusive", "absent", "passed"];
const CHANGES: readonly VerdictChange["change"][] = ["broke", "other", "mended"];

function verdictChanges(before: Run, after: Run): readonly VerdictChange[] {
  const [was, is] = [before, after].map(byName) as [Said, Said];
  return [...new Set([...was.keys(), ...is.keys()])]
    .map((text): VerdictChange => {
      const [old, now] = [was.get(text), is.get(text)];
      const states = { before: old?.comes ?? ("absent" as const), after: now?.comes ?? ("absent" as const) };
      return { text, ...states, summary: (now ?? old)!.summary, change: changeOf(states.before, states.after) };
    })
    .filter((one) => one.before !== one.after)
    .toSorted(
      (a, b) =>
        CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change) ||
        WORST_FIRST.indexOf(a.after) - WORST_FIRST.indexOf(b.after),
    );
}

type Said = ReadonlyMap<string, { comes: RunVerdict; summary: string }>;

/** By their words; of the same expectation written twice the worse counts. */
function byName({ verdicts }: Run): Said {
  const said = new Map<string, { comes: RunVerdict; summary: string }>();
  for (const verdict of verdicts) {
    const comes = consequence(verdict);
    const known = said.get(verdict.text);
    if (known === undefined || WORST_FIRST.indexOf(comes) < WORST_FIRST.indexOf(known.comes))
      said.set(verdict.text, { comes, summary: verdict.summary });
  }
  return said;
}

function changeOf(before: RunVerdict | "absent", after: RunVerdict | "absent"): VerdictChange["change"] {
  if (before === "absent" || after === "absent") return "other";
  return WORST_FIRST.indexOf(after) < WORST_FIRST.indexOf(before) ? "broke" : "mended";
}

function figureChanges(before: Figures, after: Figures): readonly Change[] {
  const regions = Object.keys(before.regions).filter((region) => Object.hasOwn(after.regions, region));
  return [
    ...regions.flatMap((region) =>
      PARTS.flatMap((part) =>
        trafficChanges(`${region}, ${part}`, before.regions[region]![part], after.regions[region]![part]),
      ),
    ),
    ...before.recoveries.flatMap(({ fault, region, ms }) => {
      const other = after.recoveries.find((one) => one.fault === fault && one.region === region);
      return other === undefined ? [] : [slower(`${region}, recovery from ${fault}`, "recovery", ms, other.ms)];
    }),
    ...(before.convergedMs === undefined && after.convergedMs === undefined
      ? []
      : [slower("time to converge", "recovery", before.convergedMs, after.convergedMs)]),
  ];
}

function trafficChanges(of: string, before: Traffic, after: Traffic): readonly Change[] {
  if (before.due === 0 || after.due === 0) return [];
  const both = (name: "p50Ms" | "p99Ms" | "throughput") =>
    before[name] === undefined || after[name] === undefined ? undefined : ([before[name], after[name]] as const);
  const [p50, p99, throughput] = [both("p50Ms"), both("p99Ms"), both("throughput")];
  const share = ({ unanswered, due }: Traffic) => (unanswered / due) * 100;
  return [
    ...(p50 ? [slower(`${of}: p50`, "ms", ...p50)] : []),
    ...(p99 ? [slower(`${of}: p99`, "ms", ...p99)] : []),
    ...(throughput ? [fewer(`${of}: answers`, ...throughput)] : []),
    slower(`${of}: unanswered`, "%", share(before), share(after)),
  ];
}

function slower(of: string, unit: Unit, before: number | undefined, after: number | undefined): Change {
  const direction = moved(unit, before ?? Infinity, after ?? Infinity);
  const change = direction === "up" ? "worse" : direction === "down" ? "better" : "same";
  return { of, unit, before: before ?? null, after: after ?? null, change };
}

function fewer(of: string, before: number, after: number): Change {
  const direction = moved("/s", before, after);
  return {
    of,
    unit: "/s",
    before,
    after,
    change: direction === "down" ? "worse" : direction === "up" ? "better" : "same",
  };
}

/** Beyond noise: by the share of what it was, and by the amount. */
function moved(unit: Unit, before: number, after: number): "up" | "down" | undefined {
  const direction = after > before ? "up" : "down";
  if (before === Infinity || after === Infinity) return before === after ? undefined : direction;
  const { share, amount } = NOISE[unit];
  const by = Math.abs(after - before);
  return by > before * share && by > amount ? direction : undefined;
}
