// What the stories about traffic are told with: a history that can be waited for, clocks, the property workload.
import type { Event, Happening, Recorder } from "../../src/model/event.ts";
import type { Reply } from "../../src/model/cluster.ts";
import type { TrafficSpec } from "../../src/model/scenario.ts";
import type { Clock } from "../../src/model/time.ts";
import type { Topology, Workload } from "../../src/model/topology.ts";

export const properties: Workload = {
  name: "edit-properties",
  kind: "register",
  keys: { from: 1, to: 1200 },
  read: {
    request: { method: "GET", path: "/${region}/properties/${key}", headers: {} },
    value: "body.price",
    state: "header.etag",
  },
  write: {
    request: {
      method: "PUT",
      path: "/${region}/properties/${key}",
      headers: { "X-Request-ID": "${id}", "If-Match": "${state}" },
      body: { price: "${value}", version: "${version}" },
    },
    refused: [409],
    done: { 422: "body.original_response" },
  },
};

export const topology: Topology = {
  name: "property",
  file: "/compose/property.yaml",
  regions: ["us", "eu"],
  nodes: [],
  links: [],
  routes: { "/us": "us", "/eu": "eu" },
  steady: [
    { method: "GET", path: "/us/health", region: "us" },
    { method: "GET", path: "/eu/health", region: "eu" },
  ],
  observe: { lag: "/:region/replication-lag", conflicts: "/:region/conflicts?after=:after&limit=3" },
  conflicts: "hybrid-clock",
  workloads: { "edit-properties": properties },
};

export const spec = (changes: Partial<TrafficSpec> = {}): TrafficSpec => ({
  workload: "edit-properties",
  regions: ["us", "eu"],
  clients: 4,
  ratePerSecond: 200,
  keys: 5,
  reads: 0.5,
  repeats: 0,
  ...changes,
});

export const reply = (status: number, body: unknown = {}, headers: Record<string, string> = {}): Reply => ({
  status,
  body,
  headers,
});

type Named<T extends Event["type"]> = Extract<Event, { type: T }>;

export interface History {
  record: Recorder;
  events: readonly Event[];
  of<T extends Event["type"]>(type: T): readonly Named<T>[];
  /** Resolves with what `look` finds, as soon as an event makes it true. */
  until<R>(look: () => R | undefined | false): Promise<R>;
}

export function historyOn(clock: Clock): History {
  const events: Event[] = [];
  const watchers = new Set<() => void>();
  return {
    events,
    record(happening: Happening) {
      const event = { ...happening, seq: events.length + 1, at: clock.now() } as Event;
      events.push(event);
      for (const watcher of watchers) watcher();
      return event;
    },
    of: <T extends Event["type"]>(type: T) => events.filter((event): event is Named<T> => event.type === type),
    until: (look) =>
      new Promise((resolve) => {
        const watcher = () => {
          const found = look();
          if (found === undefined || found === false) return;
          watchers.delete(watcher);
          resolve(found);
        };
        watchers.add(watcher);
        watcher();
      }),
  };
}

export function realClock(): Clock {
  const start = performance.now();
  return {
    now: () => performance.now() - start,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const aborted = () => (clearTimeout(timer), reject(signal?.reason));
        const timer = setTimeout(() => (signal?.removeEventListener("abort", aborted), resolve()), ms);
        signal?.addEventListener("abort", aborted, { once: true });
      }),
  };
}

export interface ManualClock extends Clock {
  /** Moves the time and lets everything that is due by then happen. */
  advance(ms: number): Promise<void>;
}

/** Time stands still until it is told to go on, and can jump over what was due, as a stalled process does. */
export function manualClock(): ManualClock {
  let now = 0;
  const sleepers = new Set<{ wakeAt: number; wake(): void }>();
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        if (ms <= 0) return resolve();
        const end = (settle: () => void) => {
          sleepers.delete(sleeper);
          signal?.removeEventListener("abort", aborted);
          settle();
        };
        const sleeper = { wakeAt: now + ms, wake: () => end(resolve) };
        const aborted = () => end(() => reject(signal?.reason));
        sleepers.add(sleeper);
        signal?.addEventListener("abort", aborted);
      }),
    async advance(ms) {
      now += ms;
      for (const sleeper of sleepers) if (sleeper.wakeAt <= now) sleeper.wake();
      // Everything that can go on without time does so before the next real turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
