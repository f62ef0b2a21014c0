// Steps: each a map with exactly one verb, whose value is its target; every parameter is a sibling.
import type { Step } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";
import type { Complaint, VerbWords, Vocabulary } from "../model/vocabulary.ts";
import { nounOf, parseWith } from "../topology/issues.ts";
import { isMap, type Path, type Source } from "../topology/source.ts";
import { didYouMean } from "../topology/words.ts";
import { MODIFIERS, modifiersOf, sayConditionProblems } from "./modifiers.ts";
import { placeholdersIn } from "./placeholders.ts";
import { parametersOf, sayNoVerb, sayStranger, verbKeys, verbOf } from "./words.ts";

export const MAX_STEPS = 500;

export interface Language {
  vocabulary: Vocabulary;
  /** Absent while the file names none that can be loaded: then only the words are checked. */
  topology: Topology | undefined;
}

/** A step, and what later checks want to know of how it was written. */
export interface WrittenStep {
  step: Step;
  /** Where its verb stands. */
  at: Path;
  target: unknown;
}

type Written = Readonly<Record<string, unknown>>;

export function stepsOf(source: Source, language: Language): readonly WrittenStep[] {
  const value = isMap(source.value) ? source.value["steps"] : undefined;
  const spot = { path: ["steps"], key: true };
  if (!Array.isArray(value) || value.length === 0) {
    const expected = "expected a list of steps, at least one";
    source.say(spot, value === undefined ? `"steps" is missing: ${expected}` : expected);
    return [];
  }
  if (value.length > MAX_STEPS) {
    source.say(spot, `a scenario has ${MAX_STEPS} steps at most, and these are ${value.length}`);
  }
  const written = value.slice(0, MAX_STEPS).map(mapOf);
  const steps = written.flatMap((step, i) => stepOf(source, i, value[i], step, language) ?? []);
  checkOrder(source, steps);
  checkIds(source, written, steps);
  checkPlaceholders(source, written);
  return withSettle(steps, language);
}

/** A step as a map; its bare word is a verb without a target. */
function mapOf(written: unknown): Written | undefined {
  if (typeof written === "string") return { [written]: null };
  return isMap(written) ? written : undefined;
}

function stepOf(
  source: Source,
  index: number,
  value: unknown,
  step: Written | undefined,
  language: Language,
): WrittenStep | undefined {
  const path: Path = ["steps", index];
  if (step === undefined) {
    source.say(path, `a step is a map with one verb, e.g. kill: backend-us, and this is ${nounOf(value)}`);
    return undefined;
  }
  const bare = typeof value === "string";
  const [key, ...others] = verbKeys(step, language.vocabulary);
  const verb = key === undefined ? undefined : verbOf(language.vocabulary, key);
  for (const other of others) {
    const message = `a step has one verb, and this one has "${key}" already`;
    source.say({ path: [...path, other], key: true }, message, `Make "${other}" a step of its own.`);
  }
  const modifiers = modifiersOf(source, path, step, verb, language.topology);
  if (key === undefined || verb === undefined) {
    sayNoVerb(source, path, step, bare, language.vocabulary);
    return undefined;
  }
  const at: Path = bare ? path : [...path, key];
  const args = argsOf(source, { path, at, key, step, others }, verb, language.topology);
  if (args === undefined) return undefined;
  if (verb.name === "request" && modifiers.withinMs !== undefined && modifiers.when === undefined) {
    const reads = /^(GET|HEAD) /.test(String(step[key]));
    const message = '"within" repeats a request until it is answered as expected, and only reads may be repeated';
    if (!reads) source.say({ path: [...path, "within"], key: true }, message);
  }
  const text = textOf(verb, args.value, step, key);
  const line = source.lineOf(at);
  return {
    step: { path: String(index + 1), verb: verb.name, args: args.value, text, line, ...modifiers },
    at,
    target: step[key],
  };
}

interface Place {
  path: Path;
  /** Where the verb stands. */
  at: Path;
  key: string;
  step: Written;
  /** Other verbs, which were refused already. */
  others: readonly string[];
}

/** What the verb's own schema and check make of target and parameters. */
function argsOf(
  source: Source,
  { path, at, key, step, others }: Place,
  verb: VerbWords,
  topology: Topology | undefined,
): { value: never } | undefined {
  const parameters = parametersOf(verb);
  const given: Record<string, unknown> = step[key] === null ? {} : { target: step[key] };
  for (const [name, value] of Object.entries(step)) {
    if (parameters.includes(name)) given[name] = value;
    else if (name !== key && !MODIFIERS.includes(name) && !others.includes(name)) sayStranger(source, path, name, verb);
  }
  const placeOf = (inner: Path): Path => {
    if (inner.length === 0) return at;
    return inner[0] === "target" ? [...at, ...inner.slice(1)] : [...path, ...inner];
  };
  const parsed = parseWith(source, given, verb.args, placeOf);
  if (parsed === undefined) return undefined;
  if (topology !== undefined) {
    sayComplaints(source, verb.check?.(parsed.value, topology) ?? [], parsed.wrong, placeOf);
    for (const condition of verb.conditions?.(parsed.value) ?? [])
      sayConditionProblems(source, at, condition, topology);
  }
  return parsed.wrong.size === 0 ? parsed : undefined;
}

/** `wrong` are keys that were complained about already. */
export function sayComplaints(
  source: Source,
  complaints: readonly Complaint[],
  wrong: ReadonlySet<PropertyKey>,
  placeOf: (inner: Path) => Path,
): void {
  for (const { path, word, message, hint } of complaints) {
    if (!wrong.has(path[0] ?? "")) source.say({ path: placeOf(path), word }, message, hint);
  }
}

/** The step in one line, with canonical words: "kill db-eu for 2s when lag(eu) > 3s". */
function textOf(verb: VerbWords, args: never, step: Written, key: string): string {
  const target = Array.isArray(step[key]) ? step[key].join(", ") : step[key];
  const said = verb.say?.(args) ?? (typeof target === "string" ? `${verb.name} ${target}` : verb.name);
  const modifiers = ["for", "when"].filter((name) => name in step && !parametersOf(verb).includes(name));
  return [said, ...modifiers.map((name) => `${name} ${String(step[name])}`)].join(" ").replace(/\s+/g, " ");
}

function checkOrder(source: Source, steps: readonly WrittenStep[]): void {
  let last: Step | undefined;
  for (const { step } of steps) {
    if (step.atMs === undefined) continue;
    if (last?.atMs !== undefined && step.atMs < last.atMs) {
      const path = ["steps", Number(step.path) - 1, "at"];
      source.say(path, `this is before the "at" of line ${last.line}, and steps run in their order`);
    } else last = step;
  }
}

/** Ids are unique, and what `heal` names is a fault that an earlier step began. */
function checkIds(source: Source, written: readonly (Written | undefined)[], steps: readonly WrittenStep[]): void {
  const seen = new Map<string, number>();
  for (const [i, step] of written.entries()) {
    const parsed = steps.find((one) => one.step.path === String(i + 1));
    if (parsed?.step.verb === "heal" && typeof parsed.target === "string") {
      checkHealed(source, parsed, seen, steps, written);
    }
    const id = step?.["id"];
    if (typeof id !== "string") continue;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, i);
    else source.say(["steps", i, "id"], `step ${first + 1} is called "${id}" already`);
  }
}

function checkHealed(
  source: Source,
  { at, target }: WrittenStep,
  seen: ReadonlyMap<string, number>,
  steps: readonly WrittenStep[],
  written: readonly (Written | undefined)[],
): void {
  const id = String(target);
  const index = seen.get(id);
  if (index === undefined) {
    if (written.some((step) => step?.["id"] === id)) {
      source.say({ path: at, word: id }, `step "${id}" comes later: there is nothing to heal yet`);
      return;
    }
    const none = "Give the fault an id, or write heal alone to end every fault.";
    const hint = seen.size === 0 ? none : didYouMean(id, [...seen.keys()], "Steps before it are");
    source.say({ path: at, word: id }, `no step is called "${id}"`, hint);
    return;
  }
  const healed = steps.find((one) => one.step.path === String(index + 1));
  if (healed !== undefined && !isFault(healed.step.verb)) {
    source.say({ path: at, word: id }, `step "${id}" is a ${healed.step.verb}, which is no fault to heal`);
  }
}

/** Verbs that begin something which is not wrong with the world. */
const HARMLESS = new Set(["request", "traffic", "start", "resume", "restart", "wait", "expect", "settle", "heal"]);

export function isFault(verb: string): boolean {
  return !HARMLESS.has(verb);
}

/** What a placeholder names must have been saved by a step before. */
function checkPlaceholders(source: Source, written: readonly (Written | undefined)[]): void {
  const saved = new Set<string>();
  for (const [i, step] of written.entries()) {
    for (const { name, written: text, path } of placeholdersIn(step)) {
      if (saved.has(name)) continue;
      const none = "Save it in an earlier step: save: { version: body.version }.";
      const hint = saved.size === 0 ? none : didYouMean(name, [...saved], "Saved before it are");
      source.say({ path: ["steps", i, ...path], word: text }, `nothing is saved as "${name}" before this step`, hint);
    }
    for (const name of isMap(step?.["save"]) ? Object.keys(step["save"]) : []) saved.add(name);
  }
}

/** Every scenario ends with a settle. */
function withSettle(steps: readonly WrittenStep[], { vocabulary }: Language): readonly WrittenStep[] {
  const settle = vocabulary.verbs["settle"];
  const last = steps.at(-1);
  if (settle === undefined || last === undefined || last.step.verb === "settle") return steps;
  const args: unknown = settle.args.parse({});
  const path = String(Number(last.step.path) + 1);
  const step: Step = { path, verb: "settle", args, text: "settle", line: last.step.line };
  return [...steps, { step, at: last.at, target: undefined }];
}
