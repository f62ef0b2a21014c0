// `scenario run --watch`: the dashboard while a scenario plays. Before its stack begins and after it was left there are plain lines,
// and the run knows nothing of either. It is drawn while the nodes are started: to load it and to draw it for the first time takes
// so long that the first clients would feel it.
import type { Source } from "../../dashboard/hands.ts";
import { standing } from "../../dashboard/standing.ts";
import { createStore, type StoreOptions } from "../../dashboard/store.ts";
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
/**
 * The traffic is sent from this process, and waits while it draws or judges: so it is drawn less often than a stack that is only
 * watched, and not at once around the steps, where much happens and latencies are what one looks at,
 */
const FRAMES_PER_SECOND = 2;
const GENTLE_FRAMES: StoreOptions = { fps: FRAMES_PER_SECOND, urgent: new Set<Event["type"]>(["stack", "run", "end"]) };
/** and the share of the time that is judged in is kept far below what a 99th percentile would show. */
const GENTLE_JUDGING = { pauseMs: 2_000, times: 300 };
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
  const store = createStore(GENTLE_FRAMES);
  const events: Event[] = [];
  const closing = new AbortController();
  const expectations = standing(() => events, { ...GENTLE_JUDGING, judged: () => store.push([]) });
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
    verdicts: () => (events.length === 0 ? [] : expectations.verdicts()),
    async [Symbol.asyncDispose]() {},
  };

  async function show(): Promise<void> {
    isDrawn = true;
    let last: string | undefined;
    try {
      const left = await draw({ source, store, fps: FRAMES_PER_SECOND, signal: closing.signal });
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
      // The first judging takes longest: now no client has begun yet.
      if (event.type === "run") expectations.verdicts();
      store.push([event]);
      if (!isDrawn) plain.event(event);
      drawing ??= show();
    },
    stands(up) {
      stack = up;
      const { name, runtime, gateway } = up.record;
      const at = up.clock.now();
      const faults = up.faults.active();
      store.push([{ type: "stack", name, topology: up.topology, runtime, gateway, faults, seq: 0, at }]);
      drawing ??= show();
    },
    async end() {
      closing.abort();
      await drawing;
      expectations.close();
      store.close();
      await plain.end();
    },
  };
}
