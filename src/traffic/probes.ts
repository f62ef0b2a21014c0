// Is a region healthy at home? Every 100 ms its steady requests are asked of its own nodes directly, on the observer's
// path: a dead region must not be answered by its neighbour, and recovery must be measurable when no traffic runs.
import { setMaxListeners } from "node:events";
import type { Node } from "../model/cluster.ts";
import type { Probe, Recorder } from "../model/event.ts";
import type { Clock } from "../model/time.ts";
import type { SteadyRequest, Topology } from "../model/topology.ts";
import { play, ticks } from "./schedule.ts";

export const PROBE_PERIOD_MS = 100;
export const PROBE_TIMEOUT_MS = 500;

/** A region that stalls is not asked without end: one probe waits, one looks whether that is still so. */
const MAX_IN_FLIGHT = 2;

export interface Probes extends AsyncDisposable {
  /** By the last probe that ended; false before the first. */
  healthyNow(region: string): boolean;
  /** Nothing is in flight or recorded afterwards. */
  stop(): Promise<void>;
}

export interface ProbeOptions {
  topology: Topology;
  nodes: readonly Node[];
  clock: Clock;
  record: Recorder;
  /** How often; a run has PROBE_PERIOD_MS. */
  everyMs?: number;
}

type Finding = Pick<Probe, "ok" | "status" | "error">;

export function startProbes({ topology, nodes, clock, record, everyMs = PROBE_PERIOD_MS }: ProbeOptions): Probes {
  const ending = new AbortController();
  setMaxListeners(0, ending.signal); // every request to every node waits on it at the same time
  const underway = new Set<Promise<void>>();
  let firstError: { error: unknown } | undefined;

  const watches = topology.regions.map((region) => ({
    region,
    homes: homesOf(nodes, region),
    steady: topology.steady.filter((request) => request.region === region),
    inFlight: 0,
    latest: { due: -Infinity, ok: false },
  }));

  const probe = async (watch: (typeof watches)[number], due: number) => {
    watch.inFlight++;
    const finding = await askAll(watch.homes, watch.steady, ending.signal);
    watch.inFlight--;
    if (ending.signal.aborted) return;
    // An older probe that ends late says nothing of now.
    if (due > watch.latest.due) watch.latest = { due, ok: finding.ok };
    record({ type: "probe", region: watch.region, due, ...finding });
  };

  const begin = ({ due }: { due: number }) => {
    for (const watch of watches) {
      if (watch.inFlight >= MAX_IN_FLIGHT) continue;
      const running = probe(watch, due)
        .catch((error: unknown) => {
          firstError ??= { error };
        })
        .finally(() => underway.delete(running));
      underway.add(running);
    }
  };

  const playing = play(ticks(clock.now(), everyMs), clock, ending.signal, begin);
  const finish = async () => {
    ending.abort(new Error("the probes were ended"));
    await playing;
    await Promise.all(underway);
    if (firstError !== undefined) throw firstError.error;
  };

  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= finish());
  return {
    healthyNow: (region) => watches.find((watch) => watch.region === region)?.latest.ok ?? false,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A region's own nodes that serve its requests: its backends, or a user's services where it has none. */
export function homesOf(nodes: readonly Node[], region: string): readonly Node[] {
  const at = nodes.filter((node) => node.spec.region === region);
  const backends = at.filter((node) => node.spec.role === "backend");
  return backends.length > 0 ? backends : at.filter((node) => node.spec.role === "service");
}

/** ok: each steady request got a 2xx from one of the region's nodes. Otherwise what the first one that failed got. */
async function askAll(homes: readonly Node[], steady: readonly SteadyRequest[], signal: AbortSignal): Promise<Finding> {
  if (homes.length === 0) return { ok: false, error: "no node of this region serves requests" };
  if (steady.length === 0) return { ok: false, error: "the topology names no steady request for this region" };
  const findings = await Promise.all(steady.map((request) => askAny(homes, request, signal)));
  return findings.find((finding) => !finding.ok) ?? findings[0]!;
}

async function askAny(homes: readonly Node[], request: SteadyRequest, signal: AbortSignal): Promise<Finding> {
  const findings = await Promise.all(homes.map((home) => ask(home, request, signal)));
  return findings.find((finding) => finding.ok) ?? findings[0]!;
}

async function ask(home: Node, { method, path }: SteadyRequest, signal: AbortSignal): Promise<Finding> {
  try {
    const { status } = await home.request(path, { method, timeoutMs: PROBE_TIMEOUT_MS, signal });
    return { ok: status >= 200 && status < 300, status };
  } catch (error) {
    return { ok: false, error: `${home.spec.name}: ${error instanceof Error ? error.message : String(error)}` };
  }
}
