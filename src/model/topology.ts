// A topology is a Compose file, normalised: what the system is before anything is done to it. Plain data.

export const ROLES = ["gateway", "backend", "postgres", "kafka", "rabbitmq", "redis", "mirror", "service"] as const;
/** "link" is the program that all traffic between regions passes: a runtime adds it, no file names it. */
export type Role = (typeof ROLES)[number] | "link";

/** Nodes without a region (the gateway) live in this zone. */
export const EDGE = "edge";

export interface Topology {
  name: string;
  /** Absolute path of the Compose file. */
  file: string;
  /** In the order of the file; the edge is not among them. */
  regions: readonly string[];
  nodes: readonly NodeSpec[];
  links: readonly LinkSpec[];
  /** Where each region lies ("us-east-1"), when its links have the round trips between these places (--wan). */
  places?: Readonly<Record<string, string>>;
  /** Path prefix of the gateway -> the region it prefers: {"/us": "us"}. */
  routes: Readonly<Record<string, string>>;
  /** Requests that a healthy region answers, e.g. "GET /us/health". */
  steady: readonly SteadyRequest[];
  /** Where the observer finds what a region says of itself; absent parts make conditions on them refused. */
  observe: Observe;
  conflicts: "hybrid-clock" | "wall-clock";
  workloads: Readonly<Record<string, Workload>>;
}

/** A Compose service. */
export interface NodeSpec {
  name: string;
  role: Role;
  /** A region of the topology, or "edge". */
  region: string;
  image?: string;
  /** Services it needs running before it starts (depends_on). */
  needs: readonly string[];
  /** Values as written, interpolated; addresses still stand as `service:port`. */
  environment: Readonly<Record<string, string>>;
  /** The port it serves inside its network (8080, 8000, 5432, 29092): what others write behind its name. */
  port: number;
  /** Published host port wished for by the file ("127.0.0.1:8080:8080" -> 8080). */
  publish?: number;
  /** Files mounted read-only: absolute source on this machine -> path in the container. */
  files: readonly { source: string; target: string }[];
  /** What a service runs in place of its image's own command, word for word; addresses as in the environment. */
  command?: readonly string[];
}

export interface LinkSpec {
  /** Two regions, or the edge and a region. */
  between: readonly [string, string];
  rttMs: number;
  jitterMs: number;
}

export interface SteadyRequest {
  method: string;
  path: string;
  /** The region whose health it tells (by the routes). */
  region: string;
}

/** Paths on a region's backend; ":region" and ":after" are filled in. */
export interface Observe {
  lag?: string;
  conflicts?: string;
}

/** One value per key, read and replaced under a version; the mapping to requests is data. */
export interface Workload {
  name: string;
  kind: "register";
  keys: { from: number; to: number };
  read: { request: RequestTemplate; value: string; state?: string; version?: string };
  write: {
    request: RequestTemplate;
    /** Statuses that certainly had no effect. */
    refused: readonly number[];
    /** Status -> where the stored answer lies: this id was applied before and that answer counts. */
    done: Readonly<Record<string, string>>;
  };
}

/** ${region} ${key} ${value} ${id} ${state} ${version} are filled in; a string that is one placeholder keeps the type. */
export interface RequestTemplate {
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: unknown;
}

export function nodeNamed(topology: Topology, name: string): NodeSpec | undefined {
  return topology.nodes.find((node) => node.name === name);
}

export function nodesOf(topology: Topology, region: string, role?: Role): readonly NodeSpec[] {
  return topology.nodes.filter((node) => node.region === region && (role === undefined || node.role === role));
}

/** The nodes of a region that requests from outside go to. */
export function frontDoors(topology: Topology, region: string): readonly NodeSpec[] {
  // A service beside a backend is its worker, not a second front door; in a system without backends it is the front door.
  const backends = nodesOf(topology, region, "backend");
  return backends.length > 0 ? backends : nodesOf(topology, region, "service");
}
