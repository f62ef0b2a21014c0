// Regions over memory: one log between them, time that passes only when a test says so.
import { setMaxListeners } from "node:events";
import type { InjectOptions, LightMyRequestResponse } from "fastify";
import { createMemoryLog, createMemoryStore, type MemoryLog } from "../../src/backend/adapters/memory.ts";
import { createBackend, type Backend, type Settings } from "../../src/backend/app.ts";
import type { Row, Store } from "../../src/backend/ports.ts";
import { virtualClock, type VirtualClock } from "../support/virtual-clock.ts";

export interface Region {
  name: string;
  store: Store;
  backend: Backend;
  /** What the backend has said. */
  said: string[];
  ask(path: string, init?: Partial<InjectOptions>): Promise<LightMyRequestResponse>;
  get(path: string): Promise<LightMyRequestResponse>;
  put(id: number | string, body: unknown, headers?: Record<string, string>): Promise<LightMyRequestResponse>;
}

export interface World extends AsyncDisposable {
  regions: Readonly<Record<string, Region>>;
  log: MemoryLog;
  clock: VirtualClock;
}

/** "us" and "eu" unless said otherwise; `replicating: false` keeps every event in its outbox. */
export function createWorld({
  names = ["us", "eu"],
  replicating = true,
  settings = {},
  skewMs = {},
}: {
  names?: readonly string[];
  replicating?: boolean;
  settings?: Readonly<Record<string, Partial<Settings>>>;
  skewMs?: Readonly<Record<string, number>>;
} = {}): World {
  const clock = virtualClock();
  const log = createMemoryLog();
  // Some time in 2026, so that dates look like dates.
  const now = () => 1_780_000_000_000 + clock.now();
  const regions = Object.fromEntries(
    names.map((name) => {
      const store = createMemoryStore(seedRows(20));
      const said: string[] = [];
      const ports = {
        store,
        log: log.connect(),
        clock: {
          now,
          sleep: (ms: number, signal?: AbortSignal) => {
            // A backend sleeps many times under the one signal that ends it.
            if (signal) setMaxListeners(0, signal);
            return clock.sleep(ms, signal);
          },
        },
        stampNow: () => now() + (skewMs[name] ?? 0),
        say: (line: string) => void said.push(line),
      };
      const backend = createBackend(
        { region: name, regions: names, node: `backend-${name}`, conflicts: "hybrid-clock", ...settings[name] },
        ports,
      );
      if (replicating) backend.replicate();
      const ask: Region["ask"] = async (path, init) => backend.http.inject({ method: "GET", url: path, ...init });
      const region: Region = {
        name,
        store,
        backend,
        said,
        ask,
        get: (path) => ask(`/${name}/${path}`),
        put: (id, body, headers) =>
          ask(`/${name}/properties/${id}`, { method: "PUT", payload: body as InjectOptions["payload"], headers }),
      };
      return [name, region];
    }),
  );
  return {
    regions,
    log,
    clock,
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(regions).map(({ backend }) => backend.close()));
    },
  };
}

export function seedRows(count: number): readonly Row[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    bedrooms: 3,
    bathrooms: 2,
    regionOrigin: index % 2 === 0 ? "us" : "eu",
    seen: {},
    write: {
      value: 350_000 + index * 500,
      written: {},
      stamp: 0,
      region: "",
      requestId: null,
      at: Date.parse("2026-01-01T00:00:00Z"),
    },
  }));
}
