// What a scenario file can say: verbs (what to do) and expectations (what must hold). Two tables of these are the whole language.
import type { z } from "zod";
import type { Checker } from "./verdict.ts";
import type { Topology } from "./topology.ts";
import type { Condition, Step } from "./scenario.ts";

/** Something wrong with arguments that the schema cannot see (a node that does not exist). */
export interface Complaint {
  /** Path inside the arguments, e.g. ["target"] or ["expect", "served-by"]; the caret goes there. */
  path: readonly (string | number)[];
  /** The word to underline when only a part of the value is wrong. */
  word?: string;
  message: string;
  hint?: string;
}

/** The part of a verb that the loader needs; verbs/ adds what it does. */
export interface VerbWords<A = never> {
  name: string;
  /** One sentence for help and the JSON Schema. */
  summary: string;
  /** A step as one would write it: shown in help. */
  example: string;
  /** Words of other tools that mean the same. */
  synonyms?: readonly string[];
  /** Parses `{target, ...parameters}`; `target` is the verb's value, absent when the step is its bare word. */
  args: z.ZodType<A>;
  /** Its target is a list of steps (`args` parses a list of anything); everything after `args` sees them as steps. */
  inside?: "steps" | "faults";
  /** Which modifiers it takes besides `at`, `when` and `id`, which every step takes. */
  modifiers: readonly ("for" | "within" | "save")[];
  check?(args: A, topology: Topology): readonly Complaint[];
  /** Conditions inside the arguments (`wait: lag(eu) < 1s`), so that the loader can check their regions. */
  conditions?(args: A): readonly Condition[];
  /** A reason why this topology on this runtime cannot do it, asked before anything starts. */
  unavailable?(topology: Topology, runtime: string): string | undefined;
  /** The step as one line with canonical words; default: verb and target. */
  say?(args: A): string;
}

/** An expectation: its words and its checker. */
export interface ExpectationWords<A = never> {
  name: string;
  summary: string;
  example: string;
  /** Parses the expectation's map, without `known-gap`; `{}` for the bare word. */
  args: z.ZodType<A>;
  check?(args: A, topology: Topology): readonly Complaint[];
  judge: Checker<A>;
}

export interface Vocabulary {
  verbs: Readonly<Record<string, VerbWords>>;
  expectations: Readonly<Record<string, ExpectationWords>>;
}

/** A step that the loader has parsed with the verb's schema. */
export type ParsedStep<A> = Step & { args: A };
