// Every verb that a person can do by hand, and what its command needs beside the verb itself: how its target is written in a
// shell, and examples. Its options are the verb's own parameters: what each takes stands in OPTIONS.
import { CUT_MODES } from "../../model/link.ts";
import { verbs } from "../../verbs/index.ts";
import type { Verb } from "../../verbs/scene.ts";
import { directionOf, listOf, sidesOf, type Spelling, wordOf } from "./target.ts";

/** How a target is written on a command line. */
export interface Targets {
  /** As commander wants it: "<node...>"; completion goes by this word. */
  argument: string;
  meaning: string;
  /** The words of the command line as the target of a step. */
  spelling: Spelling;
  /** Takes --one-way. */
  oneWay?: true;
}

export interface CommandWords {
  targets: Targets;
  /** Where the verb's own summary speaks of steps. */
  summary?: string;
  /** Without "regionctl" before it. */
  examples: readonly string[];
}

const NODES: Targets = {
  argument: "<node...>",
  meaning: "nodes (backend-us), regions (us), roles in a region (us.backend), all(backend), one(backend)",
  spelling: listOf,
};
const BACKENDS: Targets = {
  argument: "<backend...>",
  meaning: "backends (backend-us), regions' (us.backend), all(backend), one(backend)",
  spelling: listOf,
};
const REGIONS: Targets = { argument: "<region...>", meaning: "regions (us)", spelling: listOf };
const PLACES: Targets = {
  argument: "<place...>",
  meaning: "regions (us), or nodes that talk over links alone (gateway)",
  spelling: listOf,
};
const SIDES: Targets = {
  argument: "<side...>",
  meaning: 'two sides: us eu, or "us | eu", or "us -> eu"; several on one side with commas: us,eu ap',
  spelling: sidesOf,
  oneWay: true,
};
const FROM_TO: Targets = {
  argument: "<side...>",
  meaning: 'from where to where: us eu, or "us -> eu"',
  spelling: directionOf,
};
const FAULT: Targets = {
  argument: "[fault...]",
  meaning: 'the id of one fault, as "regionctl status" shows it',
  spelling: wordOf,
};

export const COMMANDS: Readonly<Record<string, CommandWords>> = {
  kill: { targets: NODES, examples: ["kill backend-us", "kill eu.backend --for 10s"] },
  stop: { targets: NODES, examples: ["stop backend-us", "stop db-eu --grace 2s --for 10s"] },
  pause: { targets: NODES, examples: ["pause db-us", "pause eu --for 10s"] },
  resume: { targets: NODES, examples: ["resume db-us"] },
  start: { targets: NODES, examples: ["start backend-us"] },
  restart: { targets: NODES, examples: ["restart backend-us"] },
  "region-outage": { targets: REGIONS, examples: ["region-outage us", "region-outage eu --for 10s"] },
  hold: { targets: BACKENDS, examples: ["hold backend-us", "hold backend-eu --for 3s"] },
  partition: {
    targets: SIDES,
    examples: [
      "partition us eu --for 10s",
      "partition us eu --mode reset",
      'partition "us -> eu" --for 10s             what us sends does not reach eu',
      "partition us eu --one-way --for 10s        the same, without quotes",
      "partition edge us                          clients do not reach us",
    ],
  },
  isolate: { targets: PLACES, examples: ["isolate us --for 10s", "isolate eu --mode refuse"] },
  latency: {
    targets: SIDES,
    examples: [
      "latency us eu --add 80ms                   160 ms more in a round trip",
      "latency us eu --add 80ms --jitter 5ms --for 1m",
      "latency us eu --one-way --add 80ms         only what us sends to eu",
    ],
  },
  bandwidth: {
    targets: SIDES,
    examples: ["bandwidth us eu --one-way --cap 1mbit", 'bandwidth "us -> eu" --cap 512kbit --for 30s'],
  },
  flaky: { targets: SIDES, examples: ["flaky us eu --resets 5%", "flaky edge us --resets 20% --for 30s"] },
  replication: {
    targets: FROM_TO,
    examples: [
      "replication us eu --delay 5s               eu applies what us wrote 5 s later",
      "replication us eu --pause --for 10s",
      "replication eu us --duplicate 10%",
      "replication us eu --reorder 2s",
    ],
  },
  "clock-skew": { targets: BACKENDS, examples: ["clock-skew backend-us --by -2m", "clock-skew eu.backend --by 500ms"] },
  heal: {
    targets: FAULT,
    summary: "End every active fault, or one, and wait until its nodes answer.",
    examples: ["heal", "heal kill backend-us"],
  },
};

export interface OptionWords {
  /** Absent: it is there, or it is not. */
  unit?: keyof typeof UNITS;
  meaning: string;
}

/** The parameters of all verbs. */
export const OPTIONS: Readonly<Record<string, OptionWords>> = {
  grace: { unit: "duration", meaning: "how long they may take to stop by themselves (5s unless said)" },
  mode: { unit: "mode", meaning: "drop: bytes stop without a word (unless said); reset; refuse" },
  add: { unit: "duration", meaning: "how much later every byte arrives, one way" },
  jitter: { unit: "duration", meaning: "give or take, one way" },
  cap: { unit: "rate", meaning: "the most that passes, shared by all connections of a direction" },
  resets: { unit: "share", meaning: "the share of the connections that is reset in a second" },
  pause: { meaning: "nothing is applied" },
  delay: { unit: "duration", meaning: "everything is applied this much later" },
  duplicate: { unit: "share", meaning: "the share of events that is handed over twice" },
  reorder: { unit: "duration", meaning: "events are handed over in a new order within this span" },
  by: { unit: "offset", meaning: "how far the clock is off: -2m is behind, 500ms ahead" },
};

/** How a value is written. */
export const UNITS = {
  duration: "80ms, 10s, 2m, 1h; 1m30s",
  offset: "a duration with its sign: -2m, +500ms",
  rate: "bits a second: 512kbit, 1mbit, 1gbit; bytes a second: 100kB/s, 10MB/s",
  share: "per cent: 5%, 0.5%",
  mode: CUT_MODES.join(", "),
} as const;

/** The verbs of these commands, in the order of the help. */
export const COMMAND_VERBS: readonly Verb[] = Object.keys(COMMANDS).map((name) => verbs[name]!);
