// A stack that is up, as a source of events: what stands in its own log, by whomever it was written, and beside it what only a
// look can tell (nodes that die untouched, health, lag, the requests of its gateway). Looking leaves no trace in the log.
//
//   the stack's log     its faults and their proofs, steps and samples of a scenario that plays on it; of before only the end
//   the system          which nodes live, several times a second
//   nodes and gateway   samples, unless a scenario records its own, and the conflicts that are recorded meanwhile
//
// Every question has its own loop and its own bound, so nobody who does not answer delays anything else.
import path from "node:path";
import { wanted } from "../faults/wanted.ts";
import type { ConflictEvent, Event, Happening, Recorder } from "../model/event.ts";
import type { NodeState } from "../model/fault.ts";
import type { Stack } from "../stack.ts";
import { readRecord } from "../stack/record.ts";
import { type Probes, startProbes } from "../traffic/probes.ts";
import { type Sampler, SAMPLE_PERIOD_MS, startSampler } from "../traffic/sampler.ts";
import { countRequests } from "./access.ts";
import type { Hands, Source } from "./hands.ts";
import { pastOf } from "./past.ts";
import { FRAMES_PER_SECOND } from "./store.ts";

export interface LiveOptions {
  stack: Stack;
  /** The lines that its gateway writes from now on; ends when the signal aborts. Absent: it has no gateway. */
  accessLog?(signal: AbortSignal): AsyncIterable<string>;
  hands?: Hands;
  /** How often samples are taken: never more often than they are drawn. */
  everyMs?: number;
}

export interface LiveSource extends Source {
  /** Resolves when the stack is no more, with a line that says so. Rejects when its log can no longer be read. */
  ended: Promise<string>;
}

/** The event log and the nodes: no more often than it is drawn. */
const LOOK_EVERY_MS = 1_000 / FRAMES_PER_SECOND;
const KEEP_EVERY_MS = 500;
const PROBE_EVERY_MS = 500;
/** What asks the operating system, or an engine, has answered by then or is asked again. */
const STATES_WITHIN_MS = 2_000;
const LOG_WITHIN_MS = 900;
const ENDS_WITHIN_MS = 500;
/** A start that takes longer than this will not come to its end any more. */
const STARTING_MS = 35_000;
/** A scenario that has recorded no sample for so long is over, or gone. */
const SILENT_MS = 2_000;
/** Regions hear of a conflict at about the same time: older ones need not be known any more. */
const MOST_CONFLICTS = 10_000;
/** Looks at the log that may fail one after the other: it may be written at that instant. */
const FAILURES = 5;

export function watchStack({ stack, accessLog, hands, everyMs = SAMPLE_PERIOD_MS }: LiveOptions): LiveSource {
  const { topology, clock, cluster, events, faults, record } = stack;
  const ending = new AbortController();
  const { signal } = ending;
  const loops: Promise<void>[] = [];
  const requests = countRequests(topology, record.epochMs);
  let deliver: (events: readonly Event[]) => void = () => {};
  let over = (_line: string) => {};
  let broken = (_error: unknown) => {};
  const ended = new Promise<string>((resolve, reject) => ([over, broken] = [resolve, reject]));
  ended.catch(() => {}); // told to whoever waits for it

  /** Stands in no log: it has no number. */
  const tell: Recorder = (happening) => {
    const event: Event = { ...happening, seq: 0, at: Math.round(clock.now() * 1_000) / 1_000 };
    if (!signal.aborted) deliver([event]);
    return event;
  };
  const warn = (text: string) => tell({ type: "log", level: "warning", text });

  /** Again and again until the end. What fails is said once, until it is well again. */
  function every(ms: number, what: string, work: () => unknown): void {
    let failing = false;
    const loop = async () => {
      while (!signal.aborted) {
        try {
          await work();
          failing = false;
        } catch (error) {
          if (!failing && !signal.aborted) warn(`${what}: ${(error as Error).message}`);
          failing = true;
        }
        await clock.sleep(ms, signal).catch(() => {});
      }
    };
    loops.push(loop());
  }

  const isNews = firstHeard();
  const hearConflicts = (found: readonly ConflictEvent[]) => {
    for (const conflict of found) if (isNews(conflict)) tell(conflict);
  };

  const nodes = watchedNodes(stack, tell);
  const samples = ownSamples();

  let past = 0;
  const heard = (event: Event) => {
    if (signal.aborted || event.seq <= past) return;
    if (event.type === "sample") samples.yieldTo(event.at);
    if (event.type === "node") nodes.told(event.node, event.state);
    if (event.type === "fault" && event.phase !== "begun") nodes.lookAnew();
    deliver([event]);
  };

  let failures = 0;
  /** Before anything is said of the nodes, so that what others did to them comes first. */
  function catchUp(): void {
    if (signal.aborted) return;
    try {
      if (!events.poll()) over(`stack "${record.name}" was ended by another command`);
      failures = 0;
    } catch (error) {
      if (++failures >= FAILURES) broken(error);
    }
  }

  async function look(): Promise<void> {
    const began = clock.now();
    const states = await within(STATES_WITHIN_MS, cluster.states(), "the system does not tell which nodes live");
    catchUp();
    if (!signal.aborted) nodes.seen(states, began);
  }

  /** As every command does that comes after whoever began a fault is gone. */
  let expiring = false;
  async function expire(): Promise<void> {
    const now = clock.now();
    if (expiring || !faults.active().some(({ until = Infinity }) => until <= now)) return;
    expiring = true;
    await faults.expire().finally(() => (expiring = false));
  }

  /** Samples of our own while no scenario records any. */
  function ownSamples() {
    let running: Samples | undefined;
    let lastOther = -Infinity;
    const stop = async () => {
      const stopping = running;
      running = undefined;
      await Promise.all([stopping?.sampler?.stop(), stopping?.probes.stop()]);
    };
    return {
      stop,
      yieldTo(at: number) {
        lastOther = at;
        if (running !== undefined) void stop().catch((error: Error) => warn(error.message));
      },
      begin() {
        if (running !== undefined || signal.aborted || clock.now() - lastOther < SILENT_MS) return;
        const shared = { topology, nodes: cluster.nodes, clock };
        // A region of which no probe has come back yet would count as one that is not healthy.
        const unheard = new Set(topology.regions);
        const begun: Samples = { probes: startProbes({ ...shared, record: heardOf, everyMs: PROBE_EVERY_MS }) };
        running = begun;
        function heardOf(happening: Happening): Event {
          if (happening.type === "probe") unheard.delete(happening.region);
          if (unheard.size === 0 && running === begun) {
            begun.sampler ??= startSampler({
              ...shared,
              record: tell,
              probes: begun.probes,
              ledger: requests,
              everyMs,
              heardOf: hearConflicts,
            });
          }
          return { ...happening, seq: 0, at: clock.now() };
        }
      },
    };
  }

  return {
    mode: "stack",
    ended,
    hands,
    async start(to) {
      const { name, runtime, gateway } = record;
      const before = pastOf(path.join(stack.directory, "events.ndjson"), faults.active());
      past = before.seq;
      const found = tell({ type: "stack", name, topology, runtime, gateway, faults: before.faults });
      deliver = to;
      deliver([found, ...before.events]);
      const deaf = events.listen(heard);
      signal.addEventListener("abort", deaf, { once: true });
      every(LOOK_EVERY_MS, "the event log cannot be read", catchUp);
      every(LOOK_EVERY_MS, "the nodes cannot be looked at", look);
      every(KEEP_EVERY_MS, "no samples can be taken", samples.begin);
      every(KEEP_EVERY_MS, "a fault whose time is over cannot be ended", expire);
      if (accessLog === undefined) return;
      every(KEEP_EVERY_MS, "the gateway's access log cannot be read", async () => {
        for await (const line of accessLog(signal)) requests.read(line, clock.now());
      });
    },
    async log(name, lines) {
      const node = cluster.nodes.find(({ spec }) => spec.name === name);
      if (node === undefined) return [];
      return within(LOG_WITHIN_MS, node.logTail(lines), "").catch(() => []);
    },
    async [Symbol.asyncDispose]() {
      ending.abort(new Error("nobody watches any more"));
      await samples.stop();
      // An end of a fault that is under way here is taken up by the next command.
      await within(ENDS_WITHIN_MS, Promise.all(loops), "").catch(() => {});
    },
  };
}

/** Every region that hears of a conflict records it: it is told once. */
function firstHeard(): (conflict: ConflictEvent) => boolean {
  const known = new Set<string>();
  return ({ kind, key, region, number, winner, loser }) => {
    const writes = winner === null || loser === null ? [region, number] : [winner.state, loser.state].toSorted();
    const same = JSON.stringify([kind, key, ...writes]);
    if (known.has(same)) return false;
    known.add(same);
    if (known.size > MOST_CONFLICTS) for (const oldest of [...known].slice(0, MOST_CONFLICTS / 2)) known.delete(oldest);
    return true;
  };
}

interface Samples {
  probes: Probes;
  /** A probe says nothing by itself: samples tell what came of them. */
  sampler?: Sampler;
}

interface WatchedNodes {
  /** What the stack's log says of a node. */
  told(node: string, state: NodeState | "starting"): void;
  /** A fault that is in force, or over, says what is wanted: what is, is to be told whatever was said before. */
  lookAnew(): void;
  /** What the system said of all of them; it was asked at `began`. */
  seen(states: ReadonlyMap<string, NodeState>, began: number): void;
}

/** Tells of nodes whose state is another one than was told last, by the log or from here. */
function watchedNodes({ topology, clock, faults, directory }: Stack, tell: Recorder): WatchedNodes {
  const last = new Map<string, { state: NodeState | "starting"; at: number }>();
  const before = new Map<string, NodeState>();

  /** Whoever starts a node says itself when it answers: a process alone is not up yet. */
  const isStarting = (node: string, state: NodeState) => {
    const { state: told, at } = last.get(node) ?? { state, at: 0 };
    if (told !== "starting" || clock.now() - at > STARTING_MS) return false;
    return state === "up" || state === before.get(node);
  };

  /** What is killed is stopped first, so that nothing of it can start anew: whoever looks at that instant has seen no pause. */
  const isFalling = (node: string, state: NodeState, should: NodeState | undefined) =>
    state === "paused" && should === "down" && before.get(node) !== state;

  /** Of a stack that is being ended nodes end because somebody asked for it. */
  const isStopping = () => {
    try {
      return (readRecord(directory)?.state ?? "stopping") === "stopping";
    } catch {
      return true; // it is being removed just now
    }
  };

  return {
    told(node, state) {
      last.set(node, { state, at: clock.now() });
      // Between two looks it may have been ended and be starting again.
      if (state !== "starting") before.set(node, state);
    },
    lookAnew() {
      for (const [node, { state }] of last) if (state !== "starting") last.delete(node);
    },
    seen(states, began) {
      const changed = [...states].filter(([node, state]) => {
        const known = last.get(node);
        // What the log has said in the meantime is newer.
        return known === undefined || (known.state !== state && known.at <= began && !isStarting(node, state));
      });
      const should = changed.length === 0 ? undefined : wanted(topology, faults.active()).nodes;
      const news = changed.filter(([node, state]) => !isFalling(node, state, should?.get(node)));
      for (const [node, state] of states) before.set(node, state);
      for (const [node, state] of news) {
        last.set(node, { state, at: clock.now() });
        const expected = (should?.get(node) ?? "up") === state || (state === "down" && isStopping());
        tell({ type: "node", node, state, expected });
      }
    },
  };
}

async function within<T>(ms: number, answer: Promise<T>, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${otherwise}: no answer in ${ms / 1_000} s`)), ms);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
