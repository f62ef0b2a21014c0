// The rules in force. They are set as a whole; one that stays the same goes on undisturbed, and each ends by itself when its
// time is over, whoever is left to know.
import { isDeepStrictEqual } from "node:util";
import type { LinkRule, LinksState, RulesOrder } from "../model/link.ts";
import { formatBandwidth, formatDuration } from "../model/units.ts";
import { createBucket, type Bucket } from "./effect.ts";
import type { Say } from "./say.ts";

export interface Rules {
  /** In the order in which they were set. */
  all(): readonly LinkRule[];
  /** Of a rule that caps. */
  bucket(rule: LinkRule): Bucket;
  set(order: RulesOrder["rules"]): void;
  /** A connection was reset because of it. */
  countReset(rule: LinkRule | undefined): void;
  state(): LinksState["rules"];
  close(): void;
}

interface InForce {
  rule: LinkRule;
  /** Of a clock that nobody sets. */
  endsAtMs?: number;
  bucket?: Bucket;
  resets: number;
}

/** How many of them are named when many change at once. */
const SAID_AT_ONCE = 20;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function createRules(now: () => number, changed: () => void, say: Say): Rules {
  let inForce: ReadonlyMap<string, InForce> = new Map();
  let timer: NodeJS.Timeout | undefined;

  const replace = (next: ReadonlyMap<string, InForce>, lines: readonly string[]) => {
    inForce = next;
    for (const line of lines.slice(0, SAID_AT_ONCE)) say(line);
    if (lines.length > SAID_AT_ONCE) say(`... and ${lines.length - SAID_AT_ONCE} rules more`);
    if (lines.length > 0) changed();
    clearTimeout(timer);
    const soonest = Math.min(...[...next.values()].map(({ endsAtMs }) => endsAtMs ?? Infinity));
    if (soonest < Infinity)
      timer = setTimeout(expire, Math.min(Math.max(1, Math.ceil(soonest - now())), LONGEST_TIMER_MS));
  };

  const expire = () => {
    const isOver = ({ endsAtMs = Infinity }: InForce) => endsAtMs <= now();
    const over = [...inForce.values()].filter(isOver);
    const next = new Map([...inForce].filter(([, each]) => !over.includes(each)));
    replace(
      next,
      over.map(({ rule }) => `${describeRule(rule)} is over`),
    );
  };

  return {
    all: () => [...inForce.values()].map(({ rule }) => rule),
    bucket: ({ id }) => inForce.get(id)!.bucket!,
    set(order) {
      const next = new Map<string, InForce>();
      const lines: string[] = [];
      for (const { forMs, ...rule } of order) {
        const known = inForce.get(rule.id);
        const same = known !== undefined && isDeepStrictEqual(known.rule, rule) ? known : undefined;
        const endsAtMs = forMs === undefined ? undefined : now() + forMs;
        next.set(rule.id, { ...(same ?? begin(rule, now())), endsAtMs });
        if (same === undefined) lines.push(`${describeRule(rule)}${forMs ? ` for ${formatDuration(forMs)}` : ""}`);
      }
      const gone = [...inForce.values()].filter(({ rule }) => next.get(rule.id)?.rule !== rule);
      const ended = gone.filter(({ rule }) => !next.has(rule.id)).map(({ rule }) => `${describeRule(rule)} ended`);
      replace(next, [...ended, ...lines]);
    },
    countReset(rule) {
      const found = rule && inForce.get(rule.id);
      if (found) found.resets++;
    },
    state: () =>
      [...inForce.values()].map(({ rule, endsAtMs, resets }) => ({
        ...rule,
        ...(endsAtMs !== undefined && { endsInMs: Math.max(0, Math.round(endsAtMs - now())) }),
        ...((rule.effect.type === "flaky" || rule.effect.type === "cut") && { resets }),
      })),
    close: () => clearTimeout(timer),
  };
}

function begin(rule: LinkRule, nowMs: number): InForce {
  const { effect } = rule;
  return { rule, resets: 0, bucket: effect.type === "cap" ? createBucket(effect.bytesPerSecond, nowMs) : undefined };
}

/** "drop us -> eu", "delay 40 ms, jitter 5 ms edge -> us (only edge to backend-us)". */
export function describeRule({ from, to, crossing, effect }: LinkRule): string {
  const only = crossing === undefined ? "" : ` (only ${crossing.from} to ${crossing.to})`;
  return `${describeEffect(effect)} ${from} -> ${to}${only}`;
}

function describeEffect(effect: LinkRule["effect"]): string {
  if (effect.type === "cut") return effect.mode;
  if (effect.type === "cap") return `cap ${formatBandwidth(effect.bytesPerSecond)}`;
  if (effect.type === "flaky") return `flaky ${Number((effect.resetsPerSecond * 100).toFixed(2))} %/s`;
  const jitter = effect.jitterMs > 0 ? `, jitter ${formatDuration(effect.jitterMs)}` : "";
  return `delay ${formatDuration(effect.addMs)}${jitter}`;
}
