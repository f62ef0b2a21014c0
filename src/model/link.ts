// Links: all traffic between two zones (regions, or the edge and a region) passes the link between them, which is one program
// per stack. What is done to a link is a list of rules: plain data, set as a whole. Directions are those of the bytes.
import { namedIn } from "./address.ts";
import { EDGE, frontDoors, type NodeSpec, type Topology } from "./topology.ts";

/** drop: bytes stop without a word. reset: connections are reset. refuse: and new ones are refused. */
export const CUT_MODES = ["drop", "reset", "refuse"] as const;
export type CutMode = (typeof CUT_MODES)[number];

export type Effect =
  | { type: "cut"; mode: CutMode }
  /** Every byte arrives this much later, give or take the jitter, in order. */
  | { type: "delay"; addMs: number; jitterMs: number }
  /** Shared by all connections that the rule is for. */
  | { type: "cap"; bytesPerSecond: number }
  /** The share (0 to 1) of the connections opened from `from` that is reset in a second. */
  | { type: "flaky"; resetsPerSecond: number };

/** One direction of a link, or of one crossing of it. */
export interface Direction {
  /** Zones. Bytes that flow from `from` to `to`, whichever side opened the connection; see CutMode and flaky for the rest. */
  from: string;
  to: string;
  /** Only this crossing of the link. */
  crossing?: CrossingId;
}

export interface LinkRule extends Direction {
  /** Unique among the rules of a stack. */
  id: string;
  effect: Effect;
}

/** A rule as it is wanted. */
export interface TimedRule extends LinkRule {
  /** Milliseconds since `up`: it ends by itself then, whoever is left to know. Absent: when it is taken out. */
  until?: number;
}

/** Connections that are opened from a zone to a node in another one. */
export interface CrossingId {
  /** The zone of whoever opens them. */
  from: string;
  /** The node they are for. */
  to: string;
}

export interface Crossing extends CrossingId {
  /** The zone of `to`. */
  toZone: string;
  /** The nodes that open them. */
  callers: readonly string[];
}

/** Nodes of the edge come first, then the regions in their order. */
export function zonesOf(topology: Topology): readonly string[] {
  return [EDGE, ...topology.regions];
}

/** Everything in this topology that must cross a link. */
export function crossingsOf(topology: Topology): readonly Crossing[] {
  const found = new Map<string, Crossing>();
  for (const node of topology.nodes) {
    for (const to of calledBy(node, topology)) {
      if (to.region === node.region) continue;
      const key = `${node.region} ${to.name}`;
      const callers = [...(found.get(key)?.callers ?? []), node.name];
      found.set(key, { from: node.region, to: to.name, toZone: to.region, callers });
    }
  }
  return [...found.values()];
}

/** Whom a node opens connections to: the gateway to every front door, others to what their environment names. */
export function calledBy(node: NodeSpec, topology: Topology): readonly NodeSpec[] {
  const doors = node.role === "gateway" ? topology.regions.flatMap((region) => frontDoors(topology, region)) : [];
  const named = namedIn(node.environment, topology.nodes).filter((other) => other.name !== node.name);
  return [...new Set([...doors, ...named])];
}

/** Does a rule act on this direction of a crossing's connections? `from` and `to` are those of the bytes. */
export function concerns(rule: Direction, bytes: Pick<Direction, "from" | "to">, crossing: CrossingId): boolean {
  if (rule.from !== bytes.from || rule.to !== bytes.to) return false;
  return rule.crossing === undefined || (rule.crossing.from === crossing.from && rule.crossing.to === crossing.to);
}

// --- the link program, as it is configured and asked ---

/** LINK_CONFIG of the program, as JSON. */
export interface LinkConfig {
  listeners: readonly LinkListener[];
  /** HTTP, for those who know the token. Absent: nobody can ask or change anything (a proxy that runs alone). */
  control?: { host: string; port: number; token: string };
  /** Rules in force from the first connection on. */
  rules?: readonly LinkRule[];
}

export interface LinkListener extends CrossingId {
  toZone: string;
  listen: HostPort;
  upstream: HostPort;
}

export interface HostPort {
  host: string;
  port: number;
}

/** Body of PUT /rules: all that shall be in force. A rule that is in force already, and is the same, goes on undisturbed. */
export interface RulesOrder {
  rules: readonly (LinkRule & {
    /** It ends by itself after this long. */
    forMs?: number;
  })[];
}

/** Answer of GET /state and PUT /rules. */
export interface LinksState {
  rules: readonly (LinkRule & {
    endsInMs?: number;
    /** flaky, cut: connections that this rule has reset so far. */
    resets?: number;
  })[];
  crossings: readonly CrossingState[];
  /** Bytes that wait inside the program, and the most there may be. */
  queuedBytes: number;
  queueLimitBytes: number;
}

export interface CrossingState extends CrossingId {
  toZone: string;
  /** Open now, and opened since the program began. */
  connections: number;
  opened: number;
  /** Turned away because there were too many. */
  turnedAway: number;
  /** Whether the node behind it accepts connections; what it refuses the link refuses. */
  accepts: boolean;
  /** Passed on since the program began: towards `to`, and back. */
  bytesThere: number;
  bytesBack: number;
}

/** Body of POST /probe: opens a connection as the zone `from` does; behind the link an echo answers instead of the node. */
export interface ProbeOrder extends CrossingId {
  /** Sent towards `to`; 1 by default. */
  bytes?: number;
  /** The echo sends as many back instead of 1. */
  back?: boolean;
  patienceMs: number;
}

/** What became of a probe. */
export interface ProbeAnswer {
  outcome: "answered" | "stalled" | "reset" | "refused";
  /** From the connect to the last byte of the echo, or until it was known. */
  tookMs: number;
}
