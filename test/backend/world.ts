// Regions over memory: one log between them, time that passes only when a test says so.
import { setMaxListeners } from "node:events";
import type { InjectOptions, LightMyRequestResponse } from "fastify";
import { createMemoryLog, createMemoryStore, type MemoryLog } from "../../src/backend/adapters/memory.ts";
import { createBackend, type Backend, type Settings } from "../../src/backend/app.ts";
import type { Lag } from "../../src/backend/replication/lag.ts";
import type { Log, Row, Store } from "../../src/backend/ports.ts";
import { NO_CONTROL, NO_REPLICATION_FAULT, type ReplicationFault } from "../../src/model/fault.ts";
import { seeded } from "../../src/model/random.ts";
import { virtualClock, type VirtualClock } from "../support/virtual-clock.ts";

export interface Region {
  name: string;
  store: Store;
  /** While it is deaf it receives nothing. */
  log: Log & { deaf: boolean };
  backend: Backend;
  /** Ends its backend with all that it had in memory, and starts another over the same store. */
  restart(): Promise<void>;
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
      const connected = log.connect();
      const own: Region["log"] = {
        ...connected,
        deaf: false,
        follow: (from, receive, signal) =>
          connected.follow(
            from,
            async (batch) => {
              if (own.deaf) throw new Error("deaf");
              return receive(batch);
            },
            signal,
          ),
      };
      const ports = {
        store,
        log: own,
        clock: {
          now,
          sleep: (ms: number, signal?: AbortSignal) => {
            // A backend sleeps many times under the one signal that ends it.
            if (signal) setMaxListeners(0, signal);
            return clock.sleep(ms, signal);
          },
        },
        stampNow: () => now() + (skewMs[name] ?? 0),
        random: seeded(name),
        say: (line: string) => void said.push(line),
      };
      const start = () => {
        const backend = createBackend(
          { region: name, regions: names, node: `backend-${name}`, conflicts: "hybrid-clock", ...settings[name] },
          ports,
        );
        if (replicating) backend.replicate();
        return backend;
      };
      const ask: Region["ask"] = async (path, init) =>
        region.backend.http.inject({ method: "GET", url: path, ...init });
      const region: Region = {
        name,
        store,
        log: own,
        backend: start(),
        async restart() {
          await region.backend.close();
          region.backend = start();
        },
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

/** A world of us and eu. */
export function open(options?: Parameters<typeof createWorld>[0]) {
  const world = createWorld(options);
  return { world, us: world.regions["us"]!, eu: world.regions["eu"]! };
}

/** Longer than anything takes that nothing holds back. */
export const SOON_MS = 300;

export async function shown(region: Region, id: number) {
  const reply = await region.get(`properties/${id}`);
  const { price, version } = reply.json();
  return { price, version, state: reply.headers["etag"] };
}

export interface Listed {
  kind: string;
  key: number;
  winner: { state: string; value: number };
  loser: { state: string; value: number };
}

export async function conflictsOf(region: Region): Promise<readonly Listed[]> {
  return (await region.get("conflicts")).json().conflicts;
}

/** Asking waits a few milliseconds for what is on its way, so time must pass meanwhile. */
export async function lagOf(world: World, region: Region): Promise<Lag> {
  const asked = region.get("replication-lag");
  await world.clock.advance(60);
  return (await asked).json();
}

/** What a region does to what it receives from the others; what is not said is as without a fault. */
export function receive(region: Region, faults: Readonly<Record<string, Partial<ReplicationFault>>>): void {
  const replication = Object.entries(faults).map(([source, fault]) => [source, { ...NO_REPLICATION_FAULT, ...fault }]);
  region.backend.controls.set({ ...NO_CONTROL, replication: Object.fromEntries(replication) });
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
