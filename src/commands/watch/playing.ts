// `scenario run --watch`: the dashboard while a scenario plays, in a process beside it, which is only told what happens. Before its
// stack begins and after the dashboard was left there are plain lines, and the run knows nothing of either.
import { setTimeout as sleep } from "node:timers/promises";
import type { Event } from "../../model/event.ts";
import { UsageError } from "../../model/problem.ts";
import type { Stack } from "../../stack.ts";
import type { DashboardProcess, FromDashboard } from "./beside.ts";
import { inBatches } from "./batches.ts";
import { refuseNoTerminal } from "./screen.ts";
import { startDashboard } from "./start.ts";

/** Where the progress of a run is told. */
export interface Progress {
  line(text: string): void;
  event(event: Event): void;
  end(): unknown;
}

export interface Played extends Progress {
  /**
   * The stack it is played on, once that stands: its nodes have logs. Resolves when the dashboard is drawn, or cannot wait any longer:
   * the first clients would feel how it begins.
   */
  stands(stack: Pick<Stack, "record" | "topology" | "clock" | "faults" | "cluster">): Promise<void>;
  /** Resolves once the terminal is as it was. */
  end(): Promise<void>;
}

const DRAWN_WITHIN_MS = 5_000;
const LOG_WITHIN_MS = 900;
/** More than any terminal is wide. */
const MOST_OF_A_LINE = 1_000;
/** What was said meanwhile, at most, is told when the dashboard is left. */
const MOST_LINES = 200;
/** One that does not leave when the run is over, stopped for example, is ended. Generous: it may be just starting. */
const LEAVES_WITHIN_MS = 5_000;

/** Throws UsageError where it cannot be. */
export function refuseWatch({ json, jobs = 1 }: { json?: boolean; jobs?: number }): void {
  if (json) throw new UsageError("--watch draws on stdout, and --json prints there: choose one of them.");
  if (jobs > 1) throw new UsageError("--watch shows one scenario at a time: leave --jobs away.");
  refuseNoTerminal("--watch", "Leave it away for plain lines.");
}

/** `plain` tells what the dashboard does not; `interrupt` is what a Ctrl-C aborts. */
export function playing(
  plain: Progress,
  interrupt: AbortSignal,
  start: () => DashboardProcess = startDashboard,
): Played {
  const unsaid: string[] = [];
  let stands: Parameters<Played["stands"]>[0] | undefined;
  let shown: { tell(event: Event): void; drawn(): Promise<void>; leave(): Promise<void> } | undefined;
  let isDrawn = false;

  async function log(name: string, lines: number): Promise<readonly string[]> {
    const node = stands?.cluster.nodes.find(({ spec }) => spec.name === name);
    if (node === undefined) return [];
    const late = new Promise<readonly string[]>((resolve) => setTimeout(resolve, LOG_WITHIN_MS, []).unref());
    return Promise.race([node.logTail(lines), late]).catch(() => []);
  }

  function show() {
    const beside = start();
    isDrawn = true; // it has the terminal from now on
    const drawn = new AbortController();
    let last: LastWord | undefined;
    let isBehind = false;
    let isOver = false;
    const events = inBatches({
      send: (events) => beside.send({ type: "events", events }),
      overflowed() {
        isBehind = true;
        beside.kill();
      },
    });
    const answer = async ({ question, node, lines }: Extract<FromDashboard, { type: "log" }>) => {
      const short = (await log(node, lines)).map((line) => line.slice(0, MOST_OF_A_LINE));
      await beside.send({ type: "log", question, lines: short });
    };
    beside.listen((message) => {
      if (message.type === "log") void answer(message);
      else if (message.type === "drawn") drawn.abort();
      else last = message;
    });

    const gone = beside.gone.then((death) => {
      events.close();
      drawn.abort();
      isDrawn = false;
      for (const text of unsaid.splice(0)) plain.line(text);
      if (last?.type === "left" && last.how === "interrupted")
        process.kill(process.pid, "SIGINT"); // as always
      else if (!isOver && !interrupt.aborted) plain.line(`${goodbye(last, isBehind, death)}; the run goes on`);
    });
    return {
      tell: events.push,
      async drawn() {
        const either = AbortSignal.any([drawn.signal, interrupt]);
        await sleep(DRAWN_WITHIN_MS, undefined, { signal: either }).catch(() => {});
      },
      async leave() {
        isOver = true;
        void beside.send({ type: "close" });
        const late = setTimeout(beside.kill, LEAVES_WITHIN_MS);
        await gone;
        clearTimeout(late);
      },
    };
  }

  return {
    line(text) {
      if (!isDrawn) plain.line(text);
      else if (unsaid.length < MOST_LINES) unsaid.push(text);
    },
    event(event) {
      shown ??= show();
      shown.tell(event);
      if (!isDrawn) plain.event(event);
    },
    async stands(up) {
      stands = up;
      const { name, runtime, gateway } = up.record;
      const [at, faults] = [up.clock.now(), up.faults.active()];
      shown ??= show();
      shown.tell({ type: "stack", name, topology: up.topology, runtime, gateway, faults, seq: 0, at });
      await shown.drawn();
    },
    async end() {
      await shown?.leave();
      await plain.end();
    },
  };
}

type LastWord = Extract<FromDashboard, { type: "left" | "failed" }>;

/** Why there is no dashboard any more while the run goes on. */
function goodbye(last: LastWord | undefined, isBehind: boolean, death: string | undefined): string {
  if (last?.type === "failed") return `the dashboard cannot be drawn: ${last.why}`;
  if (isBehind) return "the dashboard did not keep up with the run, and was ended";
  return death === undefined ? "the dashboard was left" : `the dashboard is gone: ${death}`;
}
