// What every step can say beside its verb: at, when, id; and what only some take: for, within, save.
import { z } from "zod";
import type { Condition, Step } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";
import { parseDuration } from "../model/units.ts";
import type { VerbWords } from "../model/vocabulary.ts";
import { parseAt } from "../topology/issues.ts";
import type { Path, Source } from "../topology/source.ts";
import { checkCondition, parseCondition } from "./conditions.ts";
import { DURATION } from "./patterns.ts";

export const EVERY_STEP = ["at", "when", "id"] as const;
export const SOME_STEPS = ["for", "within", "save"] as const;
export const MODIFIERS: readonly string[] = [...EVERY_STEP, ...SOME_STEPS];

/** Why a verb does not take a modifier. */
export const WHY_NOT: Readonly<Record<string, string>> = {
  for: "it is nothing that ends by itself",
  within: "it waits for nothing",
  save: "it has no answer to save from",
};

export const MAX_DURATION_MS = 24 * 3_600_000;
const durationWords = "expected a duration with its unit, e.g. 80ms, 5s, 2m";

export const duration = (leastMs: number) =>
  z
    .string({ error: durationWords })
    .meta(DURATION)
    .transform((text, context) => {
      const ms = parseDuration(text);
      const message =
        ms === undefined
          ? durationWords
          : ms < leastMs
            ? "expected a duration above 0"
            : ms > MAX_DURATION_MS
              ? "expected a duration of at most 24h"
              : undefined;
      if (message === undefined) return ms!;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    });

const idWords = "expected a word, e.g. cut-1: letters, digits, - and _";
const savedWords = "expected where it lies in the answer, e.g. body.version or header.etag";

export const SCHEMAS = {
  at: duration(0),
  for: duration(1),
  within: duration(1),
  id: z.string({ error: idWords }).regex(/^[A-Za-z][\w-]{0,63}$/, idWords),
  save: z.record(
    z.string().regex(/^[A-Za-z_][\w-]{0,63}$/, "a saved value is called with letters, digits, - and _"),
    z.string({ error: savedWords }).regex(/^(status|body(\.[\w-]+)*|headers?\.[\w-]+)$/, savedWords),
    { error: "expected names and where they lie, e.g. { version: body.version }" },
  ),
} as const;

export type Modifiers = Pick<Step, "id" | "forMs" | "atMs" | "when" | "withinMs" | "save">;

/** The modifiers of a step; what is wrong with them is said, also where the step has no known verb. */
export function modifiersOf(
  source: Source,
  path: Path,
  step: Readonly<Record<string, unknown>>,
  verb: VerbWords | undefined,
  topology: Topology | undefined,
): Modifiers {
  const own = (name: string) => Object.hasOwn(step, name);
  for (const name of SOME_STEPS) {
    if (verb === undefined || !own(name) || verb.modifiers.includes(name)) continue;
    if (name === "within" && own("when")) continue; // it bounds the waiting for `when`
    source.say({ path: [...path, name], key: true }, `"${verb.name}" does not take "${name}": ${WHY_NOT[name]}`);
  }
  const read = <N extends keyof typeof SCHEMAS>(name: N) =>
    own(name)
      ? (parseAt<unknown>(source, [...path, name], step[name], SCHEMAS[name]) as
          z.infer<(typeof SCHEMAS)[N]> | undefined)
      : undefined;
  return withoutUndefined({
    id: read("id"),
    forMs: read("for"),
    atMs: read("at"),
    when: own("when") ? conditionAt(source, [...path, "when"], step["when"], topology) : undefined,
    withinMs: read("within"),
    save: read("save"),
  });
}

function conditionAt(
  source: Source,
  path: Path,
  value: unknown,
  topology: Topology | undefined,
): Condition | undefined {
  if (typeof value !== "string") {
    source.say(path, "expected a condition, e.g. lag(eu) > 3s");
    return undefined;
  }
  const parsed = parseCondition(value);
  if ("message" in parsed) {
    source.say({ path, word: parsed.word }, parsed.message, parsed.hint);
    return undefined;
  }
  if (topology) sayConditionProblems(source, path, parsed.condition, topology);
  return parsed.condition;
}

export function sayConditionProblems(source: Source, path: Path, condition: Condition, topology: Topology): void {
  for (const { word, message, hint } of checkCondition(condition, topology)) source.say({ path, word }, message, hint);
}

function withoutUndefined(modifiers: Modifiers): Modifiers {
  return Object.fromEntries(Object.entries(modifiers).filter(([, value]) => value !== undefined));
}
