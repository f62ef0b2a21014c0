// The language's own example, word for word, with the few words it needs beyond the tests' small vocabulary.
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { VerbWords, Vocabulary } from "../../src/model/vocabulary.ts";
import { parseScenario } from "../../src/scenario/load.ts";
import { drawAll, FILE, vocabulary } from "./support.ts";

const SPLIT_BRAIN = `
name: split-brain
about: Both regions keep writing while the ocean cable is cut; nothing acknowledged may be lost once it is back.
topology: property                     # compose/property.yaml, or a path, or { file: property, conflicts: wall-clock }
seed: 42                               # the same seed draws the same operations
tags: [ci]
timeout: 2m

traffic:                               # clients in the background, from before the first step on
  - workload: edit-properties          # named in the topology
    regions: [us, eu]                  # clients, rate and keys are totals, dealt round-robin over the regions
    clients: 8
    rate: 200/s
    keys: 20
    reads: 50%

steps:
  - request: GET /us/health
    expect: { status: 200, body: { region: us } }
  - at: 2s                             # not before 2 s after the first step
    partition: us | eu
    for: 10s
  - when: lag(eu) > 3s                 # an event, not a sleep
    kill: db-eu
    for: 2s
  - settle

expect:
  - available: { region: us, at-least: 99% }
  - recovers: { region: eu, rto: 10s }
  - no-lost-writes
  - no-duplicates
  - converges: { within: 10s }
  - conflicts: { at-least: 1, silent: 0 }
`;

const partition = {
  name: "partition",
  summary: "Nothing passes.",
  example: "- partition: us | eu",
  synonyms: ["split", "net-split", "blackhole"],
  args: z.strictObject({ target: z.string(), mode: z.enum(["drop", "reset", "refuse"]).default("drop") }),
  modifiers: ["for"],
} as unknown as VerbWords;

const anything = (name: string) => ({
  ...vocabulary.expectations["converges"]!,
  name,
  args: z.record(z.string(), z.unknown()),
});
const whole = {
  verbs: { ...vocabulary.verbs, partition },
  expectations: {
    ...vocabulary.expectations,
    recovers: anything("recovers"),
    "no-duplicates": anything("no-duplicates"),
    conflicts: anything("conflicts"),
  },
} as unknown as Vocabulary;

describe("the example of the language", () => {
  it("parses without a word", () => {
    const { scenario, problems } = parseScenario(SPLIT_BRAIN, FILE, whole, { env: {} });
    expect(drawAll(problems, SPLIT_BRAIN)).toBe("");
    expect(scenario!.steps.map((step) => step.text)).toEqual([
      "request GET /us/health",
      "partition us | eu for 10s",
      "kill db-eu for 2s when lag(eu) > 3s",
      "settle",
    ]);
    expect(scenario!.expect.map((one) => one.text)).toEqual([
      "available: { region: us, at-least: 99% }",
      "recovers: { region: eu, rto: 10s }",
      "no-lost-writes",
      "no-duplicates",
      "converges: { within: 10s }",
      "conflicts: { at-least: 1, silent: 0 }",
    ]);
  });

  it("says the same in the words of other tools", () => {
    const other = SPLIT_BRAIN.replace("partition:", "net-split:").replace("kill:", "crash:");
    const texts = (text: string) =>
      parseScenario(text, FILE, whole, { env: {} }).scenario!.steps.map((step) => step.text);
    expect(texts(other)).toEqual(texts(SPLIT_BRAIN));
  });
});
