// The dashboard of `scenario run --watch`, drawn in a process of its own: the run sends its traffic and takes its latencies in
// another one, which draws and judges nothing. It has the terminal, and gives it back when the run asks for it, or is gone.
import os from "node:os";
import { Command } from "commander";
import type { Source } from "../../dashboard/hands.ts";
import { standing } from "../../dashboard/standing.ts";
import { createStore, FRAMES_PER_SECOND, type Store } from "../../dashboard/store.ts";
import type { Event } from "../../model/event.ts";
import { UsageError } from "../../model/problem.ts";
import { EXIT } from "../../model/verdict.ts";
import type { FromDashboard, RunProcess, ToDashboard } from "./beside.ts";
import { draw } from "./screen.ts";
import { DASHBOARD } from "./start.ts";

export function dashboard(): Command {
  return new Command(DASHBOARD).action(async () => {
    if (process.send === undefined)
      throw new UsageError("this draws the dashboard of a run: regionctl scenario run NAME --watch starts it.");
    const run = runBefore();
    const closing = new AbortController();
    leaveSignals(closing);
    // The run is gone without a word, and this group of processes may have lost the terminal with it: nothing may be set there any
    // more but by the guard of the terminal, which waits for our death and knows how.
    const orphaned = () => process.kill(process.pid, "SIGKILL");
    if (!process.connected) orphaned();
    process.once("disconnect", orphaned);
    process.once("uncaughtException", (error) => {
      void run.send({ type: "failed", why: error.message }).then(() => process.exit(EXIT.errored));
    });
    await run.send(await attend(run, closing));
  });
}

/** What Ctrl-C asks for is for the run to do; whoever ends this process alone only wants its terminal back. */
function leaveSignals(closing: AbortController): void {
  const ends = { SIGINT: () => {}, SIGTERM: () => closing.abort(), SIGHUP: () => closing.abort() } as const;
  for (const [name, end] of Object.entries(ends)) {
    const before = process.listeners(name as NodeJS.Signals);
    process.on(name, end);
    for (const listener of before) process.off(name, listener);
  }
}

const runBefore = (): RunProcess => ({
  send(message) {
    // From here on others are measured: where there are too few processors for everybody, they come before whoever looks.
    if (message.type === "drawn") os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL);
    return new Promise((resolve) => void process.send!(message, undefined, undefined, () => resolve()));
  },
  listen: (heard) => void process.on("message", (message) => heard(message as ToDashboard)),
});

/** Draws what the run says until it, the person or the signal ends it; resolves, once the terminal is as it was, with the last word. */
export async function attend(
  run: RunProcess,
  closing: AbortController,
  drawOn: typeof draw = draw,
): Promise<FromDashboard> {
  const store = createStore();
  let events: Event[] = [];
  const expectations = standing(() => events, { judged: () => store.push([]) });
  const questions = new Map<number, (lines: readonly string[]) => void>();
  let asked = 0;

  const hearing: { readonly [T in ToDashboard["type"]]: (message: Extract<ToDashboard, { type: T }>) => void } = {
    events({ events: happened }) {
      for (const event of happened) {
        if (event.type === "run") {
          events = [];
          expectations.forget();
        }
        if (events.length > 0 || event.type === "run") events.push(event);
      }
      store.push(happened);
    },
    log({ question, lines }) {
      questions.get(question)?.(lines);
      questions.delete(question);
    },
    close: () => closing.abort(),
  };
  run.listen((message) => (hearing[message.type] as (message: ToDashboard) => void)(message));

  let isDrawn = false;
  const drawn: Store = {
    ...store,
    // Whoever wants to know of more has drawn what there was.
    subscribe(listener) {
      if (!isDrawn) void run.send({ type: "drawn" });
      isDrawn = true;
      return store.subscribe(listener);
    },
  };

  const source: Source = {
    mode: "run",
    async start() {},
    log(node, lines) {
      const question = asked++;
      void run.send({ type: "log", question, node, lines });
      return new Promise((resolve) => questions.set(question, resolve));
    },
    verdicts: () => (events.length === 0 ? [] : expectations.verdicts()),
    async [Symbol.asyncDispose]() {},
  };

  try {
    return {
      type: "left",
      how: await drawOn({ source, store: drawn, fps: FRAMES_PER_SECOND, signal: closing.signal }),
    };
  } catch (error) {
    return { type: "failed", why: (error as Error).message };
  } finally {
    expectations.close();
    store.close();
  }
}
