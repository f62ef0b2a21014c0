// A runtime is a table (role -> how it runs) and a small Cluster; a verb sees only these interfaces.
import type { Recorder } from "./event.ts";
import type { Control, NodeState, World } from "./fault.ts";
import type { LinksState, ProbeAnswer, ProbeOrder, TimedRule } from "./link.ts";
import type { Clock } from "./time.ts";
import type { NodeSpec, Topology } from "./topology.ts";

export interface Reply {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** Parsed JSON where it was that, otherwise text. */
  body: unknown;
}

export interface RequestInit {
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface Node {
  spec: NodeSpec;
  /** Where the observer reaches it: "127.0.0.1:21034". */
  address: string;
  /** What a client connects to, its password included: "http://...", "postgres://...", "127.0.0.1:29092" of a broker. */
  url?: string;
  /** The observer's path: direct, untouched by faults. HTTP roles only. Rejects when nobody answers. */
  request(path: string, init?: RequestInit): Promise<Reply>;
  /** Does it answer its own protocol right now? Never throws. */
  answers(): Promise<boolean>;
  /** Can a connection to it be opened right now? That of a paused process can: it answers nothing. Never throws. */
  connects(): Promise<boolean>;
  /** Starts the process (keeping its disk) and waits until it answers. No-op when up. Throws NodeFailed. */
  start(): Promise<void>;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when every process is gone. No-op when down. */
  stop(graceMs: number): Promise<void>;
  /** SIGKILL of the whole process tree; resolves when every process is gone. No-op when down. */
  kill(): Promise<void>;
  /** SIGSTOP / SIGCONT of the whole process tree. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /**
   * Tells it what to do to itself, and resolves once it has said that it does; only nodes that can be controlled (our
   * backends). Forgotten when its process ends. Rejects when it cannot be reached.
   */
  configure?(control: Control): Promise<void>;
  /** The last lines of its log. */
  logTail(lines: number): Promise<readonly string[]>;
}

export interface Cluster {
  /** Those of the topology, and the link program (LINKS) where anything crosses a link. */
  nodes: readonly Node[];
  /** Absent where nothing crosses a link. */
  links?: Links;
  /** The truth, from the operating system. */
  observe(): Promise<World>;
  /** The nodes' part of it alone: asks no node and no link, so it is cheap and never waits for one that does not answer. */
  states(): Promise<ReadonlyMap<string, NodeState>>;
  /** Ends every process and removes everything that belongs to the stack but its directory. Twice is harmless. */
  down(): Promise<void>;
}

/** The links between the zones of a stack. Everything rejects when their program cannot be reached. */
export interface Links {
  /** Makes these its rules, all at once. `now` is the time since `up`, which `until` counts in. Rules that are over are left out. */
  set(rules: readonly TimedRule[], now: number): Promise<void>;
  state(): Promise<LinksState>;
  /** Asks an echo through a link, on a connection like those of its zone. */
  probe(order: ProbeOrder): Promise<ProbeAnswer>;
}

/** The name of the link program among the nodes of a cluster; no service may be called so. */
export const LINKS = "links";

export interface StackPlace {
  name: string;
  /** Random, unique to this stack: what its processes are recognised by. */
  id: string;
  /** Absolute path of the stack's directory. */
  directory: string;
}

export interface Runtime {
  name: "embedded" | "docker";
  /** A reason when it cannot provide a topology, asked before anything starts. */
  unavailable(topology: Topology): Promise<string | undefined>;
  /** Starts every node, as parallel as their needs allow; all answer when it resolves. On failure nothing is left running. */
  start(place: StackPlace, topology: Topology, record: Recorder, signal: AbortSignal): Promise<Cluster>;
  /** The stack as it is now, from its directory. Starts nothing. */
  reconnect(place: StackPlace, topology: Topology): Promise<Cluster>;
}

/** Where verbs act. */
export interface Located {
  cluster: Cluster;
  topology: Topology;
  clock: Clock;
  record: Recorder;
  signal: AbortSignal;
}
