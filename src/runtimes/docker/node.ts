// One node of a stack on Docker: a container that can be killed, stopped, paused and started again, from any shell. Nothing is
// remembered here about its state: the engine is asked each time.
import type Docker from "dockerode";
import type { Node } from "../../model/cluster.ts";
import type { Control, NodeState } from "../../model/fault.ts";
import { NodeFailed, StackError } from "../../model/problem.ts";
import type { NodeSpec } from "../../model/topology.ts";
import { remoteControl } from "../embedded/control.ts";
import { httpTo } from "../embedded/http.ts";
import type { Readiness } from "../embedded/roles.ts";
import { createContainer, pause as sleep } from "./containers.ts";
import { type FollowsLog, linesAsTheyCome, linesOf } from "./log.ts";
import { connects } from "./probes.ts";
import { recipeOf } from "./roles.ts";
import { containerName, published, type Site } from "./site.ts";
import { asked, explained, isGone, isSoAlready } from "./trouble.ts";

export interface DockerNode extends Node, FollowsLog {
  state(): Promise<NodeState>;
  /** What it does to itself; undefined when nobody tells, or it cannot be told anything. */
  control(): Promise<Control | undefined>;
  /** Makes its container; starts nothing. */
  create(image: string): Promise<void>;
  /** Starts the container that was made, and resolves when it runs, whether it answers or not. */
  launch(): Promise<void>;
  /** Waits until it is healthy: for a stack that starts whole, where what it needs is on its way. */
  untilHealthy(signal: AbortSignal): Promise<void>;
  /** Drops connections that were kept for requests. */
  forget(): void;
}

/** What a node asks of the stack that it belongs to. */
export interface Neighbours {
  engine(): Promise<Docker>;
  /** Makes again what somebody removed of a node that is down. */
  mended(node: NodeSpec): Promise<void>;
  stateOf(node: string): Promise<NodeState>;
  /** Resolves when the containers that this node needs to have started have, or soon after. */
  untilStarted(nodes: readonly string[]): Promise<void>;
  /** Called when the container of a node was started again. */
  restarted(node: string): Promise<void>;
  /** Called when a node goes on after a pause. */
  resumed(node: string): Promise<void>;
  /** Resolves once the links lead to this node; with false when they cannot be waited for. */
  linked(node: string): Promise<boolean>;
}

const START_WITHIN_MS = 60_000;
const PROBE_EVERY_MS = 50;
const PROBE_TIMEOUT_MS = 1_000;
const LOG_LINES = 15;
const LOOK_EVERY_MS = 100;
/** A process that was sent SIGKILL is gone as soon as the engine looks. */
const GONE_WITHIN_MS = 20_000;

export function dockerNode(spec: NodeSpec, site: Site, stack: Neighbours): DockerNode {
  const recipe = recipeOf(spec);
  const way = published(site, spec.name);
  const address = `${way.host}:${way.port}`;
  const http = httpTo(address);
  const port = recipe.control?.(spec, site);
  const remote = port && remoteControl(port);
  const forget = () => {
    http.reset();
    remote?.reset();
  };
  const container = async () => (await stack.engine()).getContainer(containerName(site.place, spec.name));
  const probe = () => recipe.probe(spec, site, http, PROBE_TIMEOUT_MS);

  async function inspect(): Promise<Docker.ContainerInspectInfo | undefined> {
    try {
      return await (await container()).inspect();
    } catch (error) {
      if (isGone(error)) return undefined;
      throw explained(error, `look at ${spec.name}`);
    }
  }

  const state = async () => stateIn((await inspect())?.State.Status);

  /** Asks the engine for a change; that it is so already, or that nobody is there to change, is as good. */
  async function change(doing: string, work: (container: Docker.Container) => Promise<unknown>): Promise<void> {
    const target = await container();
    try {
      await work(target);
    } catch (error) {
      if (!isGone(error) && !isSoAlready(error)) throw explained(error, `${doing} ${spec.name}`);
    }
  }

  async function launch(): Promise<void> {
    try {
      await asked(`start ${spec.name}`, async () => (await container()).start());
    } catch (error) {
      throw await failedToStart(error);
    }
  }

  async function failedToStart(error: unknown): Promise<NodeFailed> {
    const { message, hint } = error as StackError;
    const log = await logTail(LOG_LINES).catch(() => []);
    const failed = new NodeFailed(spec.name, `could not be started: ${message}`, log, hint ?? DOCTOR);
    failed.cause = error;
    return failed;
  }

  async function start(): Promise<void> {
    const is = await state();
    if (is === "paused") await change("resume", (target) => target.unpause());
    const startedHere = is === "down";
    if (startedHere) {
      forget();
      await stack.untilStarted(recipe.startsAfter?.(spec, site.topology) ?? []);
      await stack.mended(spec);
      await launch();
    }
    try {
      await untilReady(someNeedIsDown);
    } catch (error) {
      if (startedHere) await kill().catch(() => {});
      throw error;
    }
    if (startedHere) await stack.restarted(spec.name);
    // Whoever asks it next may do so through a link. One that is cut or gone is a fault of its own, not this node's.
    await stack.linked(spec.name);
  }

  /** Waits until it is healthy, or answers and that `isEnough`; notices at once when it ends instead. */
  async function untilReady(isEnough: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
    const watching = new AbortController();
    const end = ending(watching.signal);
    end.catch(() => {}); // nobody watches any more
    try {
      for (const began = performance.now(); ; await sleep(PROBE_EVERY_MS, signal)) {
        signal?.throwIfAborted();
        const found = await Promise.race([probe(), end]);
        if (typeof found === "object") throw await failed(found.ended);
        if (found === "ready" || (found === "answers" && (await isEnough()))) return;
        if (performance.now() - began > START_WITHIN_MS) throw await failed(tooSlow(found));
      }
    } finally {
      watching.abort();
    }
  }

  async function ending(abortSignal: AbortSignal): Promise<{ ended: string }> {
    const target = await container();
    try {
      await target.wait({ condition: "not-running", abortSignal });
    } catch (error) {
      if (!isGone(error)) throw explained(error, `watch ${spec.name} as it starts`);
    }
    return { ended: howItEnded(await inspect()) };
  }

  function howItEnded(found: Docker.ContainerInspectInfo | undefined): string {
    if (found === undefined) return "was removed while it was starting";
    const { OOMKilled, ExitCode } = found.State;
    const limit = (found.HostConfig.Memory ?? 0) / 2 ** 20;
    return OOMKilled
      ? `needed more than its ${limit} MiB of memory while it was starting`
      : `exited with code ${ExitCode} while it was starting`;
  }

  /** A backend whose database is down on purpose is as far up as it can be. */
  async function someNeedIsDown(): Promise<boolean> {
    return (await Promise.all(spec.needs.map((need) => stack.stateOf(need)))).some((is) => is !== "up");
  }

  async function failed(reason: string): Promise<NodeFailed> {
    return new NodeFailed(spec.name, reason, await logTail(LOG_LINES).catch(() => []), DOCTOR);
  }

  /** Resolves with true when it has ended, with false when that takes longer. */
  async function goneWithin(ms: number): Promise<boolean> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), ms);
    try {
      await (await container()).wait({ condition: "not-running", abortSignal: limit.signal });
      return true;
    } catch (error) {
      if (limit.signal.aborted) return false;
      if (isGone(error)) return true;
      throw explained(error, `wait for the end of ${spec.name}`);
    } finally {
      clearTimeout(timer);
    }
  }

  async function kill(): Promise<void> {
    if ((await state()) === "down") return;
    // The engine itself thaws one that is paused, which takes the signal before it does anything else.
    await change("kill", (target) => target.kill({ signal: "SIGKILL" }));
    if (!(await goneWithin(GONE_WITHIN_MS)))
      throw new StackError(
        `${spec.name} does not end, although it was killed`,
        'See what the engine says: "docker ps".',
      );
  }

  async function logTail(lines: number): Promise<readonly string[]> {
    try {
      return linesOf(await (await container()).logs({ stdout: true, stderr: true, tail: lines })).slice(-lines);
    } catch (error) {
      if (isGone(error)) return [];
      throw explained(error, `read the log of ${spec.name}`);
    }
  }

  async function* followLog(lines: number, signal: AbortSignal): AsyncGenerator<string> {
    let from: Parameters<typeof linesAsTheyCome>[1] = { lines };
    try {
      while (!signal.aborted) {
        for await (const { text, stamp } of linesAsTheyCome(await container(), from, signal)) {
          from = { stamp };
          yield text;
        }
        // Its life is over; the next one goes on in the same log.
        if ("lines" in from) from = { stamp: new Date().toISOString() };
        while ((await (await container()).inspect()).State.Status !== "running") await sleep(LOOK_EVERY_MS, signal);
      }
    } catch (error) {
      if (!signal.aborted && !isGone(error)) throw explained(error, `read the log of ${spec.name}`);
    }
  }

  return {
    spec,
    address,
    get url() {
      return recipe.url(spec, site);
    },
    request: http.request,
    // The engine's proxy still accepts for a moment when a container has ended.
    connects: async () => (await state().catch(() => "down")) !== "down" && connects(way, PROBE_TIMEOUT_MS),
    answers: async () => (await state().catch(() => "down")) === "up" && (await probe()) === "ready",
    create: async (image) => createContainer(await stack.engine(), spec, image, site),
    launch,
    untilHealthy: (signal) => untilReady(async () => false, signal),
    start,
    async stop(graceMs) {
      const found = await inspect();
      if (stateIn(found?.State.Status) === "down") return;
      const { StopSignal: signal = "SIGTERM" } = found!.Config as { StopSignal?: string };
      // With this signal, too, the engine thaws one that is paused: it could not end in good order otherwise.
      await change("stop", (target) => target.kill({ signal }));
      if (!(await goneWithin(graceMs))) await kill();
    },
    kill,
    forget,
    async pause() {
      if ((await state()) === "up") await change("pause", (target) => target.pause());
    },
    async resume() {
      if ((await state()) !== "paused") return;
      await change("resume", (target) => target.unpause());
      await stack.resumed(spec.name);
    },
    state,
    control: async () => remote?.ask(),
    ...(remote && { configure: remote.tell }),
    logTail,
    followLog,
  };
}

/** In the engine's words. "created" and "exited" are down, and so is what is being removed. */
export function stateIn(status: string | undefined): NodeState {
  if (status === "paused") return "paused";
  return status === "running" ? "up" : "down";
}

function tooSlow(readiness: Readiness): string {
  const seconds = START_WITHIN_MS / 1_000;
  return readiness === "answers"
    ? `answers, but was not healthy within ${seconds} s`
    : `did not answer within ${seconds} s`;
}

const DOCTOR = 'See whether this machine has what it needs: "regionctl doctor".';
