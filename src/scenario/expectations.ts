// Expectations: each a bare word, or one word with its map of arguments. Judged after the run, by the checker of that name.
import type { Expectation } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";
import type { Complaint, ExpectationWords } from "../model/vocabulary.ts";
import { nounOf, parseAt, parseWith } from "../topology/issues.ts";
import { isMap, type Path, type Source } from "../topology/source.ts";
import { didYouMean, listed } from "../topology/words.ts";
import { z } from "zod";
import { type Language, sayComplaints } from "./steps.ts";

export const MAX_EXPECTATIONS = 100;

export const why = z
  .string({ error: 'expected why it is known, e.g. "wall clocks"' })
  .min(1, 'expected why it is known, e.g. "wall clocks"');

export function expectationsOf(source: Source, language: Language): readonly Expectation[] {
  const value = isMap(source.value) ? source.value["expect"] : undefined;
  if (value === undefined) return [];
  const spot = { path: ["expect"], key: true };
  if (!Array.isArray(value)) {
    source.say(spot, `expected a list of expectations, not ${nounOf(value)}`);
    return [];
  }
  if (value.length > MAX_EXPECTATIONS) source.say(spot, `a scenario has ${MAX_EXPECTATIONS} expectations at most`);
  return value.slice(0, MAX_EXPECTATIONS).flatMap((written, i) => expectationOf(source, i, written, language) ?? []);
}

function expectationOf(source: Source, index: number, written: unknown, language: Language): Expectation | undefined {
  const { vocabulary, topology } = language;
  const path: Path = ["expect", index];
  const bare = typeof written === "string";
  const map = bare ? { [written]: null } : isMap(written) ? written : undefined;
  const [name, ...others] = map === undefined ? [] : Object.keys(map);
  const all = Object.keys(vocabulary.expectations);
  if (map === undefined || name === undefined) {
    source.say(path, `an expectation is a word, or one word and its arguments, and this is ${nounOf(written)}`);
    return undefined;
  }
  for (const other of others) {
    const known = Object.hasOwn(vocabulary.expectations, other);
    source.say(
      { path: [...path, other], key: true },
      `an expectation is one word, and this one is "${name}" already`,
      known ? `Make "${other}" an expectation of its own.` : `Arguments stand inside: ${name}: { ${other}: ... }.`,
    );
  }
  const at: Path = bare ? path : [...path, name];
  const words = Object.hasOwn(vocabulary.expectations, name) ? vocabulary.expectations[name] : undefined;
  if (words === undefined) {
    source.say(
      { path: at, key: !bare },
      `there is no expectation "${name}"`,
      didYouMean(name, all, "Expectations are"),
    );
    return undefined;
  }
  const value = map[name] ?? {};
  if (!isMap(value)) {
    const hint = `Write it like ${words.example.replace(/^-\s*/, "")}.`;
    source.say(at, `the arguments of "${name}" are a map, not ${nounOf(value)}`, hint);
    return undefined;
  }
  const { "known-gap": gap, ...rest } = value;
  const knownGap = gap === undefined ? undefined : parseAt(source, [...at, "known-gap"], gap, why);
  const placeOf = (inner: Path): Path => [...at, ...inner];
  const parsed = parseWith(source, rest, words.args, placeOf);
  if (parsed === undefined) {
    if (topology) sayComplaints(source, complaintsOfReadable(words, rest, topology), new Set(), placeOf);
    return undefined;
  }
  if (topology) sayComplaints(source, words.check?.(parsed.value, topology) ?? [], parsed.wrong, placeOf);
  if (parsed.wrong.size > 0) return undefined;
  return {
    name,
    args: parsed.value,
    text: textOf(name, rest),
    line: source.lineOf(at),
    ...(knownGap === undefined ? {} : { knownGap }),
  };
}

/** What is wrong with those arguments that can be read, though others cannot: everything is said at once. */
function complaintsOfReadable(
  { args, check }: ExpectationWords,
  written: Readonly<Record<string, unknown>>,
  topology: Topology,
): readonly Complaint[] {
  if (check === undefined || !(args instanceof z.ZodObject)) return [];
  const readable: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(args.shape)) {
    const parsed = z.safeParse(schema, written[name]);
    const get = () => {
      if (parsed.success) return parsed.data;
      throw new Unreadable();
    };
    Object.defineProperty(readable, name, { get, enumerable: true });
  }
  try {
    return check(readable as never, topology);
  } catch (error) {
    if (error instanceof Unreadable) return []; // it is about what is wrong in itself, and that was said
    throw error;
  }
}

class Unreadable extends Error {}

/** As it was written: "available: { region: us, at-least: 99% }". */
function textOf(name: string, args: Readonly<Record<string, unknown>>): string {
  const said = Object.entries(args).map(([key, value]) => `${key}: ${inline(value)}`);
  return said.length === 0 ? name : `${name}: { ${said.join(", ")} }`;
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${listed(value.map(inline))}]`;
  if (!isMap(value)) return String(value);
  return `{ ${Object.entries(value)
    .map(([key, one]) => `${key}: ${inline(one)}`)
    .join(", ")} }`;
}
