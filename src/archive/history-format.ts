// A history as other systems write it: what their clients did and saw, in JSON. docs/history.md says the same to people.
import { z } from "zod";
import { FAULT_KINDS } from "../model/fault.ts";

export const FORMAT = "regionctl-history/1";

export const MOST_OPERATIONS = 1_000_000;
export const MOST_REGIONS = 64;
const MOST_FAULTS = 10_000;
const MOST_RECORDS = 200_000;
const MOST_EXPECTATIONS = 100;
/** Of a name, a state, an id. */
const LONGEST_TEXT = 500;
const LONGEST_VALUE = 10_000;

const text = (what: string) =>
  z
    .string({ error: `expected ${what}` })
    .min(1, `expected ${what}`)
    .max(LONGEST_TEXT, `expected ${what}, of ${LONGEST_TEXT} characters at most`);
const nameOrNumber = (what: string) => z.union([text(what), z.int()], { error: `expected ${what}` }).transform(String);
const time = (what: string) =>
  z
    .number({ error: `expected ${what}, in milliseconds` })
    .min(0, `expected ${what}, in milliseconds from 0 on`)
    .max(1e12, `expected ${what}, in milliseconds since the history began, not since 1970`)
    .describe(`${what[0]!.toUpperCase()}${what.slice(1)}, in milliseconds since the history began.`);
const number = (what: string) =>
  z.int({ error: `expected ${what}: a whole number` }).min(0, `expected ${what}: a whole number`);

/** Anything that JSON can say; two values are the same when they are the same JSON. */
const value = z.unknown().refine((one) => typeof one !== "object" || JSON.stringify(one).length <= LONGEST_VALUE, {
  error: `expected a value of ${LONGEST_VALUE} characters of JSON at most`,
});

export const region = z
  .string({ error: "expected the name of a region" })
  .regex(/^[a-z][a-z0-9-]{0,30}$/, "a region is called with lower-case letters, digits and dashes, e.g. us");

const version = number("a version").describe("The version after the write, or as it was read.");
const state = text("a state").describe(
  'What was written or read as a version vector ("us:3,eu:1"), or any text that names that state.',
);

export const operation = z
  .strictObject({
    client: nameOrNumber("the name of a client").describe("Who did it: one after the other."),
    region: region.describe("The region that was asked."),
    servedIn: region.optional().describe("The region that answered, where that was another one."),
    key: nameOrNumber("a key"),
    kind: z.enum(["read", "write"]),
    value: value.optional().describe("Write: what was written. Read: what was read; null when there was nothing."),
    version: version.optional(),
    state: state.optional(),
    basis: state.optional().describe("Write: the state that its author had seen and sent along (If-Match)."),
    expected: number("a version").optional().describe("Write: the version that its author expected to replace."),
    id: text("an id").optional().describe("Write: its idempotency key; every attempt of one write has the same."),
    invoked: time("when it was begun"),
    completed: time("when its answer had come").optional(),
    outcome: z
      .enum(["ok", "fail", "unknown"])
      .describe("fail: certainly had no effect; unknown: may have had one, at any time later."),
    status: z
      .int({ error: "expected a status of HTTP, e.g. 409" })
      .min(100, "expected a status of HTTP, e.g. 409")
      .max(599, "expected a status of HTTP, e.g. 409")
      .optional()
      .describe("The status of the answer over HTTP: a refusal such as 409 is an answer, too."),
    error: text("what went wrong").optional(),
  })
  .describe("One read or write of one key, and what came of it.");
export type HistoryOperation = z.output<typeof operation>;

const fault = z
  .strictObject({
    name: text("a name for it"),
    kind: z.enum(FAULT_KINDS).optional().describe('The word for it in sentences; "partition" unless said.'),
    from: time("when it began"),
    to: time("when it was over").optional(),
    regions: z.array(region, { error: "expected the regions that it touched" }).max(MOST_REGIONS),
  })
  .describe("When something was broken, and which regions that touched.");

const final = z
  .strictObject({
    region,
    key: nameOrNumber("a key"),
    value: value.refine((one) => one !== undefined, { error: "expected what it holds; null for nothing" }),
    version: version.optional(),
    state: state.optional(),
    at: time("when it was read").optional(),
  })
  .describe("What a region holds of a key in the end, read after everything was mended and at rest.");

const side = z
  .strictObject({ state, value, id: text("an id").optional() })
  .nullable()
  .describe("A write of a conflict, by the state after it where it was made.");

const conflict = z
  .strictObject({
    region,
    key: nameOrNumber("a key"),
    kind: z.enum(["concurrent", "rejected", "duplicate-request"]).default("concurrent"),
    winner: side,
    loser: side,
    rule: text("the rule that decided").optional(),
  })
  .describe("What a region recorded of two writes that did not know of each other.");

/** Everything but the operations: in NDJSON, the first line. */
export const HEAD = {
  format: z.literal(FORMAT, { error: `expected "${FORMAT}"` }),
  regions: z
    .array(region, { error: "expected the names of all regions, e.g. [us, eu]" })
    .min(1, "expected the names of all regions, at least one")
    .max(MOST_REGIONS, `expected ${MOST_REGIONS} regions at most`),
  faults: z.array(fault).max(MOST_FAULTS).optional(),
  finals: z.array(final).max(MOST_RECORDS).optional(),
  conflicts: z.array(conflict).max(MOST_RECORDS).optional(),
  healed: time("when everything was mended and no client wrote any more").optional(),
  expect: z
    .array(z.unknown())
    .max(MOST_EXPECTATIONS)
    .optional()
    .describe("What must hold, in the words of a scenario's expect; --expect says it otherwise."),
} as const;

export const head = z.strictObject(HEAD);
/** Beside the operations, which are looked at one by one. */
export const headInWhole = head.extend({ operations: z.unknown().optional() });
export type HistoryHead = z.output<typeof head>;

/** The JSON Schema of a history in one piece, of the definitions that parse it. */
export function historySchema(): Readonly<Record<string, unknown>> {
  const whole = z.strictObject({ ...HEAD, operations: z.array(operation).max(MOST_OPERATIONS) });
  const { $schema: _, ...schema } = z.toJSONSchema(whole, { io: "input", target: "draft-7" });
  return { $schema: "http://json-schema.org/draft-07/schema#", title: "A history for regionctl check", ...schema };
}
