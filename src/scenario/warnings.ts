// What is not wrong, but hardly meant: a fault that nothing observes, an outage after which nobody looks at the data, a
// `heal` that cuts a `for` short.
import { OF_DATA } from "../checkers/of-data.ts";
import type { Expectation, Scenario } from "../model/scenario.ts";
import { parseDuration } from "../model/units.ts";
import type { Source } from "../topology/source.ts";
import type { WrittenStep } from "./steps.ts";
import { isFault } from "./words.ts";

/** Faults that take a node, a region or a link away, so that data can be lost or doubled by them. */
const OUTAGES = new Set(["kill", "stop", "restart", "pause", "region-outage", "partition", "isolate", "chaos", "hold"]);

/** Verbs that look at the system. */
const LOOKS = new Set(["request", "expect"]);

export function warn(
  source: Source,
  steps: readonly WrittenStep[],
  traffic: Scenario["traffic"],
  expect: readonly Expectation[],
): void {
  const say = ({ at }: WrittenStep, message: string, hint: string) =>
    source.say({ path: at, key: true }, message, hint, "warning");
  const unseen = unobserved(steps, traffic, expect);
  for (const fault of unseen) {
    const hint = "Add traffic, a request after it, or something under expect.";
    say(fault, `nothing observes this ${fault.step.verb}, so the scenario passes whatever it does`, hint);
  }
  const outage = unrolled(steps).find(({ step }) => OUTAGES.has(step.verb));
  if (outage && unseen.length === 0 && !expect.some(({ name }) => OF_DATA.has(name))) {
    const hint = "Add no-lost-writes, no-duplicates or converges under expect.";
    say(outage, `nothing checks the data after this ${outage.step.verb}`, hint);
  }
  for (const { heal, fault } of cutShort(steps)) {
    const message = `this ends the ${fault.step.verb} of line ${fault.step.line} before its "for" is over`;
    say(heal, message, "Wait for it (settle does), or leave its `for` away.");
  }
}

function unobserved(
  steps: readonly WrittenStep[],
  traffic: Scenario["traffic"],
  expect: readonly Expectation[],
): readonly WrittenStep[] {
  if (traffic.length > 0 || expect.length > 0) return [];
  return steps.flatMap((outer, i) => {
    if (unrolled(steps.slice(0, i)).some(({ step }) => step.verb === "traffic")) return [];
    // What stands inside the same step may look at the same time, or in the next round.
    const seenBy = unrolled(steps.slice(outer.inside.length > 0 ? i : i + 1));
    return seenBy.some(looks) ? [] : unrolled([outer]).filter(({ step }) => isFault(step.verb));
  });
}

/** In place of a step the steps inside it; chaos is one fault, whatever it draws. */
function unrolled(steps: readonly WrittenStep[]): readonly WrittenStep[] {
  return steps.flatMap((one) => (one.inside.length > 0 && !isFault(one.step.verb) ? unrolled(one.inside) : [one]));
}

function looks({ step, target }: WrittenStep): boolean {
  if (LOOKS.has(step.verb) || step.when !== undefined) return true;
  return step.verb === "wait" && typeof target === "string" && parseDuration(target) === undefined;
}

/**
 * Heals that come while a `for` must still be running. Only what takes a known time counts; after anything that waits
 * for the system (a condition, a request) nobody can say how late it is.
 */
function cutShort(steps: readonly WrittenStep[]): readonly { heal: WrittenStep; fault: WrittenStep }[] {
  const found = steps.flatMap(({ step, inside }) => (step.verb === "repeat" ? cutShort(inside) : []));
  let now = 0;
  let running: { fault: WrittenStep; until: number }[] = [];
  for (const written of steps) {
    const { step, target } = written;
    now = Math.max(now, step.atMs ?? 0);
    const waitedMs = step.verb === "wait" && typeof target === "string" ? parseDuration(target) : 0;
    const isLong = written.inside.length > 0 && !isFault(step.verb);
    if (step.when !== undefined || step.withinMs !== undefined || waitedMs === undefined || isLong) running = [];
    now += waitedMs ?? 0;
    if (step.verb === "settle") running = [];
    if (step.verb === "heal") {
      const ended = running.filter(({ fault }) => typeof target !== "string" || fault.step.id === target);
      for (const { fault, until } of ended) if (until > now) found.push({ heal: written, fault });
      running = running.filter((one) => !ended.includes(one));
    }
    if (isFault(step.verb) && step.forMs !== undefined) running.push({ fault: written, until: now + step.forMs });
  }
  return found;
}
