// What zod found wrong, in words for people and with a caret: a problem per mistake, never a dump of the schema's.
import { z } from "zod";
import { isMap, type Path, type Source } from "./source.ts";
import { didYouMean, listed, nearest } from "./words.ts";

/** Parses a value that stands at `path`; what is wrong with it is said in the source, and undefined comes back. */
export function parseAt<T>(source: Source, path: Path, value: unknown, schema: z.ZodType<T>): T | undefined {
  const parsed = schema.safeParse(value, { error: wordingOf });
  if (parsed.success) return parsed.data;
  sayIssues(source, parsed.error.issues, value, schema, (inner) => [...path, ...inner]);
  return undefined;
}

/** What could be parsed of a map, and the keys that were left out of it because they are wrong. */
export interface Parsed<T> {
  value: T;
  wrong: ReadonlySet<PropertyKey>;
}

/**
 * The same for a map whose parts stand elsewhere: `placeOf` says where. Of a map that is partly wrong the rest comes
 * back, where it makes sense alone, so that everything wrong with that is found at once, too.
 */
export function parseWith<T>(
  source: Source,
  value: Readonly<Record<string, unknown>>,
  schema: z.ZodType<T>,
  placeOf: (inner: Path) => Path,
): Parsed<T> | undefined {
  const parsed = schema.safeParse(value, { error: wordingOf });
  if (parsed.success) return { value: parsed.data, wrong: new Set() };
  const { issues } = parsed.error;
  sayIssues(source, issues, value, schema, placeOf);
  const wrong = new Set(
    issues.flatMap((one) =>
      one.code === "unrecognized_keys" && one.path.length === 0 ? one.keys : one.path.slice(0, 1),
    ),
  );
  const rest = schema.safeParse(Object.fromEntries(Object.entries(value).filter(([key]) => !wrong.has(key))));
  return rest.success ? { value: rest.data, wrong } : undefined;
}

function sayIssues(
  source: Source,
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  schema: z.ZodType,
  placeOf: (inner: Path) => Path,
): void {
  const flat = issues.flatMap(branchMeant);
  // A misspelt key is one mistake, though its right spelling is missing as well.
  const misspelt = new Set(
    flat.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => [...issue.path, nearest(key, keysAt(schema, pathOf(issue)))].join("."))
        : [],
    ),
  );
  for (const issue of flat) {
    const inner = pathOf(issue);
    const path = placeOf(inner);
    const got = valueAt(value, inner);
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        const known = keysAt(schema, inner);
        const message = `there is no "${key}" here`;
        source.say({ path: placeOf([...inner, key]), key: true }, message, didYouMean(key, known, "Possible are"));
      }
    } else if (issue.code === "invalid_key") {
      source.say({ path, key: true }, issue.issues[0]?.message ?? issue.message);
    } else if (got === undefined && inner.length > 0) {
      if (misspelt.has(inner.join("."))) continue;
      const name = inner.at(-1)!;
      const needed = typeof name === "string" && name !== "target" ? `"${name}" is missing: ` : "";
      source.say({ path, key: true }, `${needed}${issue.message}`);
    } else {
      source.say(path, issue.message, hintFor(issue, got));
    }
  }
}

function pathOf(issue: z.core.$ZodIssue): Path {
  return issue.path.map((part) => (typeof part === "number" ? part : String(part)));
}

function hintFor(issue: z.core.$ZodIssue, got: unknown): string | undefined {
  if (issue.code === "invalid_value" && typeof got === "string") {
    const words = issue.values.map(String);
    if (!issue.message.startsWith("expected")) return didYouMean(got, words, "Known are"); // it does not name them itself
    const near = nearest(got, words);
    return near === undefined ? undefined : `Did you mean "${near}"?`;
  }
  // Where a unit is due, a bare number is the commonest mistake.
  const bare = typeof got === "number" || (typeof got === "string" && /^\d+(\.\d+)?$/.test(got)) ? got : undefined;
  if (bare === undefined) return undefined;
  if (/duration/.test(issue.message)) return `Did you mean "${bare}s" or "${bare}ms"?`;
  if (/percentage/.test(issue.message)) return `Did you mean "${bare}%"?`;
  if (/rate/.test(issue.message)) return `Did you mean "${bare}/s"?`;
  return undefined;
}

/** Of a union's branches the one whose outer shape fits: its own complaint is more precise than "none of these". */
function branchMeant(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const fitting = issue.errors.find((branch) => branch.length > 0 && branch.every((one) => one.path.length > 0));
  if (fitting === undefined) return [issue];
  return fitting.map((one) => ({ ...one, path: [...issue.path, ...one.path] })).flatMap(branchMeant);
}

/** zod's own wordings, for schemas that bring none. */
function wordingOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "invalid_type") {
    const wanted = `expected ${NOUNS[issue.expected] ?? issue.expected}`;
    return issue.input === undefined ? wanted : `${wanted}, not ${nounOf(issue.input)}`;
  }
  if (issue.code === "invalid_value") return `expected one of ${listed(issue.values.map(String))}`;
  if (issue.code === "too_small") return `expected ${sizeOf(issue.origin, "at least", issue.minimum)}`;
  if (issue.code === "too_big") return `expected ${sizeOf(issue.origin, "at most", issue.maximum)}`;
  if (issue.code === "invalid_union") return "this fits none of the possible forms";
  return undefined;
}

function sizeOf(origin: string, bound: string, size: number | bigint): string {
  if (origin === "string") return `${bound} ${size} characters`;
  if (origin === "array") return `${bound} ${size} ${size === 1 ? "entry" : "entries"}`;
  return `${bound} ${size}`;
}

const NOUNS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
  null: "nothing",
  nonoptional: "a value",
};

export function nounOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (isMap(value)) return "a map";
  if (typeof value === "number") return `the number ${value}`;
  return typeof value === "boolean" ? String(value) : "a text";
}

function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, part)) return undefined;
    here = (here as Record<string | number, unknown>)[part];
  }
  return here;
}

/** The keys that a schema knows at a path: what a misspelt one may have meant. */
export function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  let here: z.core.$ZodType[] = [schema];
  for (const part of path) here = here.flatMap(unwrapped).flatMap((one) => inside(one, part));
  return [...new Set(here.flatMap(unwrapped).flatMap((one) => Object.keys(shapeOf(one) ?? {})))];
}

const defOf = (schema: z.core.$ZodType) => (schema as unknown as { def: z.core.$ZodTypes["_zod"]["def"] }).def;

function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const def = defOf(schema);
  return def.type === "object" ? def.shape : undefined;
}

/** Without what is wrapped around it: optional, defaults, transformations; a union is all of its branches. */
function unwrapped(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const def = defOf(schema);
  if (def.type === "union") return def.options.flatMap(unwrapped);
  if (def.type === "pipe") return unwrapped(def.in);
  if ("innerType" in def) return unwrapped(def.innerType);
  return [schema];
}

function inside(schema: z.core.$ZodType, part: string | number): readonly z.core.$ZodType[] {
  const def = defOf(schema);
  if (def.type === "object") return Object.hasOwn(def.shape, part) ? [def.shape[part]!] : [];
  if (def.type === "array") return [def.element];
  return def.type === "record" ? [def.valueType] : [];
}
