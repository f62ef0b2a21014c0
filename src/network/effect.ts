// What the rules of a link do to a crossing: to the bytes of one direction, and to those who open connections. Pure: time
// and chance come in, so the same code can be run on a clock that is only imagined.
import { concerns, CUT_MODES, type CrossingId, type CutMode, type LinkRule } from "../model/link.ts";
import { WINDOW_BYTES } from "./window.ts";

/** What all rules of one direction amount to. */
export interface WayEffect {
  /** The worst of the cuts. */
  cut?: CutMode;
  /** They add up. */
  delays: readonly Delay[];
  /** Rules that cap: each has a bucket, and bytes need tokens of all, so the tightest rules. */
  caps: readonly LinkRule[];
}

export interface Delay {
  addMs: number;
  jitterMs: number;
}

/** What becomes of a connection that is opened: a handshake needs both directions. */
export interface Gate {
  type: "open" | "stall" | "reset" | "refuse";
  /** Whose doing it is. */
  rule?: LinkRule;
}

export interface CrossingEffect {
  /** Bytes towards the node, and back from it. */
  there: WayEffect;
  back: WayEffect;
  gate: Gate;
  /** Rules of the connections that are opened here. */
  flaky: readonly LinkRule[];
}

type Zones = CrossingId & { toZone: string };

export function effectsOn(crossing: Zones, rules: readonly LinkRule[]): CrossingEffect {
  const { from, toZone } = crossing;
  const there = rules.filter((rule) => concerns(rule, { from, to: toZone }, crossing));
  const back = rules.filter((rule) => concerns(rule, { from: toZone, to: from }, crossing));
  const flaky = there.filter(({ effect }) => effect.type === "flaky");
  return { there: effectOf(there), back: effectOf(back), gate: gateOf(there, back), flaky };
}

/** Of the rules of one direction. */
export function effectOf(rules: readonly LinkRule[]): WayEffect {
  const cuts = rules.flatMap(({ effect }) => (effect.type === "cut" ? [CUT_MODES.indexOf(effect.mode)] : []));
  const delays = rules.flatMap(({ effect }) => (effect.type === "delay" ? [effect] : []));
  const caps = rules.filter(({ effect }) => effect.type === "cap");
  return { cut: cuts.length === 0 ? undefined : CUT_MODES[Math.max(...cuts)], delays, caps };
}

/** Only a refusal of those who open them closes the door: one of the answers' direction resets like any other. */
function gateOf(there: readonly LinkRule[], back: readonly LinkRule[]): Gate {
  const cut = (rules: readonly LinkRule[], ...modes: readonly CutMode[]) =>
    rules.find(({ effect }) => effect.type === "cut" && modes.includes(effect.mode));
  const both = [...there, ...back];
  const refuse = cut(there, "refuse");
  if (refuse !== undefined) return { type: "refuse", rule: refuse };
  const reset = cut(both, "reset", "refuse");
  if (reset !== undefined) return { type: "reset", rule: reset };
  const drop = cut(both, "drop");
  return drop === undefined ? { type: "open" } : { type: "stall", rule: drop };
}

// --- delays ---

/** How much later a byte that comes now arrives. `random` is from 0 to 1. */
export function delayMs(delays: readonly Delay[], random: () => number): number {
  let total = 0;
  for (const { addMs, jitterMs } of delays)
    total += jitterMs === 0 ? addMs : Math.max(0, addMs + (2 * random() - 1) * jitterMs);
  return total;
}

/** The longest that a byte may be on its way. */
export function longestMs(delays: readonly Delay[]): number {
  return delays.reduce((sum, { addMs, jitterMs }) => sum + addMs + jitterMs, 0);
}

/**
 * Timers count whole milliseconds and fire late rather than early. So they are asked for a little less, and what is due
 * this soon goes: that halves how far off it is.
 */
export const EARLY_MS = 0.8;

const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function isDue(dueMs: number, nowMs: number): boolean {
  return dueMs - nowMs <= EARLY_MS;
}

/** For setTimeout, of something that is not due yet. */
export function timerMs(dueMs: number, nowMs: number): number {
  return Math.min(Math.max(1, Math.floor(dueMs - nowMs)), LONGEST_TIMER_MS);
}

// --- caps ---

/** Tokens of one cap: its bytes up to `paidMs` have been handed out. */
export interface Bucket {
  readonly bytesPerSecond: number;
  paidMs: number;
  /** How many wait for its tokens. */
  waiting: number;
}

/** What an idle link has in hand for whoever comes: enough that a late reader loses nothing, too little to be a burst. */
const CREDIT_MS = 5;
/** A program that was stopped does not make up for more than this. */
const ARREARS_MS = 1_000;
/** About a packet: less is not worth waking up for. */
const GRAIN_BYTES = 1_448;

export function createBucket(bytesPerSecond: number, nowMs: number): Bucket {
  return { bytesPerSecond, paidMs: nowMs, waiting: 0 };
}

/** Somebody begins to wait. While nobody did, no more than the credit was saved; while somebody does, nothing is lost. */
export function beginWaiting(bucket: Bucket, nowMs: number): void {
  if (bucket.waiting === 0) bucket.paidMs = Math.max(bucket.paidMs, nowMs - CREDIT_MS);
  bucket.waiting++;
}

/** Whole bytes that may go now. */
export function available(bucket: Bucket, nowMs: number): number {
  bucket.paidMs = Math.max(bucket.paidMs, nowMs - ARREARS_MS);
  // A byte that is due but for rounding is due.
  return Math.max(0, Math.floor(((nowMs - bucket.paidMs) * bucket.bytesPerSecond) / 1_000 + 1e-6));
}

export function take(bucket: Bucket, bytes: number): void {
  bucket.paidMs += (bytes * 1_000) / bucket.bytesPerSecond;
}

/** When it is worth looking again for somebody who wants so much. */
export function worthwhileMs(bucket: Bucket, wantedBytes: number): number {
  const perMs = bucket.bytesPerSecond / 1_000;
  const grain = Math.min(Math.max(GRAIN_BYTES, perMs * 2), perMs * 20);
  return bucket.paidMs + Math.max(1, Math.min(wantedBytes, grain)) / perMs;
}

/** One turn: an equal share of what there is, but not less than about a packet. */
export function turnBytes(availableBytes: number, waiting: number): number {
  return Math.max(GRAIN_BYTES, Math.ceil(availableBytes / waiting));
}

/** How much may wait for its tokens: enough that they are never idle, little enough that nobody waits for long behind it. */
export function capQueueBytes(caps: readonly LinkRule[]): number {
  const rates = caps.flatMap(({ effect }) => (effect.type === "cap" ? [effect.bytesPerSecond] : []));
  return Math.min(Math.max(65_536, Math.min(...rates) / 20), WINDOW_BYTES);
}

// --- flaky ---

/** How long a connection lives under such a rule: exponential, so that it does not matter since when it lives. */
export function lifetimeMs(resetsPerSecond: number, random: () => number): number {
  if (resetsPerSecond <= 0) return Infinity;
  // All of them within a second would be at once: 99.99 % are.
  const share = Math.min(resetsPerSecond, 0.9999);
  return (-1_000 * Math.log(1 - random())) / -Math.log(1 - share);
}
