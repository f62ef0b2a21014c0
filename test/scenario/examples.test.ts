// The language's own examples, word for word, with the words that regionctl really has.
import { describe, expect, it } from "vitest";
import { vocabulary } from "../../src/commands/files.ts";
import { parseScenario } from "../../src/scenario/load.ts";
import { drawAll, FILE } from "./support.ts";

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

const load = (text: string) => parseScenario(text, FILE, vocabulary, { env: {} });
const withStep = (step: string) =>
  `name: one\ntopology: property\ntraffic: [workload: edit-properties]\nsteps:\n  - ${step}\nexpect: [converges: { within: 10s }]\n`;
const errors = (text: string) =>
  load(text)
    .problems.filter(({ severity }) => severity === "error")
    .map(({ message }) => message);

describe("the example of the language", () => {
  it("parses without a word", () => {
    const { scenario, problems } = load(SPLIT_BRAIN);
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
    const texts = (text: string) => load(text).scenario!.steps.map((step) => step.text);
    expect(texts(other)).toEqual(texts(SPLIT_BRAIN));
  });
});

describe("the words for the network", () => {
  it.each([
    "{ partition: us | eu, for: 1s }",
    "{ partition: eu -> us, mode: refuse, for: 1s }",
    "{ partition: edge | us, mode: reset, for: 1s }",
    "{ isolate: us, for: 1s }",
    "{ isolate: gateway, for: 1s }",
    "{ latency: us | eu, add: 80ms, jitter: 10ms, for: 1s }",
    "{ bandwidth: us -> eu, cap: 1mbit, for: 1s }",
    "{ flaky: us | eu, resets: 5%, for: 1s }",
    "{ replication: us -> eu, pause: true, for: 1s }",
    "{ replication: us -> eu, delay: 5s, for: 1s }",
    "{ replication: us -> eu, duplicate: 10%, for: 1s }",
    "{ replication: us -> eu, reorder: 2s, for: 1s }",
    "{ clock-skew: backend-us, by: -2m, for: 1s }",
  ])("are understood: %s", (step) => {
    expect(errors(withStep(step))).toEqual([]);
  });

  it.each([
    ["{ partition: us | ap }", "a region that does not exist"],
    ["{ partition: us }", "no second side"],
    ["{ partition: us | eu, mode: slow }", "a mode that there is not"],
    ["{ partition: us -> eu, mode: refuse }", "connections that nobody opens from there"],
    ["{ isolate: backend-eu }", "a node that talks to others inside its region"],
    ["{ latency: us | eu, add: -80ms }", "a delay below nothing"],
    ["{ latency: us | eu, add: 80 }", "no unit"],
    ["{ latency: us | eu }", "no delay at all"],
    ["{ bandwidth: us -> eu, cap: 1 }", "no unit"],
    ["{ flaky: us | eu, resets: 5 }", "no unit"],
    ["{ replication: us -> eu }", "nothing that is done to it"],
    ["{ clock-skew: db-us, by: -2m }", "a node without such a clock"],
  ])("are refused: %s, for %s", (step) => {
    expect(errors(withStep(step))).not.toEqual([]);
    expect(errors(withStep(step)).join()).not.toContain("there is no verb");
  });
});
