// The JSON Schema of scenario files, for editors: made of the definitions that parse them, so it cannot say anything else.
// What only the whole file shows (does this node exist, is this id free) is left to `scenario check`.
import { z } from "zod";
import type { ExpectationWords, VerbWords, Vocabulary } from "../model/vocabulary.ts";
import { MAX_EXPECTATIONS, why } from "./expectations.ts";
import { HEAD, MAX_TRAFFIC, topologyReference } from "./load.ts";
import { EVERY_STEP, SCHEMAS, SOME_STEPS } from "./modifiers.ts";
import { MAX_STEPS } from "./steps.ts";
import { trafficEntry } from "./traffic-spec.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

interface ObjectSchema {
  properties: Readonly<Record<string, JsonSchema>>;
  required?: readonly string[];
}

const STEP = { $ref: "#/definitions/step" };

export function schemaOf({ verbs, expectations }: Vocabulary): JsonSchema {
  const head = objectOf(z.strictObject({ ...HEAD, topology: topologyReference }));
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "A scenario of regionctl",
    type: "object",
    properties: {
      ...head.properties,
      traffic: {
        description: "Clients in the background, from before the first step on.",
        type: "array",
        maxItems: MAX_TRAFFIC,
        items: jsonOf(trafficEntry),
      },
      steps: { description: "In their order.", type: "array", minItems: 1, maxItems: MAX_STEPS, items: STEP },
      expect: {
        description: "What must hold, judged after the run.",
        type: "array",
        maxItems: MAX_EXPECTATIONS,
        items: { $ref: "#/definitions/expectation" },
      },
    },
    required: [...(head.required ?? []), "steps"],
    additionalProperties: false,
    definitions: {
      step: { oneOf: [bareWords(Object.values(verbs).filter(takesNothing).flatMap(wordsOf)), ...stepForms(verbs)] },
      expectation: {
        oneOf: [
          bareWords(
            Object.values(expectations)
              .filter(takesNothing)
              .map(({ name }) => name),
          ),
          ...Object.values(expectations).map(expectationForm),
        ],
      },
    },
  };
}

const bareWords = (words: readonly string[]): JsonSchema => ({ type: "string", enum: words });

/** A step or an expectation without arguments may be its bare word. */
function takesNothing({ args }: VerbWords | ExpectationWords): boolean {
  return args.safeParse({}).success;
}

const wordsOf = ({ name, synonyms = [] }: VerbWords) => [name, ...synonyms];

/** One form per verb and per word of another tool that means it. */
function stepForms(verbs: Vocabulary["verbs"]): readonly JsonSchema[] {
  return Object.values(verbs).flatMap((verb) => wordsOf(verb).map((word) => stepForm(verb, word)));
}

function stepForm(verb: VerbWords, word: string): JsonSchema {
  const { properties, required = [] } = objectOf(verb.args);
  const { target: written = {}, ...parameters } = properties;
  const target = verb.inside === undefined ? written : { ...written, items: STEP }; // the loader parses those itself
  const modifiers = [...EVERY_STEP, ...SOME_STEPS.filter((name) => verb.modifiers.includes(name))];
  const bounds = !verb.modifiers.includes("within") && !("within" in parameters); // then it bounds the waiting for `when`
  return {
    title: word,
    description: said(verb),
    type: "object",
    properties: {
      [word]: { ...(required.includes("target") ? target : orNothing(target)), description: said(verb) },
      ...Object.fromEntries([...modifiers, ...(bounds ? ["within"] : [])].map((name) => [name, MODIFIER[name]])),
      ...parameters,
    },
    required: [word, ...required.filter((name) => name !== "target")],
    additionalProperties: false,
    ...(bounds ? { dependencies: { within: ["when"] } } : {}),
  };
}

function expectationForm(words: ExpectationWords): JsonSchema {
  const { properties, ...rest } = jsonOf(words.args) as ObjectSchema & JsonSchema;
  const args = { ...rest, properties: { ...properties, "known-gap": { ...jsonOf(why), description: KNOWN_GAP } } };
  return {
    title: words.name,
    description: said(words),
    type: "object",
    properties: {
      [words.name]: { ...(takesNothing(words) ? orNothing(args) : args), description: said(words) },
    },
    required: [words.name],
    additionalProperties: false,
  };
}

const KNOWN_GAP = "Why this is known not to hold: failing is reported but does not fail the run, and passing does.";

const MODIFIER: Readonly<Record<string, JsonSchema>> = {
  at: { ...jsonOf(SCHEMAS.at), description: "Not before this long after the first step." },
  when: { type: "string", minLength: 1, description: "Not before this holds, e.g. lag(eu) > 3s, not healthy(us)." },
  id: { ...jsonOf(SCHEMAS.id), description: "A name for this step, e.g. for heal." },
  for: { ...jsonOf(SCHEMAS.for), description: "It ends by itself after this long; the next step follows at once." },
  within: { ...jsonOf(SCHEMAS.within), description: "How long may be waited at most." },
  save: {
    ...jsonOf(SCHEMAS.save),
    description: 'Keeps parts of the answer for "${name}", e.g. { version: body.version }.',
  },
};

const said = ({ summary, example }: VerbWords | ExpectationWords) => `${summary}\n\n${example}`;

const orNothing = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: "null" }] });

function objectOf(schema: z.ZodType): ObjectSchema {
  return { properties: {}, ...jsonOf(schema) } as ObjectSchema;
}

/** What may be written: before defaults and units are made of it. */
function jsonOf(schema: z.ZodType): JsonSchema {
  const { $schema: _draft, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
  });
  return rest;
}
