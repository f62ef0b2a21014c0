// Which word of a step is its verb, and which words it may be written with.
import type { VerbWords, Vocabulary } from "../model/vocabulary.ts";
import { keysAt } from "../topology/issues.ts";
import type { Path, Source } from "../topology/source.ts";
import { didYouMean, listed, nearest } from "../topology/words.ts";
import { EVERY_STEP, MODIFIERS } from "./modifiers.ts";

/** The verb that a word means: its own name, or the word of another tool. */
export function verbOf(vocabulary: Vocabulary, word: string): VerbWords | undefined {
  if (Object.hasOwn(vocabulary.verbs, word)) return vocabulary.verbs[word];
  return Object.values(vocabulary.verbs).find((verb) => verb.synonyms?.includes(word));
}

/** Verbs that begin something which is not wrong with the world. */
const HARMLESS: ReadonlySet<string> = new Set(
  "request traffic start resume restart wait expect settle heal together repeat".split(" "),
);

export function isFault(verb: string): boolean {
  return !HARMLESS.has(verb);
}

/** The parameters that stand beside a verb. */
export function parametersOf(verb: VerbWords): readonly string[] {
  return keysAt(verb.args, []).filter((key) => key !== "target");
}

/** The keys of a step that are verbs. A word that is a parameter of another verb in the same step is that parameter. */
export function verbKeys(step: Readonly<Record<string, unknown>>, vocabulary: Vocabulary): readonly string[] {
  const candidates = Object.keys(step).filter((key) => verbOf(vocabulary, key) !== undefined);
  const isParameter = (key: string) =>
    candidates.some((other) => other !== key && parametersOf(verbOf(vocabulary, other)!).includes(key));
  const verbs = candidates.filter((key) => !isParameter(key));
  // Two words that are parameters of each other: the first is meant.
  return verbs.length > 0 ? verbs : candidates.slice(0, 1);
}

export function sayNoVerb(
  source: Source,
  path: Path,
  step: Readonly<Record<string, unknown>>,
  bare: boolean,
  vocabulary: Vocabulary,
): void {
  const names = Object.keys(vocabulary.verbs);
  const stranger = Object.keys(step).find((key) => !MODIFIERS.includes(key));
  if (stranger === undefined) {
    source.say(path, "this step has no verb", `Verbs are ${listed(names)}.`);
    return;
  }
  const spot = bare ? { path } : { path: [...path, stranger], key: true };
  const [first, ...rest] = stranger.split(/\s+/);
  if (bare && rest.length > 0 && verbOf(vocabulary, first!) !== undefined) {
    source.say(spot, "a verb and its target are written with a colon", `Write "${first}: ${rest.join(" ")}".`);
    return;
  }
  const words = Object.values(vocabulary.verbs).flatMap((verb) => [verb.name, ...(verb.synonyms ?? [])]);
  const near = nearest(stranger, words);
  const meant = near === undefined ? "" : `Did you mean "${verbOf(vocabulary, near)!.name}"? `;
  source.say(spot, `there is no verb "${stranger}"`, `${meant}Verbs are ${listed(names)}.`);
}

/** A word beside the verb that it does not take, and that is no modifier. */
export function sayStranger(source: Source, path: Path, name: string, verb: VerbWords): void {
  const possible = [...parametersOf(verb), ...verb.modifiers, ...EVERY_STEP];
  source.say(
    { path: [...path, name], key: true },
    `"${verb.name}" has no "${name}"`,
    didYouMean(name, possible, "It takes"),
  );
}
