// What the links should do: their own delays, and a rule per direction of every fault. Pure.
import type { Fault, FaultKind, FaultParameters } from "../model/fault.ts";
import { concerns, type Crossing, type Direction, type Effect, type LinkRule, type TimedRule } from "../model/link.ts";
import type { LinkSpec, Topology } from "../model/topology.ts";
import { formatBandwidth, formatDuration } from "../model/units.ts";

/** All rules, those of faults that are over included: see `inForce`. */
export function wantedRules({ links }: Topology, faults: readonly Fault[]): readonly TimedRule[] {
  return [...links.flatMap(ownDelays), ...faults.flatMap(rulesOf)];
}

/** A round trip goes both ways, so each direction has half of it. */
function ownDelays({ between: [a, b], rttMs, jitterMs }: LinkSpec): readonly TimedRule[] {
  if (rttMs === 0 && jitterMs === 0) return [];
  const effect: Effect = { type: "delay", addMs: rttMs / 2, jitterMs: jitterMs / 2 };
  const directions = [
    { from: a, to: b },
    { from: b, to: a },
  ];
  return directions.map((direction) => ({ id: idOf("wan", direction, " "), ...direction, effect }));
}

export function rulesOf(fault: Fault): readonly TimedRule[] {
  const effect = EFFECTS[fault.kind]?.(fault.parameters);
  if (effect === undefined) return [];
  const until = fault.until === undefined ? {} : { until: fault.until };
  return (fault.links ?? []).map((direction) => ({ id: idOf(fault.id, direction), ...direction, effect, ...until }));
}

/** What a fault of this kind does to the directions that it acts on. */
const EFFECTS: Readonly<Partial<Record<FaultKind, (parameters: FaultParameters) => Effect>>> = {
  partition: ({ mode = "drop" }) => ({ type: "cut", mode }),
  isolate: ({ mode = "drop" }) => ({ type: "cut", mode }),
  "region-outage": () => ({ type: "cut", mode: "drop" }),
  latency: ({ addMs = 0, jitterMs = 0 }) => ({ type: "delay", addMs, jitterMs }),
  bandwidth: ({ bytesPerSecond = 0 }) => ({ type: "cap", bytesPerSecond }),
  flaky: ({ resetsPerSecond = 0 }) => ({ type: "flaky", resetsPerSecond }),
};

/** "partition us | eu: us -> eu", "wan us -> eu". */
const idOf = (owner: string, direction: Direction, between = ": ") => `${owner}${between}${sayDirection(direction)}`;

/** "us -> eu", of one crossing alone "us -> eu (eu to kafka)". */
export function sayDirection({ from, to, crossing }: Direction): string {
  return `${from} -> ${to}${crossing === undefined ? "" : ` (${crossing.from} to ${crossing.to})`}`;
}

/** Do connections of this crossing carry bytes in this direction? Every connection carries them both ways. */
export function runsAlong(direction: Direction, crossing: Crossing): boolean {
  const { from, toZone } = crossing;
  const back = { from: toZone, to: from };
  return concerns(direction, { from, to: toZone }, crossing) || concerns(direction, back, crossing);
}

/** And are they opened from where it begins? */
export function openedIn(direction: Direction, crossing: Crossing): boolean {
  return concerns(direction, { from: crossing.from, to: crossing.toZone }, crossing);
}

/** A rule whose time is over ends by itself, whoever has still to notice. */
export const inForce =
  (now: number) =>
  ({ until = Infinity }: TimedRule): boolean =>
    until > now;

export interface RuleDifferences {
  /** In force, and not wanted. */
  left: readonly LinkRule[];
  /** Wanted, and not in force. */
  missing: readonly LinkRule[];
}

/** By what they do and to what. Not by their ends: an id stands for one end only. */
export function compareRules(is: readonly LinkRule[], should: readonly LinkRule[]): RuleDifferences {
  const [have, want] = [new Set(is.map(face)), new Set(should.map(face))];
  return {
    left: is.filter((rule) => !want.has(face(rule))),
    missing: should.filter((rule) => !have.has(face(rule))),
  };
}

const face = ({ id, from, to, crossing, effect }: LinkRule) =>
  JSON.stringify([id, from, to, crossing?.from, crossing?.to, Object.entries(effect).toSorted()]);

/** "us -> eu still has drop of partition us | eu". */
export function sayDifferences(is: readonly LinkRule[], should: readonly LinkRule[]): readonly string[] {
  const { left, missing } = compareRules(is, should);
  return [
    ...left.map((rule) => `${sayDirection(rule)} still has ${sayRule(rule)}`),
    ...missing.map((rule) => `${sayDirection(rule)} has not ${sayRule(rule)}, it should`),
  ];
}

function sayRule(rule: LinkRule): string {
  const [wan, direction] = [idOf("wan", rule, " "), sayDirection(rule)];
  const owner = rule.id === wan ? "the link itself" : rule.id.replace(`: ${direction}`, "");
  return `${sayEffect(rule.effect)} of ${owner}`;
}

type Sayings = { readonly [T in Effect["type"]]: (effect: Extract<Effect, { type: T }>) => string };

const SAYINGS: Sayings = {
  cut: ({ mode }) => mode,
  delay: ({ addMs }) => `the delay (${formatDuration(addMs)})`,
  cap: ({ bytesPerSecond }) => `the cap (${formatBandwidth(bytesPerSecond)})`,
  flaky: () => "the resets",
};

const sayEffect = (effect: Effect) => SAYINGS[effect.type](effect as never);
