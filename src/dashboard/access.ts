// What clients get from a stack, whoever they are: the gateway writes a line per request, in the same words embedded and as
// NGINX (gateway/access-log.ts). From these come the requests, errors and latencies of a stack that nobody plays a scenario on.
import type { Topology } from "../model/topology.ts";
import { routed } from "../topology/block.ts";
import type { LastSecond } from "../traffic/ledger.ts";

export interface Access {
  /** When it was written, milliseconds since 1970; absent where the line tells only the second. */
  writtenMs?: number;
  method: string;
  /** Without its query. */
  path: string;
  status: number;
  tookMs: number;
}

const LINE = /^(\S+) \S+ "([A-Z]+) ([^ "?]+)[^"]*" (\d{3}) \d+ request_time=(\d+(?:\.\d+)?)/;

/** undefined for what is no request that could be read. */
export function parseAccess(line: string): Access | undefined {
  const [, written, method, path, status, seconds] = LINE.exec(line) ?? [];
  if (written === undefined) return undefined;
  const writtenMs = written.includes(".") ? Date.parse(written) : Number.NaN;
  return {
    ...(Number.isNaN(writtenMs) ? {} : { writtenMs }),
    method: method!,
    path: path!,
    status: Number(status),
    tookMs: Number(seconds) * 1_000,
  };
}

/** 499: the client did not wait for its answer. What a region refuses in good order is an answer. */
export const isError = (status: number) => status >= 500 || status === 499;

export interface Requests {
  /** A line that was read at `now`, milliseconds since `up`. */
  read(line: string, now: number): void;
  /** By the region that was asked. */
  lastSecond(region: string, now: number): LastSecond;
  /** Writes that were answered with a 2xx since the reading began. */
  acknowledged(): number;
}

interface Ended {
  at: number;
  /** Absent: an error. */
  tookMs?: number;
}

const WINDOW_MS = 1_000;
/** Lines come in batches: the gateway hands them over every 100 ms, and a file is looked at every 250. */
export const BEHIND_MS = 400;
/** A line whose own time is further from now than this is dated by when it was read. */
const BELIEVED_MS = 2_000;
/** Nobody reads figures of more than this; what comes beyond it in a second is not kept. */
const MOST_KEPT = 50_000;

const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** `epochMs`: the wall clock at `up`. */
export function countRequests({ routes, regions }: Pick<Topology, "routes" | "regions">, epochMs: number): Requests {
  const recent = new Map<string, Ended[]>(regions.map((region) => [region, []]));
  let acknowledged = 0;

  return {
    read(line, now) {
      const access = parseAccess(line);
      const entries = access && recent.get(routed(access.path, routes) ?? "");
      if (access === undefined || entries === undefined) return;
      const { writtenMs = Infinity, method, status, tookMs } = access;
      const written = writtenMs - epochMs;
      const at = Math.abs(now - written) <= BELIEVED_MS ? written : now;
      if (status >= 200 && status < 300 && !READS.has(method)) acknowledged += 1;
      if (entries.length < MOST_KEPT) entries.push(isError(status) ? { at } : { at, tookMs });
    },
    lastSecond(region, now) {
      const entries = recent.get(region) ?? [];
      const to = now - BEHIND_MS;
      const kept = entries.filter(({ at }) => at > to - WINDOW_MS);
      recent.set(region, kept);
      const counted = kept.filter(({ at }) => at <= to);
      const took = counted.flatMap(({ tookMs }) => (tookMs === undefined ? [] : [tookMs])).toSorted((a, b) => a - b);
      return {
        requests: counted.length,
        errors: counted.length - took.length,
        p50Ms: percentile(took, 0.5),
        p99Ms: percentile(took, 0.99),
      };
    },
    acknowledged: () => acknowledged,
  };
}

/** Nearest rank: a latency that was really measured. */
const percentile = (sorted: readonly number[], share: number) =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
