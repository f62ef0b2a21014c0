// What the control API is asked to do, checked against the crossings there are. Throws InputProblem.
import { CUT_MODES, type CrossingId, type Effect, type LinkListener } from "../model/link.ts";
import type { LinkRule, ProbeOrder, RulesOrder } from "../model/link.ts";
import { InputProblem, list, number, oneOf, record, said, text } from "./check.ts";

const MOST_RULES = 1_000;
/** Timers fire at once when they are asked for more than 2^31 ms. */
const LONGEST_MS = 24 * 86_400_000;
const MOST_BYTES_PER_SECOND = 1e12;
const MOST_PROBE_BYTES = 4 * 2 ** 20;
const LONGEST_PATIENCE_MS = 60_000;

export function rulesOrder(value: unknown, listeners: readonly LinkListener[]): RulesOrder {
  const { rules } = record(value, "the body", ["rules"]);
  return { rules: rulesOf(rules, "rules", listeners) };
}

export function rulesOf(value: unknown, where: string, listeners: readonly LinkListener[]): RulesOrder["rules"] {
  const rules = list(value, where, MOST_RULES).map((each, i) => ruleOf(each, `${where}[${i}]`, listeners));
  const ids = new Set<string>();
  for (const { id } of rules) {
    if (ids.has(id)) throw new InputProblem(`${where} has the id ${said(id)} twice: each rule needs its own`);
    ids.add(id);
  }
  return rules;
}

function ruleOf(value: unknown, where: string, listeners: readonly LinkListener[]): RulesOrder["rules"][number] {
  const given = record(value, where, ["id", "from", "to", "crossing?", "effect", "forMs?"]);
  const zones = [...new Set(listeners.flatMap(({ from, toZone }) => [from, toZone]))];
  const id = text(given["id"], `${where}.id`);
  const from = oneOf(given["from"], `${where}.from`, zones);
  const to = oneOf(given["to"], `${where}.to`, zones);
  if (from === to) throw new InputProblem(`${where} goes from ${from} to ${to}: a link is between two zones`);
  const rule: LinkRule = { id, from, to, effect: effectOf(given["effect"], `${where}.effect`) };
  if (given["crossing"] !== undefined) {
    const { listener, crossing } = crossingOf(given["crossing"], `${where}.crossing`, listeners);
    if (![from, to].includes(listener.from) || ![from, to].includes(listener.toZone))
      throw new InputProblem(
        `${where}.crossing is between ${listener.from} and ${listener.toZone}, its rule between ${from} and ${to}`,
      );
    rule.crossing = crossing;
  }
  if (given["forMs"] === undefined) return rule;
  return { ...rule, forMs: number(given["forMs"], `${where}.forMs`, { above: 0, most: LONGEST_MS }) };
}

/** By type: what else it must have. */
const EFFECTS: { readonly [T in Effect["type"]]: (value: unknown, where: string) => Effect } = {
  cut(value, where) {
    const { mode } = record(value, where, ["type", "mode"]);
    return { type: "cut", mode: oneOf(mode, `${where}.mode`, CUT_MODES) };
  },
  delay(value, where) {
    const { addMs, jitterMs } = record(value, where, ["type", "addMs", "jitterMs"]);
    const range = { least: 0, most: LONGEST_MS };
    return {
      type: "delay",
      addMs: number(addMs, `${where}.addMs`, range),
      jitterMs: number(jitterMs, `${where}.jitterMs`, range),
    };
  },
  cap(value, where) {
    const { bytesPerSecond } = record(value, where, ["type", "bytesPerSecond"]);
    const range = { above: 0, most: MOST_BYTES_PER_SECOND };
    return { type: "cap", bytesPerSecond: number(bytesPerSecond, `${where}.bytesPerSecond`, range) };
  },
  flaky(value, where) {
    const { resetsPerSecond } = record(value, where, ["type", "resetsPerSecond"]);
    const range = { least: 0, most: 1 };
    return { type: "flaky", resetsPerSecond: number(resetsPerSecond, `${where}.resetsPerSecond`, range) };
  },
};

function effectOf(value: unknown, where: string): Effect {
  const { type } = record(value, where, [
    "type",
    "mode?",
    "addMs?",
    "jitterMs?",
    "bytesPerSecond?",
    "resetsPerSecond?",
  ]);
  const known = oneOf(type, `${where}.type`, Object.keys(EFFECTS) as Effect["type"][]);
  return EFFECTS[known](value, where);
}

export function probeOrder(
  value: unknown,
  listeners: readonly LinkListener[],
): Required<ProbeOrder> & { listener: LinkListener } {
  const given = record(value, "the body", ["from", "to", "bytes?", "back?", "patienceMs"]);
  const { from, to, bytes = 1, back = false, patienceMs } = given;
  const { listener, crossing } = crossingOf({ from, to }, "the body", listeners);
  if (typeof back !== "boolean") throw new InputProblem(`back must be true or false, not ${said(back)}`);
  return {
    ...crossing,
    listener,
    bytes: number(bytes, "bytes", { least: 1, most: MOST_PROBE_BYTES, whole: true }),
    back,
    patienceMs: number(patienceMs, "patienceMs", { above: 0, most: LONGEST_PATIENCE_MS }),
  };
}

function crossingOf(value: unknown, where: string, listeners: readonly LinkListener[]) {
  const { from, to } = record(value, where, ["from", "to"]);
  const listener = listeners.find((each) => each.from === from && each.to === to);
  if (listener === undefined) {
    const known = listeners.map((each) => `${each.from} to ${each.to}`).join(", ");
    throw new InputProblem(`${where} is from ${said(from)} to ${said(to)}, which does not cross: ${known} do`);
  }
  const crossing: CrossingId = { from: listener.from, to: listener.to };
  return { listener, crossing };
}
