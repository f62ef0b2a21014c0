// What became of it, in one line for people: "backend-us: down until ...", "us | eu: nothing passes (drop) for 10 s".
import { sayClock, sayStream } from "../../faults/controls.ts";
import { type FaultKind, type FaultParameters, NO_REPLICATION_FAULT } from "../../model/fault.ts";
import { formatDuration } from "../../model/units.ts";
import { stackFlag } from "../../stack.ts";
import { sayEffect } from "../effects.ts";
import type { Deeds, Proved } from "./scene.ts";

interface Saying {
  /** What it is said of: the nodes that were hit, or the target as it is written. */
  of: "nodes" | "target";
  is(parameters: FaultParameters): string;
  /** The command that ends it, besides heal. */
  until?: "start" | "resume";
  /** What it is afterwards. */
  well: string;
}

const down: Saying = { of: "nodes", is: () => "down", until: "start", well: "up again" };

const cut: Saying = {
  of: "target",
  is: ({ mode = "drop" }) => sayEffect({ type: "cut", mode }),
  well: "connected again",
};

const SAYINGS: Readonly<Record<FaultKind, Saying>> = {
  kill: down,
  stop: down,
  "region-outage": down,
  pause: { of: "nodes", is: () => "paused", until: "resume", well: "up again" },
  hold: { of: "nodes", is: () => "answers to writes are kept back", well: "answers are given again" },
  partition: cut,
  isolate: cut,
  latency: {
    of: "target",
    is: ({ addMs = 0, jitterMs = 0 }) => `every byte ${sayEffect({ type: "delay", addMs, jitterMs })}`,
    well: "as fast as before",
  },
  bandwidth: {
    of: "target",
    is: ({ bytesPerSecond = 0 }) => sayEffect({ type: "cap", bytesPerSecond }),
    well: "without a limit again",
  },
  flaky: {
    of: "target",
    is: ({ resetsPerSecond = 0 }) => sayEffect({ type: "flaky", resetsPerSecond }),
    well: "steady again",
  },
  replication: {
    of: "target",
    is: ({ replication }) => `applied ${sayStream({ ...NO_REPLICATION_FAULT, ...replication })}`,
    well: "applied as it comes",
  },
  "clock-skew": {
    of: "nodes",
    is: ({ byMs = 0 }) => `clock ${sayClock(byMs)}`,
    well: "clock right again",
  },
};

export interface FaultLines {
  /** While it waits for its end. */
  lasting(forMs: number): string;
  /** When it stays. */
  stays(stack: string): string;
  /** When it is over. */
  over: string;
  /** When another command ended it. */
  taken: string;
}

/** `target` is the target as a scenario writes it. Only for what began a fault. */
export function sayFault({ begun, nodes }: Deeds, target: string): FaultLines {
  const [{ kind, parameters }] = begun as readonly [Deeds["begun"][number]];
  const { of, is, until, well } = SAYINGS[kind];
  const subject = of === "nodes" && nodes.length > 0 ? nodes.join(", ") : target;
  return {
    lasting: (forMs) => `${subject}: ${is(parameters)} for ${formatDuration(forMs)} ...`,
    stays(stack) {
      const flag = stackFlag(stack);
      const ends = [...(until ? [`"regionctl ${until} ${nodes.join(" ")}${flag}"`] : []), `"regionctl heal${flag}"`];
      return `${subject}: ${is(parameters)} until ${ends.join(" or ")}`;
    },
    over: `${subject}: ${well}`,
    taken: `${subject}: ended by another command`,
  };
}

/** What a verb that begins no lasting fault did. */
export const MENDED: Readonly<Record<string, (deeds: Deeds) => string>> = {
  start: ({ nodes }) => `${nodes.join(", ")}: up`,
  resume: ({ nodes }) => `${nodes.join(", ")}: not paused any more`,
  restart: ({ nodes }) => `${nodes.join(", ")}: restarted`,
  heal: ({ ended }) => (ended.length === 0 ? "no fault was active; every node is up" : `healed: ${ended.join(", ")}`),
};

/** What was measured of each fault: the proof that it is in force, or that it is not. Some shows only in time. */
export function measuredLines({ begun, proved }: Deeds): readonly string[] {
  return begun.flatMap(({ id }) => {
    const proof = proved.find((one) => one.id === id);
    return proof === undefined ? ["measured: what it did is told when it ends"] : proofLines(proof);
  });
}

/** A line for each thing that was looked at. */
export function proofLines({ effective, measured }: Proved): readonly string[] {
  const head = effective ? "measured: " : "WITHOUT EFFECT: ";
  return measured.split("; ").map((part, i) => `${i === 0 ? head : " ".repeat(head.length)}${part}`);
}
