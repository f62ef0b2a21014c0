// The WAN as a person wants to see it: per link its round trip, who uses it, and what is done to it, in plain words.
import { sayDirection } from "../../faults/rules.ts";
import { type LinkRule, type LinksState, zonesOf } from "../../model/link.ts";
import type { Topology } from "../../model/topology.ts";
import { formatDuration } from "../../model/units.ts";
import { sayEffect } from "../effects.ts";
import { table } from "../print.ts";

export interface WanLink {
  between: readonly [string, string];
  /** As the topology wants it. */
  rttMs: number;
  jitterMs: number;
  /** What faults add to a round trip. */
  addedMs: number;
  /** Open now. */
  connections: number;
  /** Passed on since the link program began, from the first zone to the second, and back. */
  bytesThere: number;
  bytesBack: number;
}

/** Every link that something crosses. `own` are the ids of the rules that the WAN has without any fault. */
export function wanOf(
  topology: Topology,
  { crossings, rules }: LinksState,
  own: ReadonlySet<string>,
): readonly WanLink[] {
  const zones = zonesOf(topology);
  const pairs = zones.flatMap((one, i) => zones.slice(i + 1).map((other) => [one, other] as const));
  return pairs.flatMap((between) => {
    const [here, there] = between;
    const crossing = crossings.filter(({ from, toZone }) => isBetween(between, from, toZone));
    if (crossing.length === 0) return [];
    const spec = topology.links.find((link) => isBetween(between, ...link.between));
    const bytes = (from: string) => sum(crossing.map((one) => (one.from === from ? one.bytesThere : one.bytesBack)));
    const added = rules.filter(
      ({ id, from, to, crossing: only }) => isBetween(between, from, to) && !own.has(id) && !only,
    );
    return [
      {
        between,
        rttMs: spec?.rttMs ?? 0,
        jitterMs: spec?.jitterMs ?? 0,
        addedMs: sum(added.map(({ effect }) => (effect.type === "delay" ? effect.addMs : 0))),
        connections: sum(crossing.map(({ connections }) => connections)),
        bytesThere: bytes(here),
        bytesBack: bytes(there),
      },
    ];
  });
}

type Pair = readonly [string, string];

const isBetween = ([one, other]: Pair, from: string, to: string) =>
  (from === one && to === other) || (from === other && to === one);

const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);

/** A table of the links, and below each what is done to it. */
export function wanLines(
  wan: readonly WanLink[],
  { rules, crossings }: LinksState,
  own: ReadonlySet<string>,
): readonly string[] {
  const rows = wan.map((link) => [
    `  ${link.between.join(" | ")}`,
    roundTrip(link),
    String(link.connections),
    formatBytes(link.bytesThere),
    formatBytes(link.bytesBack),
  ]);
  const [head, ...lines] = table([["  link", "round trip", "open", "there ->", "back <-"], ...rows]);
  const faulty = rules.filter(({ id }) => !own.has(id));
  const away = crossings.filter(({ turnedAway }) => turnedAway > 0);
  return [
    head!,
    ...wan.flatMap(({ between }, i) => [
      lines[i]!,
      ...ruleLines(
        between,
        faulty.filter(({ from, to }) => isBetween(between, from, to)),
      ),
    ]),
    ...away.map(
      ({ from, to, turnedAway }) => `  ${from} to ${to}: ${turnedAway} connections turned away, there were too many`,
    ),
  ];
}

function roundTrip({ rttMs, jitterMs, addedMs }: WanLink): string {
  return [
    formatDuration(rttMs),
    ...(addedMs === 0 ? [] : [` + ${formatDuration(addedMs)}`]),
    ...(jitterMs === 0 ? [] : [`, jitter ${formatDuration(jitterMs)}`]),
  ].join("");
}

type Rule = LinksState["rules"][number];

/** What a fault does to both directions is said once. */
function ruleLines(between: Pair, rules: readonly Rule[]): readonly string[] {
  return groups(rules).map((same) => {
    const [rule] = same as readonly [Rule];
    const both = new Set(same.map(({ from }) => from)).size === 2;
    const way = both ? sayDirection(rule).replace(/^\S+ -> \S+/, between.join(" | ")) : sayDirection(rule);
    const resets = sum(same.map((one) => one.resets ?? 0));
    const count = resets === 0 ? "" : `, ${resets} reset so far`;
    return `    ${way}: ${sayEffect(rule.effect)}${count}, ${left(rule.endsInMs)}`;
  });
}

/** Rules of one fault that do the same to one crossing, or to all: at most one for each direction. */
function groups(rules: readonly Rule[]): readonly (readonly Rule[])[] {
  const found = new Map<string, Rule[]>();
  for (const rule of rules) {
    const key = JSON.stringify([faultOf(rule), rule.crossing, rule.effect]);
    found.set(key, [...(found.get(key) ?? []), rule]);
  }
  return [...found.values()];
}

/** "cut: us -> eu" is a rule of the fault "cut". */
const faultOf = ({ id }: LinkRule) => (id.includes(": ") ? id.slice(0, id.lastIndexOf(": ")) : id);

const left = (endsInMs: number | undefined) =>
  endsInMs === undefined ? "until healed" : `${formatDuration(Math.max(0, endsInMs))} left`;

const BYTES = ["B", "kB", "MB", "GB", "TB"] as const;

export function formatBytes(bytes: number): string {
  const power = Math.min(BYTES.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1_000 ** power).toFixed(power === 0 ? 0 : 1))} ${BYTES[power]}`;
}
