// What a person can do from a dashboard, and who does it: views only ask. Everything done is a step of the scenario language, so
// that the dashboard teaches it, and what was done can be written down as a scenario.
import type { Verdict } from "../model/verdict.ts";
import type { Event } from "../model/event.ts";

/** One thing to do, or done. */
export interface Deed {
  /** What one would type: "regionctl kill backend-us". */
  command: string;
  /** The same as a step of a scenario, as YAML would parse it: {kill: "backend-us"}. Written in flow style to be shown. */
  step: unknown;
  /** Steps that come right before it: a read whose answer it needs. */
  before?: readonly object[];
}

/** Acts on a stack that is up. */
export interface Hands {
  /** Resolves with what came of it, in a line ("took effect: backend-us has no process"). Rejects with a readable reason. */
  perform(deed: Deed): Promise<string>;
  /** Background traffic that these hands keep going: on or off. Resolves with whether it is on now, and what that was. */
  toggleTraffic(): Promise<{ on: boolean; deed: Deed }>;
  /** Two writes of one row at once in two regions; resolves with what came of them and what it was. */
  conflict(): Promise<{ said: string; deed: Deed }>;
  /** Writes what was done so far as a scenario file, and resolves with its path. Rejects when nothing was done. */
  writeScenario(): Promise<string>;
}

/** Where events come from: a stack that is up, a scenario that plays, or a saved run. The same events, whichever it is. */
export interface Source extends AsyncDisposable {
  mode: "stack" | "run" | "saved";
  /** Begins to deliver; batches are in order. Called once. Never waits for a node that does not answer. */
  start(deliver: (events: readonly Event[]) => void): Promise<void>;
  /** The last lines of a node's log; empty where none was kept. Never takes longer than a second. */
  log(node: string, lines: number): Promise<readonly string[]>;
  /** Only of a stack that is up. */
  hands?: Hands;
  /** Only of a saved run. */
  player?: Player;
  /** The expectations as they stand after what was delivered; absent where nothing is expected. Cheap: judged beside. */
  verdicts?(): readonly Verdict[];
}

/** Plays a saved run. Times are milliseconds since its first event. */
export interface Player {
  lengthMs: number;
  positionMs(): number;
  playing(): boolean;
  /** Times real time. */
  speed(): number;
  play(): void;
  pause(): void;
  /** Bounded to the run; going back begins anew: `reset` is called before the events up to there are delivered. */
  seek(toMs: number): void;
  setSpeed(times: number): void;
  /** Whoever folds must forget all before what comes next. */
  onReset(forget: () => void): void;
}
