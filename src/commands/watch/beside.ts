// What a run and the dashboard that is drawn beside it, in a process of its own, say to each other. Plain data: it goes as JSON.
import type { Left } from "../../dashboard/watch.tsx";
import type { Event } from "../../model/event.ts";

export type ToDashboard =
  | { type: "events"; events: readonly Event[] }
  /** The answer to a question. */
  | { type: "log"; question: number; lines: readonly string[] }
  /** The run is over: the terminal is wanted back. */
  | { type: "close" };

export type FromDashboard =
  /** It has begun, which takes more than all that comes: now others can. */
  | { type: "drawn" }
  | { type: "log"; question: number; node: string; lines: number }
  /** The terminal is as it was. */
  | { type: "left"; how: Left }
  | { type: "failed"; why: string };

/** The dashboard's process, as the run has it. */
export interface DashboardProcess {
  /** Resolves once it is written, or never will be. */
  send(message: ToDashboard): Promise<void>;
  /** Called once, before anything can have come. */
  listen(heard: (message: FromDashboard) => void): void;
  /** Resolves once it is gone, everything it said was heard, and the terminal is as it was; with how it died, where it did. */
  gone: Promise<string | undefined>;
  /** At once, whatever it is doing. */
  kill(): void;
}

/** The run, as the dashboard has it. */
export interface RunProcess {
  send(message: FromDashboard): Promise<void>;
  listen(heard: (message: ToDashboard) => void): void;
}
