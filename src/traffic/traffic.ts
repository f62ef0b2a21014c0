// Clients in the background: from startTraffic on, operations become due by the schedule, whatever the system does.
// Everything that happens to them stands in the history.
import type { Recorder } from "../model/event.ts";
import type { Random } from "../model/random.ts";
import type { TrafficSpec } from "../model/scenario.ts";
import type { Clock } from "../model/time.ts";
import type { Workload } from "../model/topology.ts";
import { arrivals, type Arrival } from "./arrivals.ts";
import { startClient } from "./clients.ts";
import { registerClient, type ClientMeans, type KindOfClient } from "./kinds/register.ts";
import { play } from "./schedule.ts";
import { openWire } from "./wire.ts";

export interface TrafficOptions {
  spec: TrafficSpec;
  workload: Workload;
  /** "http://127.0.0.1:8080" */
  gateway: string;
  clock: Clock;
  random: Random;
  record: Recorder;
  /** Unique in the world. */
  newId(): string;
  /** Unique in the run. */
  nextValue(): unknown;
  /** Unique in the run. */
  nextOp(): number;
  /**
   * Numbers the clients; unique in the run, because a client's name is its session: two traffics of one run must not
   * both have a "c1". Counts from 1 when there is only one traffic.
   */
  nextClient?(): number;
}

export interface Traffic extends AsyncDisposable {
  /** No new arrivals; resolves when everything that was due has been begun or missed and has ended. */
  stop(): Promise<void>;
  /** Keys that were read or written. */
  touched: ReadonlySet<string>;
  /** Ends at once: what is waiting is dropped, what is in flight becomes unknown. Nothing to do after `stop`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const KINDS: Readonly<Record<Workload["kind"], (means: ClientMeans) => KindOfClient>> = { register: registerClient };

export function startTraffic(options: TrafficOptions): Traffic {
  const { spec, workload, clock, random, record } = options;
  const touched = new Set<string>();
  const ending = new AbortController();
  // A client has one request in flight, or two when it repeats a write concurrently.
  const wire = openWire(options.gateway, 2 * spec.clients);
  let firstError: { error: unknown } | undefined;

  const broken = (error: unknown) => {
    firstError ??= { error };
    ending.abort();
  };

  let counted = 0;
  const nextClient = options.nextClient ?? (() => ++counted);
  const clients = Array.from({ length: spec.clients }, () => {
    const kind = KINDS[workload.kind]({ ...options, name: `c${nextClient()}`, send: wire.send });
    return startClient({
      clock,
      broken,
      perform(arrival) {
        touched.add(arrival.key);
        return kind.perform(arrival);
      },
      missed({ region, home = region, due }) {
        record({ type: "missed", client: kind.name(), workload: workload.name, region: home, due });
      },
    });
  });

  const begin = (arrival: Arrival) => clients[arrival.client]!.accept(arrival);
  const playing = play(arrivals(spec, workload, random, clock.now()), clock, ending.signal, begin).catch(broken);

  const drain = async (close: () => Promise<void>) => {
    ending.abort();
    await playing;
    await Promise.all(clients.map((client) => client.idle()));
    await close();
    if (firstError !== undefined) throw firstError.error;
  };

  let stopped: Promise<void> | undefined;
  return {
    touched,
    stop: () => (stopped ??= drain(wire.close)),
    async [Symbol.asyncDispose]() {
      if (stopped === undefined) {
        ending.abort();
        for (const client of clients) client.dismiss();
        await wire.cutOff();
        stopped = drain(async () => {});
      }
      await stopped;
    },
  };
}
