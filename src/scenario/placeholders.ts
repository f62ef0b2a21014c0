// "${name}" in what a user writes stands for a value that an earlier step saved. A string that is exactly one placeholder
// becomes the value itself, with its type; inside a longer string it becomes its text.
import { listed } from "../topology/words.ts";

const ONE = /^\$\{([^}]*)\}$/;
const EVERY = /\$\{([^}]*)\}/g;

/** The value with every placeholder filled in, in lists and maps too (values, not keys). Throws on a name that nobody saved. */
export function fill(value: unknown, values: ReadonlyMap<string, unknown>): unknown {
  if (typeof value === "string") {
    const only = ONE.exec(value);
    if (only) return lookUp(only[1]!, values);
    return value.replace(EVERY, (_, name: string) => textOf(lookUp(name, values)));
  }
  if (Array.isArray(value)) return value.map((one) => fill(one, values));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one, values)]));
}

/** Every placeholder in a value, and where it stands. */
export function placeholdersIn(
  value: unknown,
  path: readonly (string | number)[] = [],
): readonly { name: string; written: string; path: readonly (string | number)[] }[] {
  if (typeof value === "string") {
    return [...value.matchAll(EVERY)].map(([written, name]) => ({ name: name!, written, path }));
  }
  if (Array.isArray(value)) return value.flatMap((one, i) => placeholdersIn(one, [...path, i]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => placeholdersIn(one, [...path, key]));
}

function lookUp(name: string, values: ReadonlyMap<string, unknown>): unknown {
  if (values.has(name)) return values.get(name);
  const known = [...values.keys()];
  throw new Error(
    `nothing was saved as "${name}"; ${known.length === 0 ? "nothing was saved at all" : `known are ${listed(known)}`}`,
  );
}

function textOf(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
