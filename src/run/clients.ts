// Everything that sends operations in a run: background traffic, which stops for a settle and goes on after it, and the script.
import { randomUUID } from "node:crypto";
import { Agent, request as send } from "undici";
import type { Reply } from "../model/cluster.ts";
import type { Scenario, TrafficSpec } from "../model/scenario.ts";
import type { Stack } from "../stack.ts";
import { streamOf } from "../traffic/arrivals.ts";
import { startScript } from "../traffic/script.ts";
import { startTraffic, type Traffic } from "../traffic/traffic.ts";
import type { Clients, ScriptedRequest } from "../verbs/scene.ts";
import type { Observers } from "./observe.ts";

/** One traffic of the scenario: running, or stopped for a settle. */
interface Stream {
  spec: TrafficSpec;
  label: string;
  running?: Traffic;
  /** Milliseconds since `up`; absent: until the scenario ends. */
  until?: number;
}

/** So many requests of a `together` really start at the same instant. */
const SCRIPT_CONNECTIONS = 64;

export interface RunTraffic extends Clients, AsyncDisposable {}

export function runTraffic(scenario: Scenario, stack: Stack, observers: Observers, signal: AbortSignal): RunTraffic {
  const { topology, clock, events } = stack;
  const { ledger } = observers;
  const touched = new Map<string, Set<string>>();
  const streams: Stream[] = [];
  const ends: Promise<void>[] = [];
  const agent = new Agent({ connections: SCRIPT_CONNECTIONS });
  const script = startScript({
    workloads: topology.workloads,
    regions: topology.regions,
    clock,
    record: events.append,
    nextOp: ledger.nextOp,
  });
  let started = 0;

  const keysOf = (workload: string) => {
    const keys = touched.get(workload) ?? new Set<string>();
    touched.set(workload, keys);
    return keys;
  };

  const go = (stream: Stream) => {
    started += 1;
    stream.running = startTraffic({
      spec: stream.spec,
      workload: topology.workloads[stream.spec.workload]!,
      gateway: stack.record.gateway,
      clock,
      random: streamOf(scenario.seed, stream.label, started),
      record: events.append,
      newId: randomUUID,
      nextValue: ledger.nextValue,
      nextOp: ledger.nextOp,
      nextClient: ledger.nextClient,
    });
  };

  const halt = async (stream: Stream) => {
    const { running } = stream;
    if (running === undefined) return;
    await running.stop();
    for (const key of running.touched) keysOf(stream.spec.workload).add(key);
    stream.running = undefined;
  };

  return {
    begin(spec, forMs) {
      const stream: Stream = { spec, label: `traffic ${streams.length + 1}` };
      streams.push(stream);
      go(stream);
      if (forMs === undefined) return;
      stream.until = clock.now() + forMs;
      const end = clock.sleep(forMs, signal).then(() => halt(stream));
      end.catch(() => {}); // timed() reports it
      ends.push(end);
    },
    async pause() {
      await Promise.all(streams.map(halt));
    },
    resume() {
      for (const stream of streams) {
        if (stream.running === undefined && stream.until === undefined) go(stream);
      }
    },
    async timed() {
      await Promise.all(ends);
    },
    touched() {
      const all = new Map([...touched].map(([name, keys]) => [name, new Set(keys)]));
      for (const { spec, running } of streams) {
        if (running) all.set(spec.workload, new Set([...(all.get(spec.workload) ?? []), ...running.touched]));
      }
      for (const [name, keys] of script.touched) all.set(name, new Set([...(all.get(name) ?? []), ...keys]));
      return all;
    },
    async script(request) {
      const began = performance.now();
      const reply = await script.send(request, () => exchange(request, agent, signal));
      return { ...reply, tookMs: performance.now() - began };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(streams.map((stream) => stream.running?.[Symbol.asyncDispose]()));
      await agent.destroy();
    },
  };
}

const MAX_BODY_BYTES = 1 << 20;

async function exchange(request: Parameters<ScriptedRequest>[0], agent: Agent, signal: AbortSignal): Promise<Reply> {
  const { method, path, headers, body, to, timeoutMs } = request;
  const answer = await send(`${to}${path}`, {
    dispatcher: agent,
    method: method as "GET",
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    signal,
  });
  const text = (await answer.body.text()).slice(0, MAX_BODY_BYTES);
  const plain = Object.entries(answer.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : String(value),
  ]);
  return { status: answer.statusCode, headers: Object.fromEntries(plain) as Record<string, string>, body: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
