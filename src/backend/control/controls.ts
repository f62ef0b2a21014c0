// What a backend does to itself when it is told to: all of it at once, and what can be seen of it.
import type { Control } from "../../model/fault.ts";
import type { LaneCounters, Stage } from "../replication/stage.ts";
import type { Hold } from "./hold.ts";
import type { SkewedClock } from "./skew.ts";

/** What it really does, measured where that can be, and what came of it. */
export interface ObservedControl extends Control {
  /** Answers that are kept back now. */
  held: number;
  /** By source region. */
  sources: Readonly<Record<string, LaneCounters>>;
}

export interface Controls {
  /** The regions whose writes arrive here. */
  sources: readonly string[];
  set(control: Control): void;
  observe(): Promise<ObservedControl>;
}

export interface Controlled {
  sources: readonly string[];
  hold: Hold;
  stampClock: SkewedClock;
  trueNow: () => number;
  stage: Pick<Stage, "order" | "faults" | "counters">;
}

export function createControls({ sources, hold, stampClock, trueNow, stage }: Controlled): Controls {
  return {
    sources,
    set(control) {
      hold.set(control.hold);
      stampClock.set(control.skewMs);
      stage.order(control.replication);
    },
    async observe() {
      const skewMs = Math.round(stampClock.now() - trueNow());
      return { ...(await hold.state()), skewMs, replication: stage.faults(), sources: stage.counters() };
    },
  };
}
