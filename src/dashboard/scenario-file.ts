// What somebody did from the dashboard, written down as a scenario that runs: the same steps, as far from each other as they
// were, with clients beside them and what must hold in the end. A pure function from deeds to text.
import { stringify } from "yaml";
import type { Topology } from "../model/topology.ts";
import { formatDuration } from "../model/units.ts";
import type { Deed } from "./hands.ts";

/** One thing that was done. */
export interface Done {
  /** When it was begun, milliseconds since `up`. */
  at: number;
  deed: Deed;
  /** Ids of the faults that it began. */
  began?: readonly string[];
  /** Background traffic: how long it was kept going. */
  forMs?: number;
  /** Nothing could be measured of it: played again, the run would be inconclusive. */
  ineffective?: boolean;
}

export interface Story {
  name: string;
  /** As a scenario names its topology. */
  reference: string | Readonly<Record<string, unknown>>;
  topology: Pick<Topology, "regions" | "workloads">;
  /** In any order. */
  done: readonly Done[];
  /** When it was written, for people. */
  on: Date;
}

/** Clients write a while before anything happens, or there would be nothing to lose. */
const LEAD_MS = 2_000;
/** Nobody wants to wait for as long as somebody thought. */
const LONGEST_PAUSE_MS = 10_000;
/** Less background traffic than this proves nothing. */
const ENOUGH_TRAFFIC_MS = 3_000;
const SHORTEST_TRAFFIC_MS = 1_000;
const AFTER_MS = 2_000;
/** A scenario has a most of steps; the rest of it is the frame. */
const MOST_STEPS = 450;

/** The text of a scenario file. Throws when nothing was done. */
export function scenarioFile({ name, reference, topology, done, on }: Story): string {
  const all = done.toSorted((a, b) => a.at - b.at);
  if (all.length === 0) throw new Error("nothing was done yet, so there is nothing to write down");
  const kept = newest(all);
  const when = timeline(kept);
  const end = Math.max(...kept.map(({ at, forMs = 0 }) => when(at + forMs)));
  const trafficMs = kept.reduce((sum, { forMs = 0 }) => sum + forMs, 0);
  const workload = Object.keys(topology.workloads)[0];
  const parts = [
    head({ name, on, left: all.length - kept.length }),
    yaml({ topology: reference, seed: 1, timeout: `${Math.ceil(end / 60_000) + 3}m` }),
    workload === undefined || trafficMs >= ENOUGH_TRAFFIC_MS ? "" : clients(workload, topology.regions, trafficMs > 0),
    `steps:\n${stepsOf(kept, when, topology)}`,
    expectations(workload !== undefined),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function head({ name, on, left }: { name: string; on: Date; left: number }): string {
  return [
    `# What was done by hand in "regionctl watch" until ${on.toISOString().slice(0, 16).replace("T", " ")} (UTC), as a scenario.`,
    "# Change what you like; all words: regionctl schema; a plan of it: regionctl scenario explain.",
    ...(left > 0 ? [`# The first ${left} things that were done are left out: a scenario has a most of steps.`] : []),
    `name: ${name}`,
    "about: What was done by hand in the dashboard, with clients beside it; nothing acknowledged may be lost.",
  ].join("\n");
}

function clients(workload: string, regions: readonly string[], some: boolean): string {
  const why = some ? "Little background traffic was on" : "No background traffic was on";
  return [
    `# ${why}: without clients nothing could be lost, and nothing could be judged.`,
    yaml({
      traffic: [{ workload, clients: Math.max(8, regions.length), rate: "50/s", keys: 20, reads: "50%" }],
    }),
  ].join("\n");
}

function expectations(hasWorkload: boolean): string {
  if (!hasWorkload) return "";
  return [
    "# What must hold, judged afterwards from what the clients saw.",
    yaml({ expect: ["no-lost-writes", "no-duplicates", { converges: { within: "30s" } }] }),
  ].join("\n");
}

/** The newest that fit into a scenario. */
function newest(all: readonly Done[]): readonly Done[] {
  let count = 0;
  const first = all.findLastIndex((one) => (count += sizeOf(one)) > MOST_STEPS);
  return all.slice(first + 1);
}

const sizeOf = ({ deed }: Done) => 1 + (deed.before?.length ?? 0) + (insideOf(deed.step)?.length ?? 0);

function insideOf(step: unknown): readonly unknown[] | undefined {
  const { together } = step as { together?: readonly unknown[] };
  return Array.isArray(together) ? together : undefined;
}

/** Milliseconds since `up` -> milliseconds since the first step, with long pauses made short. */
function timeline(done: readonly Done[]): (at: number) => number {
  const points = done
    .flatMap(({ at, forMs }) => (forMs === undefined ? [at] : [at, at + forMs]))
    .toSorted((a, b) => a - b);
  const placed = new Map<number, number>();
  let now = LEAD_MS;
  for (const [i, point] of points.entries()) {
    now += Math.min(LONGEST_PAUSE_MS, i === 0 ? 0 : point - points[i - 1]!);
    placed.set(point, now);
  }
  return (at) => placed.get(at)!;
}

function stepsOf(
  done: readonly Done[],
  when: (at: number) => number,
  { regions, workloads }: Story["topology"],
): string {
  const hasWorkload = Object.keys(workloads).length > 0;
  const begun = begunOf(done);
  const named = new Set(begun.values());
  const written = done.map((one, i) => {
    const { at, deed, forMs, ineffective } = one;
    const { before = [] } = deed;
    if (ineffective) return comment(`${deed.command}: it had no effect, so it is left out`);
    const step = mapOf(deed.step);
    const ends = begun.get(i);
    if (healedBy(step) !== undefined && ends === undefined)
      return comment(`${deed.command}: what it ended was begun elsewhere`);
    const due = { at: seconds(when(at)) };
    const own = {
      ...step,
      ...(ends !== undefined && { heal: idOf(done, ends) }),
      ...(forMs !== undefined && { for: seconds(Math.max(SHORTEST_TRAFFIC_MS, when(at + forMs) - when(at))) }),
    };
    const last = { ...own, ...(named.has(i) && { id: idOf(done, i) }) };
    const lines = before.length === 0 ? [{ ...due, ...last }] : [{ ...due, ...before[0] }, ...before.slice(1), last];
    const pause = pauseBefore(one, done[i - 1]);
    return [...pause, comment(deed.command), indented(yaml(lines))].join("");
  });
  const tail = [
    { wait: seconds(AFTER_MS) },
    // Where nothing can be said of data, that every region gets well is what is looked at.
    ...(hasWorkload ? [] : regions.map((region) => ({ wait: `healthy(${region})`, within: "60s" }))),
    { settle: null, within: "60s" },
  ];
  return [
    indented(yaml([{ wait: seconds(LEAD_MS) }])),
    ...written,
    comment("Waits for every `for`, stops the traffic, heals, and until all regions are equal."),
    indented(yaml(tail)),
  ].join("");
}

/** For each deed that ends a fault by its id (by its place) the one before it that began that fault. */
function begunOf(done: readonly Done[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const [i, { deed }] of done.entries()) {
    const healed = healedBy(mapOf(deed.step));
    if (healed === undefined) continue;
    const step = done.findLastIndex(
      ({ began = [], ineffective }, j) => j < i && !ineffective && began.includes(healed),
    );
    if (step !== -1) found.set(i, step);
  }
  return found;
}

/** As a scenario has ids. */
const idOf = (done: readonly Done[], step: number) => `${Object.keys(mapOf(done[step]!.deed.step))[0]!}-${step + 1}`;

/** A step as a map; its bare word is a verb without a target. Its own id is for the moment it was done in. */
function mapOf(step: unknown): Readonly<Record<string, unknown>> {
  if (typeof step === "string") return { [step]: null };
  const { id: _, ...rest } = step as Record<string, unknown>;
  return rest;
}

function healedBy(step: Readonly<Record<string, unknown>>): string | undefined {
  const { heal } = step;
  return typeof heal === "string" ? heal : undefined;
}

function pauseBefore({ at }: Done, previous: Done | undefined): readonly string[] {
  const pause = previous === undefined ? 0 : at - previous.at;
  if (pause <= LONGEST_PAUSE_MS) return [];
  return [comment(`${formatDuration(pause)} later; ${formatDuration(LONGEST_PAUSE_MS)} are enough here:`)];
}

const comment = (text: string) => `  # ${text.replaceAll(/[\r\n]+/g, " ")}\n`;
const seconds = (ms: number) => `${Number((ms / 1_000).toFixed(1))}s`;
const yaml = (value: unknown) => stringify(value, { lineWidth: 0, nullStr: "" }).replaceAll(/: $/gm, ":");
const indented = (text: string) => text.replaceAll(/^(?=.)/gm, "  ");
