// One node of an embedded stack: a child process that can be killed, stopped, paused and started again, from any shell.
// Nothing is remembered here about its state: that is asked of the operating system each time.
import net from "node:net";
import type { Node } from "../../model/cluster.ts";
import type { Control, NodeState } from "../../model/fault.ts";
import { NodeFailed, StackError } from "../../model/problem.ts";
import type { NodeSpec } from "../../model/topology.ts";
import { remoteControl } from "./control.ts";
import { LAYOUT, markOf } from "./directory.ts";
import { httpTo } from "./http.ts";
import { portProblem } from "./ports.ts";
import {
  alive,
  findByMark,
  freezeTrees,
  goneWithin,
  type Identity,
  killTrees,
  signalOne,
  stateOf,
  thawTrees,
} from "./processes.ts";
import { type Readiness, reach, recipeOf, type Site } from "./roles.ts";
import { findNode, type Spawned, spawnNode, tail } from "./spawn.ts";

export interface EmbeddedNode extends Node {
  state(): NodeState;
  /** What it does to itself; undefined when it is not up, or cannot be told anything. */
  control(): Promise<Control | undefined>;
  /** As `start`, for a stack that starts whole: what it needs is on its way, so nothing less than healthy will do. */
  startHealthy(signal: AbortSignal): Promise<void>;
  /** Drops connections that were kept for requests. */
  forget(): void;
}

const START_WITHIN_MS = 30_000;
const PROBE_EVERY_MS = 15;
const PROBE_TIMEOUT_MS = 1_000;
const LOG_LINES = 15;

/** What a node asks of the stack that it belongs to. */
export interface Neighbours {
  /** To see whether what it needs is up. */
  nodes(): readonly EmbeddedNode[];
  /** Resolves once the links lead to this node; with false when they cannot be waited for. */
  linked(node: string): Promise<boolean>;
}

export function embeddedNode(spec: NodeSpec, site: Site, neighbours: Neighbours): EmbeddedNode {
  const { place } = site;
  const recipe = recipeOf(spec);
  const address = reach(site, spec, spec.region);
  const http = httpTo(address);
  const port = recipe.control?.(spec, site);
  const remote = port && remoteControl(port);
  const forget = () => {
    http.reset();
    remote?.reset();
  };

  const running = () => findNode(place, spec.name);
  const probe = () => recipe.probe(spec, site, http, PROBE_TIMEOUT_MS);

  const state = (): NodeState => {
    const found = running();
    if (found === undefined) return "down";
    return stateOf(found) === "stopped" ? "paused" : "up";
  };

  async function start(isEnough: () => boolean, signal?: AbortSignal): Promise<void> {
    const found = running();
    if (found) {
      thawTrees([found]);
      return untilReady(found, undefined, isEnough, signal);
    }
    forget();
    const spawned = await launch(signal);
    try {
      await untilReady(spawned.identity, spawned, isEnough, signal);
    } catch (error) {
      await killTrees([spawned.identity]);
      throw error;
    }
  }

  async function launch(signal?: AbortSignal): Promise<Spawned> {
    try {
      // Children of a process that somebody else killed would keep its disk and its port.
      const strays = findByMark(markOf(place, spec.name));
      if (strays.length > 0) await killTrees(strays);
      for (const port of Object.values(site.ports[spec.name] ?? {})) {
        const taken = await portProblem(spec.name, port);
        if (taken) throw taken;
      }
      await recipe.prepare(spec, site, signal);
      signal?.throwIfAborted();
      return await spawnNode(place, spec.name, await recipe.launch(spec, site));
    } catch (error) {
      signal?.throwIfAborted();
      throw failedToStart(error);
    }
  }

  function failedToStart(error: unknown): NodeFailed {
    const { message, hint } = error as StackError;
    const known = HINTS.find(([pattern]) => pattern.test(message));
    const failed = new NodeFailed(
      spec.name,
      `could not be started: ${message}`,
      tail(place, spec.name, LOG_LINES), // of its former life
      known?.[1](LAYOUT.home(place)) ?? hint ?? DOCTOR,
    );
    failed.cause = error;
    return failed;
  }

  /** Waits until it is healthy, or answers and that `isEnough`; notices at once when it ends instead. */
  async function untilReady(
    identity: Identity,
    spawned: Spawned | undefined,
    isEnough: () => boolean,
    signal?: AbortSignal,
  ): Promise<void> {
    let ended: string | undefined;
    spawned?.exited.then((how) => {
      ended = how;
    });
    const began = performance.now();
    for (;;) {
      signal?.throwIfAborted();
      const readiness = await Promise.race([
        probe(),
        ...(spawned ? [spawned.exited.then(() => "silent" as const)] : []),
      ]);
      if (ended === undefined && !alive(identity)) ended = (await spawned?.exited) ?? "ended";
      if (ended !== undefined) throw failed(`${ended} while it was starting`, spawned);
      if (readiness === "ready" || (readiness === "answers" && isEnough())) return;
      if (performance.now() - began > START_WITHIN_MS) throw failed(tooSlow(readiness), spawned);
      await sleep(PROBE_EVERY_MS, signal);
    }
  }

  /** A backend whose database is down on purpose is as far up as it can be. */
  function someNeedIsDown(): boolean {
    return neighbours.nodes().some((other) => spec.needs.includes(other.spec.name) && other.state() !== "up");
  }

  function failed(reason: string, spawned: Spawned | undefined): NodeFailed {
    return new NodeFailed(spec.name, reason, tail(place, spec.name, LOG_LINES, spawned?.logFrom), DOCTOR);
  }

  return {
    spec,
    address,
    // Asked for, not made here: of a stack that was left half started only what was begun is known.
    get url() {
      return recipe.url(spec, site);
    },
    request: http.request,
    connects: () => connects(address),
    async answers() {
      return running() !== undefined && (await probe()) === "ready";
    },
    async start() {
      await start(someNeedIsDown);
      // Whoever asks it next may do so through a link. One that is cut or gone is a fault of its own, not this node's.
      await neighbours.linked(spec.name);
    },
    startHealthy: (signal) => start(() => false, signal),
    async stop(graceMs) {
      const found = running();
      if (found === undefined) return;
      signalOne(found, recipe.stopSignal);
      thawTrees([found]); // a paused process cannot end in good order
      if (!(await goneWithin([found], graceMs))) await killTrees([found]);
      await endStrays();
    },
    async kill() {
      const found = running();
      if (found) await killTrees([found]);
      else await endStrays();
    },
    forget,
    async pause() {
      const found = running();
      if (found) await freezeTrees([found]);
    },
    async resume() {
      const found = running();
      if (found) thawTrees([found]);
    },
    state,
    control: async () => (state() === "up" ? remote?.ask() : undefined),
    ...(remote && { configure: remote.tell }),
    logTail: async (lines) => tail(place, spec.name, lines),
  };

  /** What its own end left behind: children that live on a moment longer. */
  async function endStrays(): Promise<void> {
    const strays = findByMark(markOf(place, spec.name));
    if (strays.length > 0) await killTrees(strays);
  }
}

function connects(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((resolve) => {
    const socket = net.connect({ host: hostname, port: Number(port), timeout: PROBE_TIMEOUT_MS });
    const done = (connected: boolean) => {
      socket.destroy();
      resolve(connected);
    };
    socket.once("connect", () => done(true));
    socket.once("timeout", () => done(false));
    socket.once("error", () => done(false));
  });
}

function tooSlow(readiness: Readiness): string {
  const seconds = START_WITHIN_MS / 1_000;
  return readiness === "answers"
    ? `answers, but was not healthy within ${seconds} s`
    : `did not answer within ${seconds} s`;
}

const DOCTOR = 'See whether this machine has what it needs: "regionctl doctor".';

/** What the system says when it has run out of something -> what a person can do. */
const HINTS: readonly (readonly [RegExp, (home: string) => string])[] = [
  [/no space left/i, (home) => `The disk is full: free some space for ${home}, or set REGIONCTL_HOME to another disk.`],
  [/EDQUOT|quota exceeded/i, (home) => `The quota is used up: free some space in ${home}, or set REGIONCTL_HOME.`],
  [/EAGAIN/, () => 'This user may not start more processes: end some, or raise "ulimit -u".'],
  [/ENOMEM|cannot allocate memory/i, () => "The machine is out of memory: end something."],
  [/EMFILE|too many open files/i, () => 'Too many files are open: raise "ulimit -n".'],
];

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    }
  });
}
