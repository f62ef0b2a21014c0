// The links between the zones as a picture: what a round trip takes, and what faults do to it. Pure.
import { rulesOf } from "../faults/rules.ts";
import { wanted } from "../faults/wanted.ts";
import type { Fault } from "../model/fault.ts";
import { concerns, type Crossing, crossingsOf, type TimedRule, zonesOf } from "../model/link.ts";
import type { Topology } from "../model/topology.ts";
import type { LinkPicture } from "./picture.ts";

/** One per pair of zones that something crosses, in the order of the zones. A fault whose time is over counts until it has ended. */
export function linksOf(topology: Topology, faults: readonly Fault[]): readonly LinkPicture[] {
  const crossings = crossingsOf(topology);
  const rules = wanted(topology, faults).links;
  const owner = new Map(faults.flatMap((fault) => rulesOf(fault).map(({ id }) => [id, fault.id] as const)));
  const zones = zonesOf(topology);
  const pairs = zones.flatMap((one, i) => zones.slice(i + 1).map((other) => [one, other] as const));
  return pairs.flatMap((between): LinkPicture[] => {
    const [a, b] = between;
    const own = crossings.filter(({ from, toZone }) => (from === a && toZone === b) || (from === b && toZone === a));
    if (own.length === 0) return [];
    const [there, back] = [along(rules, a, b), along(rules, b, a)];
    return [
      {
        between,
        rttMs: Math.max(...own.map((crossing) => delayMs(there, crossing) + delayMs(back, crossing))),
        done: doneTo([...there, ...back], owner),
        cut: [isCut(there, own), isCut(back, own)],
      },
    ];
  });
}

const along = (rules: readonly TimedRule[], from: string, to: string) =>
  rules.filter((rule) => rule.from === from && rule.to === to);

/** A rule of one crossing is for its connections alone: the slowest ones tell what a round trip takes. */
function delayMs(rules: readonly TimedRule[], crossing: Crossing): number {
  const delays = rules.filter((rule) => concerns(rule, rule, crossing)).map(({ effect }) => effect);
  return delays.reduce((sum, effect) => (effect.type === "delay" ? sum + effect.addMs : sum), 0);
}

/** Nothing of anybody passes in this direction; one crossing that is cut among others is no cut of the link. */
const isCut = (rules: readonly TimedRule[], crossings: readonly Crossing[]) =>
  crossings.every((crossing) => rules.some((rule) => rule.effect.type === "cut" && concerns(rule, rule, crossing)));

/** Rules of single crossings that come from one fault and do the same are said once. */
function doneTo(rules: readonly TimedRule[], owner: ReadonlyMap<string, string>): LinkPicture["done"] {
  const done = new Map<string, LinkPicture["done"][number]>();
  for (const { id, from, to, effect } of rules) {
    const fault = owner.get(id);
    if (fault !== undefined) done.set(JSON.stringify([fault, from, to]), { from, to, effect, fault });
  }
  return [...done.values()];
}
