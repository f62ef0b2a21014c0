// What others send is looked at word by word, and the first thing wrong is named: where, what was expected, what came.

/** Something that was sent is wrong. */
export class InputProblem extends Error {}

/** The entries of an object that has these keys and no others; optional ones end with `?`. */
export function record(value: unknown, where: string, keys: readonly string[]): Readonly<Record<string, unknown>> {
  const names = keys.map((key) => key.replace("?", ""));
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw new InputProblem(`${where} must be an object with ${names.join(", ")}, not ${said(value)}`);
  const strange = Object.keys(value).find((key) => !names.includes(key));
  if (strange !== undefined)
    throw new InputProblem(`${where} has ${said(strange)}, which it cannot have: it has ${names.join(", ")}`);
  const missing = keys.find((key) => !key.endsWith("?") && !Object.hasOwn(value, key));
  if (missing !== undefined) throw new InputProblem(`${where} lacks ${said(missing)}`);
  return value as Record<string, unknown>;
}

export function list(value: unknown, where: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new InputProblem(`${where} must be a list, not ${said(value)}`);
  if (value.length > most) throw new InputProblem(`${where} has ${value.length} entries: ${most} are possible`);
  return value;
}

export function text(value: unknown, where: string, longest = 200): string {
  if (typeof value === "string" && value !== "" && value.length <= longest && !/\p{Cc}/u.test(value)) return value;
  throw new InputProblem(`${where} must be a text of up to ${longest} printable characters, not ${said(value)}`);
}

export interface Range {
  least?: number;
  /** It must be more than this. */
  above?: number;
  most: number;
  whole?: boolean;
}

export function number(value: unknown, where: string, { least, above, most, whole = false }: Range): number {
  const isNumber = typeof value === "number" && Number.isFinite(value) && (!whole || Number.isInteger(value));
  const isIn = isNumber && value <= most && value >= (least ?? -Infinity) && value > (above ?? -Infinity);
  if (isIn) return value;
  const from = least === undefined ? `more than ${above}` : `${least} or more`;
  throw new InputProblem(
    `${where} must be a ${whole ? "whole " : ""}number, ${from}, up to ${most}, not ${said(value)}`,
  );
}

export function oneOf<T extends string>(value: unknown, where: string, possible: readonly T[]): T {
  const found = possible.find((each) => each === value);
  if (found !== undefined) return found;
  throw new InputProblem(`${where} is ${said(value)}, which is unknown: possible are ${possible.join(", ")}`);
}

export function said(value: unknown): string {
  const written = JSON.stringify(value) ?? "nothing";
  return written.length > 80 ? `${written.slice(0, 80)}...` : written;
}
