// Two runs side by side: what broke and what got slower, and nothing that is only noise. A figure is worse when it differs by a
// share AND by an amount: 1 ms more of 2 ms is 50 %, and means nothing on a machine that does other things as well. How busy that
// machine was is measured: a probe asks for as little as can be, and when probes took longer, so may everything. What is counted
// has to differ by more than chance makes it.
import { runOf } from "../../model/event.ts";
import type { Run } from "../../model/run.ts";
import { consequence, type RunVerdict } from "../../model/verdict.ts";
import { formatDuration } from "../../model/units.ts";
import { figuresOf, type Figures, type Pace, type PartName, PARTS, type Traffic } from "./figures.ts";

/** What counts as more than noise, by the unit of a figure. Said in every report. */
export const NOISE = {
  ms: { share: 0.2, amount: 5 },
  /** Probes are asked every 100 ms, and a program that starts needs a processor. */
  recovery: { share: 0.2, amount: 1_000 },
  "/s": { share: 0.2, amount: 1 },
  /** A share of operations, in points of percent. */
  "%": { share: 0.2, amount: 1 },
} as const;
export type Unit = keyof typeof NOISE;

/** An operation passes more programs than a probe does, and waits for each of them. */
export const TIMES_THE_PROBES = 5;
/** Of what is counted, in standard deviations. */
const BY_CHANCE = 3;

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
  const [old, now] = [figuresOf(before.history), figuresOf(after.history)];
  const figures = figureChanges(old, now);
  return {
    before: nameOf(before),
    after: nameOf(after),
    differences: [...differencesOf(before, after), ...otherPace(old, now)],
    verdicts,
    figures,
    regressed:
      isWorse(before.verdict, after.verdict) ||
      verdicts.some(({ change }) => change === "broke") ||
      figures.some(({ change }) => change === "worse"),
  };
}

const nameOf = ({ id, directory, verdict, interrupted }: Run) => ({
  id,
  directory,
  verdict: interrupted ? ("interrupted" as const) : verdict,
});

/** A machine that was busier, or less so, than noise explains. */
function otherPace(before: Figures, after: Figures): readonly string[] {
  const [was, is] = [before.pace["whole run"], after.pace["whole run"]];
  if (was === undefined || is === undefined) return [];
  if (!moved("ms", was.p50Ms, is.p50Ms) && !moved("ms", was.p90Ms, is.p90Ms)) return [];
  const say = ({ p50Ms, p90Ms }: Pace) => `${sayMs(p50Ms)} (p50), ${sayMs(p90Ms)} (p90)`;
  return [`the machine: a probe took ${say(was)} before, ${say(is)} after`];
}

const sayMs = (ms: number) => formatDuration(Math.round(ms * 10) / 10);

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
  return isWorse(before, after) ? "broke" : "mended";
}

const isWorse = (before: RunVerdict, after: RunVerdict) => WORST_FIRST.indexOf(after) < WORST_FIRST.indexOf(before);

function figureChanges(before: Figures, after: Figures): readonly Change[] {
  const regions = Object.keys(before.regions).filter((region) => Object.hasOwn(after.regions, region));
  const busierMs = allowedMs(before, after, "whole run");
  const recovery = (of: string, was: number | undefined, is: number | undefined) =>
    higher(of, "recovery", was ?? Infinity, is ?? Infinity, busierMs);
  return [
    ...regions.flatMap((region) =>
      PARTS.flatMap((part) => {
        const [was, is] = [before.regions[region]![part], after.regions[region]![part]];
        return trafficChanges(`${region}, ${part}`, was, is, allowedMs(before, after, part));
      }),
    ),
    ...before.recoveries.flatMap(({ fault, region, ms }) => {
      const other = after.recoveries.find((one) => one.fault === fault && one.region === region);
      return other === undefined ? [] : [recovery(`${region}, recovery from ${fault}`, ms, other.ms)];
    }),
    ...(before.convergedMs === undefined && after.convergedMs === undefined
      ? []
      : [recovery("time to converge", before.convergedMs, after.convergedMs)]),
  ];
}

function trafficChanges(of: string, before: Traffic, after: Traffic, busierMs: number): readonly Change[] {
  if (before.due === 0 || after.due === 0) return [];
  const both = (name: "p50Ms" | "p90Ms" | "p99Ms" | "throughput") =>
    before[name] === undefined || after[name] === undefined ? undefined : ([before[name], after[name]] as const);
  const [p50, p90, p99, throughput] = [both("p50Ms"), both("p90Ms"), both("p99Ms"), both("throughput")];
  const share = ({ unanswered, due }: Traffic) => (unanswered / due) * 100;
  return [
    ...(p50 ? [higher(`${of}: p50`, "ms", ...p50, busierMs)] : []),
    ...(p90 ? [higher(`${of}: p90`, "ms", ...p90, busierMs)] : []),
    ...(p99 ? [higher(`${of}: p99`, "ms", ...p99, busierMs)] : []),
    ...(throughput ? [fewer(`${of}: answers`, ...throughput, chanceOfRates(before, after))] : []),
    higher(`${of}: unanswered`, "%", share(before), share(after), chanceOfShares(before, after)),
  ];
}

/** What a machine that was busier, or less so, explains of that part: it comes in bursts, so all that is known of it counts. */
function allowedMs(before: Figures, after: Figures, part: PartName): number {
  const differences = [part, "whole run" as const].flatMap((one) => {
    const [was, is] = [before.pace[one], after.pace[one]];
    return was && is ? [Math.abs(is.p50Ms - was.p50Ms), Math.abs(is.p90Ms - was.p90Ms)] : [];
  });
  return Math.max(0, ...differences) * TIMES_THE_PROBES;
}

/** Arrivals are drawn at random. */
function chanceOfRates(...both: readonly Traffic[]): number {
  const variance = both.reduce((sum, { due, unanswered, duringMs }) => sum + (due - unanswered) / duringMs ** 2, 0);
  return BY_CHANCE * Math.sqrt(variance) * 1_000;
}

/** In points of percent. */
function chanceOfShares(before: Traffic, after: Traffic): number {
  const share = (before.unanswered + after.unanswered) / (before.due + after.due);
  return BY_CHANCE * Math.sqrt(share * (1 - share) * (1 / before.due + 1 / after.due)) * 100;
}

/** Infinity: it was never reached. */
function higher(of: string, unit: Unit, before: number, after: number, allowed: number): Change {
  const direction = moved(unit, before, after, allowed);
  const change = direction === "up" ? "worse" : direction === "down" ? "better" : "same";
  const known = (n: number) => (n === Infinity ? null : n);
  return { of, unit, before: known(before), after: known(after), change };
}

function fewer(of: string, before: number, after: number, allowed: number): Change {
  const direction = moved("/s", before, after, allowed);
  const change = direction === "down" ? "worse" : direction === "up" ? "better" : "same";
  return { of, unit: "/s", before, after, change };
}

/** Beyond noise: by the share of what it was, by the amount, and by what else explains it. */
function moved(unit: Unit, before: number, after: number, allowed = 0): "up" | "down" | undefined {
  const direction = after > before ? "up" : "down";
  if (before === Infinity || after === Infinity) return before === after ? undefined : direction;
  const { share, amount } = NOISE[unit];
  const by = Math.abs(after - before);
  return by > Math.max(before * share, amount, allowed) ? direction : undefined;
}
