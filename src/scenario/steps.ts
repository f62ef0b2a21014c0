// Steps: each a map with exactly one verb, whose value is its target; every parameter is a sibling. The target of some verbs
// is a list of steps itself: those obey the same rules, and are called 3.1, 3.2.
import type { Step } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";
import type { Complaint, VerbWords, Vocabulary } from "../model/vocabulary.ts";
import { nounOf, parseWith } from "../topology/issues.ts";
import { isMap, type Path, type Source } from "../topology/source.ts";
import { listed } from "../topology/words.ts";
import { checkIds, checkOrder, checkPlaceholders, flattened, type PlacedStep } from "./across.ts";
import { MODIFIERS, modifiersOf, sayConditionProblems } from "./modifiers.ts";
import { isFault, parametersOf, sayNoVerb, sayStranger, verbKeys, verbOf } from "./words.ts";

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
  /** Steps inside it. */
  inside: readonly WrittenStep[];
}

export type Written = Readonly<Record<string, unknown>>;

export function stepsOf(source: Source, language: Language): readonly WrittenStep[] {
  const value = isMap(source.value) ? source.value["steps"] : undefined;
  const spot = { path: ["steps"], key: true };
  if (!Array.isArray(value) || value.length === 0) {
    const expected = "expected a list of steps, at least one";
    source.say(spot, value === undefined ? `"steps" is missing: ${expected}` : expected);
    return [];
  }
  const placed = listOf({ source, language }, value, ["steps"], "");
  const count = value.length + flattened(placed).length - placed.length;
  if (count > MAX_STEPS) source.say(spot, `a scenario has ${MAX_STEPS} steps at most, and these are ${count}`);
  checkOrder(source, placed);
  checkIds(source, placed);
  checkPlaceholders(source, placed);
  return withSettle(parsedOf(placed), language);
}

const parsedOf = (placed: readonly PlacedStep[]) => placed.flatMap(({ parsed }) => parsed ?? []);

interface Reading {
  source: Source;
  language: Language;
  /** The verb that these steps are inside of. */
  outer?: VerbWords;
}

/** `prefix` of their names: "", or "3." inside the third step. */
function listOf(reading: Reading, list: readonly unknown[], path: Path, prefix: string): readonly PlacedStep[] {
  return list
    .slice(0, MAX_STEPS)
    .map((value, i) => stepOf(reading, value, { path: [...path, i], name: `${prefix}${i + 1}` }));
}

/** A step as a map; its bare word is a verb without a target. */
function mapOf(written: unknown): Written | undefined {
  if (typeof written === "string") return { [written]: null };
  return isMap(written) ? written : undefined;
}

function stepOf(reading: Reading, value: unknown, here: { path: Path; name: string }): PlacedStep {
  const { source, language } = reading;
  const { path, name } = here;
  const step = mapOf(value);
  const unread: PlacedStep = { ...here, written: step, inside: [] };
  if (step === undefined) {
    source.say(path, `a step is a map with one verb, e.g. kill: backend-us, and this is ${nounOf(value)}`);
    return unread;
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
    return unread;
  }
  const at: Path = bare ? path : [...path, key];
  sayMisplaced(reading, { path, at, key, step, others }, verb);
  const target = step[key];
  const steps = verb.inside !== undefined && Array.isArray(target) ? target : [];
  const inside = listOf({ ...reading, outer: verb }, steps, at, `${name}.`);
  const read: PlacedStep = { ...unread, key, inside };
  const args = argsOf(source, { path, at, key, step, others, inside }, verb, language.topology);
  if (args === undefined) return read;
  if (verb.name === "request" && modifiers.withinMs !== undefined && modifiers.when === undefined) {
    const reads = /^(GET|HEAD) /.test(String(target));
    const message = '"within" repeats a request until it is answered as expected, and only reads may be repeated';
    if (!reads) source.say({ path: [...path, "within"], key: true }, message);
  }
  const text = textOf(verb, args.value, step, key);
  const line = source.lineOf(at);
  return {
    ...read,
    parsed: {
      step: { path: name, verb: verb.name, args: args.value, text, line, ...modifiers },
      at,
      target,
      inside: parsedOf(inside),
    },
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

/** What a step cannot be or say because it stands inside another one. */
function sayMisplaced({ source, language, outer }: Reading, { path, at, step }: Place, verb: VerbWords): void {
  if (outer === undefined) return;
  const refuse = (name: string, hint: string) => {
    if (!Object.hasOwn(step, name)) return;
    source.say({ path: [...path, name], key: true }, `a step inside "${outer.name}" has no "${name}"`, hint);
  };
  refuse("at", `It counts from the first step: give it to the ${outer.name}.`);
  if (outer.inside !== "faults") return;
  refuse("when", "It begins when it is drawn.");
  if (isDrawable(verb)) return;
  const faults = Object.values(language.vocabulary.verbs).filter(isDrawable);
  const message = `"${outer.name}" draws from faults, and "${verb.name}" is none that can be drawn`;
  source.say({ path: at, key: true }, message, `Faults are ${listed(faults.map(({ name }) => name))}.`);
}

/** Something that breaks and ends by itself. */
const isDrawable = (verb: VerbWords) =>
  isFault(verb.name) && verb.inside === undefined && verb.modifiers.includes("for");

/** What the verb's own schema and check make of target and parameters. */
function argsOf(
  source: Source,
  { path, at, key, step, others, inside }: Place & { inside: readonly PlacedStep[] },
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
  const raw = parseWith(source, given, verb.args, placeOf);
  if (raw === undefined) return undefined;
  const parsed = verb.inside === undefined ? raw : { ...raw, value: withSteps(raw.value, inside) };
  if (topology !== undefined) {
    sayComplaints(source, verb.check?.(parsed.value, topology) ?? [], parsed.wrong, placeOf);
    for (const condition of verb.conditions?.(parsed.value) ?? [])
      sayConditionProblems(source, at, condition, topology);
  }
  return parsed.wrong.size === 0 ? parsed : undefined;
}

const withSteps = (args: object, inside: readonly PlacedStep[]) =>
  ({ ...args, target: parsedOf(inside).map(({ step }) => step) }) as never;

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

/** Every scenario ends with a settle. */
function withSettle(steps: readonly WrittenStep[], { vocabulary }: Language): readonly WrittenStep[] {
  const settle = vocabulary.verbs["settle"];
  const last = steps.at(-1);
  if (settle === undefined || last === undefined || last.step.verb === "settle") return steps;
  const args: unknown = settle.args.parse({});
  const path = String(Number(last.step.path) + 1);
  const step: Step = { path, verb: "settle", args, text: "settle", line: last.step.line };
  return [...steps, { step, at: last.at, target: undefined, inside: [] }];
}
