// Makes a history, judges it, and prints as JSON what that took.
import { performance } from "node:perf_hooks";
import { expectations, judge, verdictOf } from "../../src/checkers/index.ts";
import { factsOf } from "../../src/checkers/history.ts";
import { runOf, type Event } from "../../src/model/event.ts";
import { seeded } from "../../src/model/random.ts";
import type { Run } from "../../src/model/run.ts";
import type { Judgement } from "../../src/model/verdict.ts";
import { html } from "../../src/reporters/html.ts";
import { json } from "../../src/reporters/json.ts";
import { junit } from "../../src/reporters/junit.ts";
import { terminal } from "../../src/reporters/terminal.ts";
import { expecting, Story } from "../checkers/story.ts";
import { goodHistory } from "../checkers/world.ts";

export interface Judged {
  /** Reading the history: operations, keys, writes. */
  readMs: number;
  judgeMs: number;
  reportMs: number;
  /** Of the process before it began to read, and by how much that grew at most. */
  historyMiB: number;
  growthMiB: number;
  htmlMB: number;
}

const SESSIONS = ["read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads"];
/** Where every good history holds; staleness and the like are bounds of a system. */
const OF_EVERY_RUN = ["linearizable", ...SESSIONS];

let history: readonly Event[];

const [what = "", wished = ""] = process.argv.slice(2);
const operations = Number(wished);
const MODES: Readonly<Record<string, () => Judged>> = {
  linearizable: () => judged(register(operations, 1), oneKey),
  sessions: () => judged(register(operations, 100), () => SESSIONS.map((name) => asked(name, {}))),
  run: wholeRun,
};
process.stdout.write(JSON.stringify(MODES[what]!()));

/** Throws unless the checker says that it holds: a verdict that was not reached is no figure. */
function asked(name: string, args: object): Judgement {
  const judgement = expectations[name]!.judge(history, args as never);
  if (judgement.valid !== true) throw new Error(`${name} of a good history: ${judgement.valid}: ${judgement.summary}`);
  return judgement;
}

function judged(events: readonly Event[], check: () => unknown): Judged {
  history = asLoaded(events);
  const historyMiB = rssMiB();
  const readMs = timed(() => factsOf(history));
  globalThis.gc?.(); // what the reading left is not the checker's
  const judgeMs = timed(check);
  const growthMiB = process.resourceUsage().maxRSS / 1_024 - historyMiB;
  return { readMs, judgeMs, reportMs: 0, historyMiB, growthMiB, htmlMB: 0 };
}

/** By version and by zones: by fewer ways it would be no figure. */
function oneKey(): void {
  const { summary } = asked("linearizable", { region: "us" });
  if (!summary.includes("by version and by zones")) throw new Error(`judged otherwise: ${summary}`);
}

function wholeRun(): Judged {
  const events = goodHistory({ seed: 7, operations, keys: 100 });
  const first = runOf(events);
  const expect = [
    ...first.scenario.expect,
    ...OF_EVERY_RUN.map((name) => expecting(name, name === "linearizable" ? { region: "us" } : {})),
  ];
  history = asLoaded([{ ...first, scenario: { ...first.scenario, expect } }, ...events.slice(1)]);
  const historyMiB = rssMiB();
  const readMs = timed(() => factsOf(history));
  let run: Run | undefined;
  const judgeMs = timed(() => {
    const verdicts = judge(history);
    run = {
      id: "bench",
      directory: "/runs/bench",
      history,
      verdicts,
      verdict: verdictOf(verdicts),
      interrupted: false,
    };
  });
  let page = "";
  const reportMs = timed(() => {
    page = html(run!, { scenario: "name: bench", topology: "services: {}" });
    for (const report of [terminal(run!), json(run!), junit([run!])]) if (report === "") throw new Error("no report");
  });
  const growthMiB = process.resourceUsage().maxRSS / 1_024 - historyMiB;
  return { readMs, judgeMs, reportMs, historyMiB, growthMiB, htmlMB: Buffer.byteLength(page) / 1e6 };
}

/** As a saved run is read: objects that were parsed, and nothing of how they were made. */
function asLoaded(events: readonly Event[]): readonly Event[] {
  const loaded = events.map((event) => JSON.parse(JSON.stringify(event)) as Event);
  globalThis.gc?.();
  return loaded;
}

/** Registers of one region, each operation atomic somewhere within its time: eight at once, half of them reads. */
function register(count: number, keys: number): readonly Event[] {
  const random = seeded("bench");
  const story = new Story({ regions: ["us", "eu"] });
  const versions = new Map<string, { version: number; value: number }>();
  const events: Event[] = [...story.events];
  let at = 1;
  const push = (event: object) => void events.push({ ...event, seq: events.length + 1, at } as Event);
  const open: {
    op: number;
    key: string;
    kind: "read" | "write";
    value: number;
    client: string;
    basis?: string;
    expected?: number;
  }[] = [];
  const known = new Map<string, number>();
  const complete = (which: number) => {
    const [ended] = open.splice(which, 1);
    const { op, key, kind, value, client, expected } = ended!;
    const held = versions.get(key) ?? { version: 0, value: 0 };
    at += 0.01;
    if (kind === "write" && expected !== held.version) {
      known.set(`${client} ${key}`, held.version); // refused, and told what there is
      return push({
        type: "complete",
        op,
        outcome: { type: "fail", error: "409" },
        status: 409,
        servedBy: "backend-us",
      });
    }
    const now = kind === "write" ? { version: held.version + 1, value } : held;
    versions.set(key, now);
    known.set(`${client} ${key}`, now.version);
    push({
      type: "complete",
      op,
      outcome: { type: "ok" },
      status: 200,
      servedBy: "backend-us",
      value: now.value,
      version: now.version,
      state: `us:${now.version},eu:0`,
    });
  };
  const busy = new Set<string>();
  for (let op = 1; op <= count; op++) {
    if (open.length >= 8) {
      const which = Math.floor(random.next() * open.length);
      busy.delete(open[which]!.client);
      complete(which);
    }
    let client = 1;
    while (busy.has(`c${client}`)) client++;
    busy.add(`c${client}`);
    const key = String(1 + Math.floor(random.next() * keys));
    const kind = random.next() < 0.5 ? "read" : "write";
    const expected = kind === "write" ? (known.get(`c${client} ${key}`) ?? 0) : undefined;
    const basis = expected === undefined ? undefined : `us:${expected},eu:0`;
    at += 0.01;
    const asks = { op, client: `c${client}`, workload: "w", region: "us", key, kind, due: at };
    const value = 1_000 + op;
    push({ type: "invoke", ...asks, ...(kind === "write" && { value, basis, expected, id: `id-${op}` }) });
    open.push({ op, key, kind, value, client: `c${client}`, basis, expected });
  }
  while (open.length > 0) complete(0);
  return events;
}

function timed(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

function rssMiB(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}
