// `scenario run --watch`: the dashboard while a scenario plays. Before it begins and after it was left there are plain lines, and
// the run knows nothing of either.
import type { Source } from "../../dashboard/hands.ts";
import { standing } from "../../dashboard/standing.ts";
import { createStore } from "../../dashboard/store.ts";
import type { Event } from "../../model/event.ts";
import { UsageError } from "../../model/problem.ts";
import type { Stack } from "../../stack.ts";
import { draw, loadScreen, refuseNoTerminal } from "./screen.ts";

/** Where the progress of a run is told. */
export interface Progress {
  line(text: string): void;
  event(event: Event): void;
  end(): unknown;
}

export interface Played extends Progress {
  /** The stack it is played on, once that stands: its nodes have logs. */
  stands(stack: Stack): void;
  /** Resolves once the terminal is as it was. */
  end(): Promise<void>;
}

const LOG_WITHIN_MS = 900;
/** What was said meanwhile, at most, is told when the dashboard is left. */
const MOST_LINES = 200;

/** Throws UsageError where it cannot be. */
export function refuseWatch({ json, jobs = 1 }: { json?: boolean; jobs?: number }): void {
  if (json) throw new UsageError("--watch draws on stdout, and --json prints there: choose one of them.");
  if (jobs > 1) throw new UsageError("--watch shows one scenario at a time: leave --jobs away.");
  refuseNoTerminal("--watch", "Leave it away for plain lines.");
}

/** `plain` tells what the dashboard does not. */
export function playing(plain: Progress): Played {
  const store = createStore();
  const events: Event[] = [];
  const closing = new AbortController();
  const expectations = standing(() => events, { judged: () => store.push([]) });
  const unsaid: string[] = [];
  let stack: Stack | undefined;
  let drawing: Promise<void> | undefined;
  let isDrawn = false;
  const loaded = loadScreen();
  loaded.catch(() => {}); // told when it is drawn

  const source: Source = {
    mode: "run",
    async start() {},
    async log(name, lines) {
      const node = stack?.cluster.nodes.find(({ spec }) => spec.name === name);
      if (node === undefined) return [];
      const late = new Promise<readonly string[]>((resolve) => setTimeout(resolve, LOG_WITHIN_MS, []).unref());
      return Promise.race([node.logTail(lines), late]).catch(() => []);
    },
    verdicts: expectations.verdicts,
    async [Symbol.asyncDispose]() {},
  };

  async function show(): Promise<void> {
    isDrawn = true;
    let last: string | undefined;
    try {
      const left = await draw({ source, store, fps: 4, signal: closing.signal });
      if (left === "interrupted") process.kill(process.pid, "SIGINT"); // as always
      if (left === "quit") last = "the dashboard was left; the run goes on";
    } catch (error) {
      last = `the dashboard cannot be drawn: ${(error as Error).message}; the run goes on`;
    } finally {
      isDrawn = false;
      for (const text of unsaid.splice(0)) plain.line(text);
      if (last !== undefined) plain.line(last);
    }
  }

  return {
    line(text) {
      if (!isDrawn) plain.line(text);
      else if (unsaid.length < MOST_LINES) unsaid.push(text);
    },
    event(event) {
      if (event.type === "run") events.length = 0;
      if (events.length > 0 || event.type === "run") events.push(event);
      store.push([event]);
      if (!isDrawn) plain.event(event);
      if (event.type === "run") drawing ??= show();
    },
    stands: (standing) => void (stack = standing),
    async end() {
      closing.abort();
      await drawing;
      expectations.close();
      store.close();
      await plain.end();
    },
  };
}
