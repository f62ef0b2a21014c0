// run(scenario) -> Run: the story of the product on one screen.
import { randomBytes, randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import path from "node:path";
import { copyLogs, createRun, judged, keepLogs, type RunWriter, saveVerdicts } from "./archive.ts";
import { LINKS } from "./model/cluster.ts";
import type { Event, RunEnded } from "./model/event.ts";
import { UsageError } from "./model/problem.ts";
import type { Run } from "./model/run.ts";
import type { Scenario, Step } from "./model/scenario.ts";
import { seeded } from "./model/random.ts";
import type { Topology } from "./model/topology.ts";
import { formatDuration } from "./model/units.ts";
import { type Observers, observe } from "./run/observe.ts";
import { runTraffic } from "./run/clients.ts";
import { readSurvivors } from "./run/surviving.ts";
import { NotPlayed, unplayed } from "./run/unplayed.ts";
import type { Stack } from "./stack.ts";
import { pageConflicts } from "./traffic/final.ts";
import { homesOf } from "./traffic/probes.ts";
import { askLag } from "./traffic/sampler.ts";
import { verbs } from "./verbs/index.ts";
import { type Scene, StepProblem } from "./verbs/scene.ts";
import { readEverywhere } from "./verbs/settle.ts";
import { DEFAULT_WITHIN_MS, waitFor } from "./verbs/wait.ts";

export interface RunOptions {
  scenario: Scenario;
  topology: Topology;
  /** Brings the stack: a new one of this run, or one that is up. `onFailed`: its directory, when it would not stand. */
  stand(signal: AbortSignal, onEvent: (event: Event) => void, onFailed: (directory: string) => void): Promise<Stack>;
  /** What becomes of the stack: it goes with the run; it stays when the run went to its end; or it was there before. */
  afterwards: "down" | "keep" | "leave";
  out: string;
  versions: Readonly<Record<string, string>>;
  /** Aborted by Ctrl-C. */
  interrupt: AbortSignal;
  onEvent?: (event: Event) => void;
}

const HEALTHY_AT_FIRST_MS = 10_000;
const ASK_AGAIN_MS = 50;

/** Throws NotPlayed when the stack would not stand. */
export async function run(options: RunOptions): Promise<Run> {
  const { scenario, topology } = options;
  const id = `${scenario.name}-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-")}-${randomBytes(2).toString("hex")}`;
  const writer = createRun(options.out, id, { scenario: scenario.file, topology: topology.file });
  const history = collect(id, writer, options.onEvent);
  const trouble = new AbortController();
  const signal = AbortSignal.any([options.interrupt, trouble.signal]);
  setMaxListeners(0, signal); // every running `for`, stream of traffic and request waits on it at the same time
  let stack: Stack | undefined;
  let isKept = options.afterwards === "leave";

  return finallyAll(
    async () => {
      stack = recordOrEnd(await stood(id, options, history, writer, signal), trouble);
      endWithItsLinks(stack, writer, trouble);
      stack.events.append({
        type: "run",
        id,
        scenario,
        topology: stack.topology,
        runtime: stack.record.runtime,
        versions: options.versions,
        startedAt: new Date().toISOString(),
      });
      const timer = setTimeout(() => trouble.abort(new TimedOut(scenario.timeoutMs)), scenario.timeoutMs);
      const ended = await play(options, stack, signal).finally(() => clearTimeout(timer));
      stack.events.append(ended);
      const result = judged(writer.directory, history.events);
      saveVerdicts(result);
      if (options.afterwards === "keep" && !result.interrupted) {
        await stack.disown();
        isKept = true;
      }
      return result;
    },
    () => stack && keepLogs(writer.directory, stack),
    () => (history.events.length === 0 ? writer.discard() : writer.close()),
    () => (isKept ? stack?.leave() : stack?.down()),
  );
}

/** What would not stand leaves a run behind that says why, with the logs that there are. */
async function stood(
  id: string,
  options: RunOptions,
  history: Collected,
  writer: RunWriter,
  signal: AbortSignal,
): Promise<Stack> {
  try {
    return await options.stand(signal, history.listen, (directory) => copyLogs(directory, writer.directory));
  } catch (error) {
    if (signal.aborted || error instanceof UsageError) throw error;
    for (const event of unplayed({ id, ...options }, error)) history.keep(event);
    const result = judged(writer.directory, history.events);
    saveVerdicts(result);
    throw new NotPlayed(result, error);
  }
}

/** What cannot be recorded ends the run at once: a history with holes proves nothing. */
function recordOrEnd(stack: Stack, trouble: AbortController): Stack {
  const append: Stack["events"]["append"] = (happening) => {
    try {
      return stack.events.append(happening);
    } catch (error) {
      trouble.abort(error);
      throw error;
    }
  };
  return { ...stack, events: { ...stack.events, append } };
}

/** What a run says of regions that cannot reach each other because a part of regionctl died would be no word about them. */
function endWithItsLinks({ events }: Stack, { directory }: RunWriter, trouble: AbortController): void {
  const log = path.join(directory, "logs", `${LINKS}.log`);
  events.listen((event) => {
    if (event.type !== "node" || event.node !== LINKS || event.expected || event.state !== "down") return;
    const message = `a part of regionctl died: the link program (${LINKS}), so nothing passes between zones. See ${log}`;
    trouble.abort(new Error(message));
  });
}

/** Does the work, then all the cleaning, whatever fails; the first error is the one that is thrown. */
async function finallyAll<T>(work: () => Promise<T>, ...cleaning: readonly (() => unknown)[]): Promise<T> {
  const [done] = await Promise.allSettled([work()]);
  const errors: unknown[] = done.status === "rejected" ? [done.reason] : [];
  for (const clean of cleaning) {
    try {
      await clean();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return (done as PromiseFulfilledResult<T>).value;
}

/** Baseline, traffic, steps, heal, final reads: everything that happens while the stack stands. */
async function play(options: RunOptions, stack: Stack, signal: AbortSignal): Promise<RunEnded> {
  const { scenario, interrupt } = options;
  await heardOfAtFirst(stack, signal);
  await using observers = await observe(stack);
  await using traffic = runTraffic(scenario, stack, observers, signal);
  const scene: Scene = {
    topology: stack.topology,
    cluster: stack.cluster,
    faults: stack.faults,
    samples: observers.samples,
    values: new Map(),
    traffic,
    clock: stack.clock,
    random: seeded(scenario.seed),
    record: stack.events.append,
    signal,
    gateway: stack.record.gateway,
    newId: randomUUID,
    async perform(step, within) {
      const problem = await playStep(step, within);
      if (problem) throw new StepProblem(problem.verdict, `step ${step.path}: ${problem.message}`);
    },
  };
  stack.faults.beforeEnd(readSurvivors(scene, scenario));
  let ended: RunEnded = { type: "end", reason: "done" };
  try {
    await healthyAtFirst(scene, observers);
    for (const spec of scenario.traffic) traffic.begin(spec);
    await playSteps(scenario.steps, scene);
  } catch (error) {
    ended = endOf(error, signal, interrupt);
  }
  const mend = async (act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      if (ended.reason === "done") ended = endOf(error, signal, interrupt);
    }
  };
  await mend(() => traffic.pause());
  if (ended.reason === "interrupted" && options.afterwards !== "leave") return ended; // everything goes in a moment
  await mend(() => stack.faults.heal());
  if (ended.reason === "done") await mend(() => readFinals(scene, observers));
  await mend(async () => void scene.record({ type: "leftovers", found: await stack.faults.leftovers() }));
  return ended;
}

/** A region that has just been started counts as far behind until it hears of the others: that is no lag of theirs. */
async function heardOfAtFirst({ topology, cluster, clock }: Stack, signal: AbortSignal): Promise<void> {
  if (topology.observe.lag === undefined) return;
  const deadline = clock.now() + HEALTHY_AT_FIRST_MS;
  const isBehind = async (region: string) => {
    const { lagSeconds } = await askLag(topology, cluster, region, signal);
    return lagSeconds === null || Object.values(lagSeconds).some((seconds) => seconds > 0);
  };
  // Whoever stays behind may be healthy all the same: what was expected of the lag is judged by what is seen from here on.
  while (!signal.aborted && clock.now() < deadline) {
    const asked = await Promise.all(topology.regions.map(isBehind));
    if (!asked.includes(true)) return;
    await clock.sleep(ASK_AGAIN_MS, signal).catch(() => {}); // an end of the run is noticed by whatever comes next
  }
}

/** Before anything is broken everything must be whole, or nothing that follows means anything. */
async function healthyAtFirst(scene: Scene, observers: Observers): Promise<void> {
  const deadline = scene.clock.now() + HEALTHY_AT_FIRST_MS;
  for (;;) {
    await observers.samples.next(scene.signal);
    const sample = observers.samples.recent().at(-1);
    const sick = scene.topology.regions.filter((region) => sample?.regions[region]?.healthy !== true);
    if (sick.length === 0) return;
    if (scene.clock.now() > deadline) throw new Error(`${sick.join(" and ")} not healthy at the start`);
  }
}

/** In order; after a failed step the others are skipped, but the settle at the end still heals and compares. */
async function playSteps(steps: readonly Step[], scene: Scene): Promise<void> {
  const begin = scene.clock.now();
  let failed = false;
  for (const [i, step] of steps.entries()) {
    const last = i === steps.length - 1;
    if (failed && !last) {
      scene.record({ type: "step", phase: "end", path: step.path, verdict: "skipped" });
      continue;
    }
    if (failed) await scene.faults.heal();
    const due = step.atMs === undefined ? undefined : begin + step.atMs;
    failed = (await playStep(step, scene, due)) !== undefined || failed;
  }
}

/** Performs one step when its time has come. Answers why it did not do what it says. */
async function playStep(step: Step, scene: Scene, due?: number): Promise<StepProblem | undefined> {
  const { path, verb, text, line } = step;
  let begun = false;
  const sayBegin = (lateMs?: number) => {
    begun = true;
    scene.record({ type: "step", phase: "begin", path, verb, text, line, lateMs });
  };
  try {
    // What an earlier settle had stopped, also for what is waited for below; after the last one nothing is written any more.
    if (verb !== "settle") scene.traffic.resume();
    let lateMs: number | undefined;
    if (due !== undefined) {
      await scene.clock.sleep(due - scene.clock.now(), scene.signal);
      lateMs = Math.max(0, Math.round(scene.clock.now() - due));
    }
    if (step.when) await waitFor(scene, step.when, step.withinMs ?? DEFAULT_WITHIN_MS);
    sayBegin(lateMs);
    await verbs[step.verb]!.perform(scene, step as never);
    scene.record({ type: "step", phase: "end", path, verdict: "passed" });
    return undefined;
  } catch (error) {
    scene.signal.throwIfAborted();
    if (!begun) sayBegin();
    const problem = error instanceof StepProblem ? error : new StepProblem("errored", (error as Error).message);
    scene.record({ type: "step", phase: "end", path, verdict: problem.verdict, detail: problem.message });
    return problem;
  }
}

/** What every region holds in the end, and every conflict record, from the nodes themselves. */
async function readFinals(scene: Scene, observers: Observers): Promise<void> {
  for (const [name, keys] of scene.traffic.touched()) {
    const finals = await readEverywhere(scene, scene.topology.workloads[name]!, [...keys]);
    for (const final of finals) scene.record(final);
  }
  if (scene.topology.observe.conflicts === undefined) return;
  for (const region of scene.topology.regions) {
    const node = homesOf(scene.cluster.nodes, region)[0];
    if (!node) continue;
    const after = observers.conflictCursors[region] ?? 0;
    for (const record of await pageConflicts({ topology: scene.topology, region, node, after })) scene.record(record);
  }
}

class TimedOut extends Error {
  constructor(timeoutMs: number) {
    super(`the scenario's timeout of ${formatDuration(timeoutMs)} was reached`);
  }
}

/** Why the run did not go on. What aborted it counts; the error is only how that was noticed. */
function endOf(error: unknown, signal: AbortSignal, interrupt: AbortSignal): RunEnded {
  const reason: unknown = signal.aborted ? signal.reason : error;
  if (reason instanceof TimedOut) return { type: "end", reason: "timeout", error: reason.message };
  if (interrupt.aborted && reason === interrupt.reason) return { type: "end", reason: "interrupted" };
  return { type: "end", reason: "errored", error: (reason as Error).message };
}

interface Collected {
  events: readonly Event[];
  keep(event: Event): void;
  /** Keeps it if it belongs to the run, and shows it. */
  listen(event: Event): void;
}

/** Events from this run's first one on; what the stack recorded before is shown but belongs to no run. */
function collect(id: string, writer: RunWriter, show: ((event: Event) => void) | undefined): Collected {
  const events: Event[] = [];
  const keep = (event: Event) => {
    events.push(event);
    writer.write(event);
  };
  return {
    events,
    keep,
    listen(event) {
      if (events.length > 0 || (event.type === "run" && event.id === id)) keep(event);
      show?.(event);
    },
  };
}
