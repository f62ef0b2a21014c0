// What no step shows alone: in which order steps are due, what they are called, and what was saved before. Steps that could
// not be read count too where they can, or one mistake would be reported as several.
import type { Step } from "../model/scenario.ts";
import { isMap, type Path, type Source } from "../topology/source.ts";
import { didYouMean } from "../topology/words.ts";
import { placeholdersIn } from "./placeholders.ts";
import type { WrittenStep, Written } from "./steps.ts";
import { isFault } from "./words.ts";

/** A step as it stands in the file, whether or not it could be read. */
export interface PlacedStep {
  path: Path;
  /** "3", "3.1". */
  name: string;
  written: Written | undefined;
  /** The word of its verb, where it has one. */
  key?: string;
  parsed?: WrittenStep;
  inside: readonly PlacedStep[];
}

/** In the order of the file, each before what is inside it. */
export function flattened(steps: readonly PlacedStep[]): readonly PlacedStep[] {
  return steps.flatMap((step) => [step, ...flattened(step.inside)]);
}

/** Only steps that are inside of no other have an `at`. */
export function checkOrder(source: Source, steps: readonly PlacedStep[]): void {
  let last: Step | undefined;
  for (const { path, parsed } of steps) {
    const step = parsed?.step;
    if (step?.atMs === undefined) continue;
    if (last?.atMs !== undefined && step.atMs < last.atMs) {
      source.say([...path, "at"], `this is before the "at" of line ${last.line}, and steps run in their order`);
    } else last = step;
  }
}

/** Ids are unique, and what `heal` names is a fault that an earlier step began. */
export function checkIds(source: Source, steps: readonly PlacedStep[]): void {
  const seen = new Map<string, PlacedStep>();
  const all = flattened(steps);
  for (const { path, name, written, parsed } of all) {
    if (parsed?.step.verb === "heal" && typeof parsed.target === "string") checkHealed(source, parsed, seen, all);
    const id = written?.["id"];
    if (typeof id !== "string") continue;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, { path, name, written, parsed, inside: [] });
    else source.say([...path, "id"], `step ${first.name} is called "${id}" already`);
  }
}

function checkHealed(
  source: Source,
  { at, target }: WrittenStep,
  seen: ReadonlyMap<string, PlacedStep>,
  all: readonly PlacedStep[],
): void {
  const id = String(target);
  const healed = seen.get(id);
  if (healed === undefined) {
    if (all.some(({ written }) => written?.["id"] === id)) {
      source.say({ path: at, word: id }, `step "${id}" comes later: there is nothing to heal yet`);
      return;
    }
    const none = "Give the fault an id, or write heal alone to end every fault.";
    const hint = seen.size === 0 ? none : didYouMean(id, [...seen.keys()], "Steps before it are");
    source.say({ path: at, word: id }, `no step is called "${id}"`, hint);
    return;
  }
  const verb = healed.parsed?.step.verb;
  if (verb !== undefined && !isFault(verb)) {
    source.say({ path: at, word: id }, `step "${id}" is a ${verb}, which is no fault to heal`);
  }
}

/** What a placeholder names must have been saved by a step before. Answers what is saved afterwards. */
export function checkPlaceholders(
  source: Source,
  steps: readonly PlacedStep[],
  before: ReadonlySet<string> = new Set(),
): ReadonlySet<string> {
  const saved = new Set(before);
  for (const { path, written, key, inside, parsed } of steps) {
    const own = inside.length > 0 ? { ...written, [key!]: undefined } : written;
    for (const { name, written: text, path: inner } of placeholdersIn(own)) {
      if (saved.has(name)) continue;
      const none = "Save it in an earlier step: save: { version: body.version }.";
      const hint = saved.size === 0 ? none : didYouMean(name, [...saved], "Saved before it are");
      source.say({ path: [...path, ...inner], word: text }, `nothing is saved as "${name}" before this step`, hint);
    }
    for (const name of isMap(written?.["save"]) ? Object.keys(written["save"]) : []) saved.add(name);
    // Of steps that start at the same instant none is before another.
    const lists = parsed?.step.verb === "together" ? inside.map((step) => [step]) : [inside];
    for (const after of lists.map((list) => checkPlaceholders(source, list, new Set(saved)))) {
      for (const name of after) saved.add(name);
    }
  }
  return saved;
}
