// A logical write: all operations that carry one idempotency key are attempts of one write, however often and wherever it was sent.
import type { Vector } from "../model/vector.ts";
import type { Operation } from "./history.ts";

/** One thing that an acknowledgement says happened: a state that the write made, and where. */
export interface Effect {
  /** The first answer that names it. */
  acknowledged: Operation;
  state?: string;
  vector?: Vector;
  version?: number;
  /** The region that made it (not the one in the path: a gateway may have moved the write). */
  home?: string;
}

export interface Write {
  key: string;
  id?: string;
  value: unknown;
  attempts: readonly Operation[];
  /** ok if any attempt is; unknown if none is ok and any may have happened; fail only if none can have. */
  outcome: "ok" | "unknown" | "fail";
  /** What its ok answers name, each state once: one in a correct system. */
  effects: readonly Effect[];
  /** What its author had seen. */
  basis?: { state?: string; vector?: Vector; region?: string; version?: number };
}

/** Two values are the same when they are the same JSON. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" && typeof b !== "object") return a === b;
  return valueText(a) === valueText(b);
}

export function valueText(value: unknown): string {
  if (typeof value === "number") return String(value);
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** The writes of one key, in the order in which they were first sent. One id with two payloads makes two writes. */
export function writesOf(
  operations: readonly Operation[],
  vector: (state: string | undefined) => Vector | undefined,
  learnedIn: (operation: Operation) => string | undefined,
): readonly Write[] {
  const groups = new Map<string | number, Operation[]>();
  for (const operation of operations) {
    const { id, op, value } = operation.invoke;
    let name: string | number = id ?? op;
    let group = groups.get(name);
    if (group !== undefined && !sameValue(group[0]!.invoke.value, value)) {
      name = `${id} with ${valueText(value)}`;
      group = groups.get(name);
    }
    if (group) group.push(operation);
    else groups.set(name, [operation]);
  }
  return [...groups.values()].map((attempts) => writeOf(attempts, vector, learnedIn));
}

function writeOf(
  attempts: readonly Operation[],
  vector: (state: string | undefined) => Vector | undefined,
  learnedIn: (operation: Operation) => string | undefined,
): Write {
  const { key, id, value } = attempts[0]!.invoke;
  const oks = attempts.length === 1 && isOk(attempts[0]!) ? attempts : attempts.filter(isOk);
  const mayHave = oks.length === 0 && attempts.some((attempt) => attempt.outcome.type === "unknown");
  // A stored answer tells of an earlier attempt: then the first one wrote.
  const author = oks.find((attempt) => !attempt.complete?.stored) ?? attempts[0]!;
  const basis = basisOf(author, vector, learnedIn);
  return {
    key,
    id,
    value,
    attempts,
    outcome: oks.length > 0 ? "ok" : mayHave ? "unknown" : "fail",
    effects: effectsOf(oks, basis, vector),
    basis,
  };
}

const isOk = (attempt: Operation): boolean => attempt.outcome.type === "ok";

function basisOf(
  author: Operation,
  vector: (state: string | undefined) => Vector | undefined,
  learnedIn: (operation: Operation) => string | undefined,
): Write["basis"] {
  const { invoke } = author;
  if (invoke.basis === undefined && invoke.expected === undefined) return undefined;
  const seen = vector(invoke.basis);
  if (seen !== undefined) return { state: invoke.basis, vector: seen };
  // Without vectors a number means what it meant to the region that said it; a number from nowhere, to the one addressed.
  const region = learnedIn(author) ?? invoke.region;
  return { state: invoke.basis, region, version: invoke.expected };
}

function effectsOf(
  oks: readonly Operation[],
  basis: Write["basis"],
  vector: (state: string | undefined) => Vector | undefined,
): readonly Effect[] {
  if (oks.length === 0) return [];
  if (oks.length === 1) return [effectOf(oks[0]!, basis, vector)];
  // Those that really wrote come first: their X-Served-By is the region of the effect, a stored answer's is not.
  const ordered = [...oks.filter((ok) => !ok.complete?.stored), ...oks.filter((ok) => ok.complete?.stored)];
  const effects = new Map<string, Effect>();
  for (const effect of ordered.map((ok) => effectOf(ok, basis, vector))) {
    const name = effect.vector === undefined ? `${effect.state} ${effect.version}` : vectorText(effect.vector);
    if (!effects.has(name)) effects.set(name, effect);
  }
  return [...effects.values()];
}

function effectOf(
  acknowledged: Operation,
  basis: Write["basis"],
  vector: (state: string | undefined) => Vector | undefined,
): Effect {
  const { state, version, stored } = acknowledged.complete!;
  const seen = vector(state);
  const home = (stored ? undefined : acknowledged.servedIn) ?? grown(basis?.vector, seen);
  return { acknowledged, state, vector: seen, version, home };
}

/** One spelling for equal vectors. */
export function vectorText(vector: Vector): string {
  return Object.entries(vector)
    .filter(([, counter]) => counter > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([region, counter]) => `${region}:${counter}`)
    .join(",");
}

/** The one region whose counter a write moved. */
function grown(before: Vector | undefined, after: Vector | undefined): string | undefined {
  if (before === undefined || after === undefined) return undefined;
  const moved = Object.keys(after).filter((region) => after[region]! > (before[region] ?? 0));
  return moved.length === 1 ? moved[0] : undefined;
}
