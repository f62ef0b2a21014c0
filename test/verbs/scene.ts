// Where a verb acts, in memory: nodes without processes, time that passes when a test says so, answers from a list.
import { faultSet } from "../../src/faults/set.ts";
import { seeded } from "../../src/model/random.ts";
import type { RegionSample, Sample } from "../../src/model/event.ts";
import type { Step } from "../../src/model/scenario.ts";
import type { Clients, Samples, Scene, ScriptedRequest } from "../../src/verbs/scene.ts";
import type { Topology } from "../../src/model/topology.ts";
import { verbs } from "../../src/verbs/index.ts";
import { type FakeCluster, fakeCluster } from "../support/fake-cluster.ts";
import { memoryStore } from "../support/fault-store.ts";
import { type Notes, notes } from "../support/recorder.ts";
import { twoRegions } from "../support/topology.ts";
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts";

export type Answer = Awaited<ReturnType<ScriptedRequest>>;
export type Asked = Parameters<ScriptedRequest>[0];

export interface FakeScene extends Scene {
  cluster: FakeCluster;
  clock: VirtualClock;
  note: Notes;
  interrupt: AbortController;
  /** Paths of the steps inside a step that were begun, in order. */
  performed: string[];
  /** What was sent, in order. */
  asked: Asked[];
  /** What is answered; throws or never resolves as a test likes. */
  answer: (asked: Asked) => Answer | Promise<Answer>;
  /** What was done to the traffic. */
  trafficMoves: string[];
  /** Keys of edit-properties that operations touched. */
  touched: Set<string>;
  /** Records a sample, which wakes who waits for one. */
  sample(regions: Readonly<Record<string, Partial<RegionSample>>>): Promise<void>;
}

export const reply = (
  status: number,
  body: unknown = {},
  headers: Record<string, string> = {},
  tookMs = 1,
): Answer => ({
  status,
  body,
  headers,
  tookMs,
});

const healthy: RegionSample = {
  healthy: true,
  lagSeconds: {},
  pending: 0,
  conflicts: 0,
  requests: 0,
  errors: 0,
  p50Ms: null,
  p99Ms: null,
};

export function fakeScene(topology: Topology = twoRegions): FakeScene {
  const cluster = fakeCluster(topology);
  const clock = virtualClock();
  const note = notes(clock.now);
  const interrupt = new AbortController();
  const store = memoryStore();
  const samples: (Sample & { at: number })[] = [];
  let wake: (() => void)[] = [];
  const recent: Samples = {
    recent: () => samples,
    next: (signal) =>
      new Promise((resolve, reject) => {
        const ended = () => reject(signal.reason);
        signal.addEventListener("abort", ended);
        wake.push(() => {
          signal.removeEventListener("abort", ended);
          resolve();
        });
      }),
  };
  const scene: FakeScene = {
    topology,
    cluster,
    clock,
    note,
    interrupt,
    faults: faultSet({
      topology,
      cluster,
      clock,
      record: note.record,
      signal: interrupt.signal,
      store,
      hold: (_node, work) => work(),
    }),
    samples: recent,
    values: new Map(),
    traffic: {
      async script(request) {
        scene.asked.push(request);
        return scene.answer(request);
      },
      timed: async () => {},
      pause: async () => void scene.trafficMoves.push("pause"),
      resume: () => void scene.trafficMoves.push("resume"),
      touched: () => new Map([["edit-properties", scene.touched]]),
    } as Partial<Clients> as Clients,
    random: seeded(1),
    record: note.record,
    signal: interrupt.signal,
    gateway: "http://127.0.0.1:8080",
    newId: () => "an-id",
    async perform(step, within) {
      scene.performed.push(step.path);
      await verbs[step.verb]!.perform(within, step as never);
    },
    performed: [],
    asked: [],
    trafficMoves: [],
    touched: new Set(),
    answer: () => reply(200),
    async sample(regions) {
      const whole = Object.entries(regions).map(([name, region]) => [name, { ...healthy, ...region }]);
      samples.push({ type: "sample", at: clock.now(), regions: Object.fromEntries(whole), acknowledged: 0 });
      const waiting = wake;
      wake = [];
      for (const resolve of waiting) resolve();
      await clock.advance(0);
    },
  };
  return scene;
}

/** Performs a step as the loader would hand it over: arguments parsed by the verb's own schema. */
export async function perform(scene: Scene, verb: string, args: object, modifiers: Partial<Step> = {}): Promise<void> {
  const step: Step = { path: "1", verb, text: verb, line: 1, ...modifiers, args: verbs[verb]!.args.parse(args) };
  await verbs[verb]!.perform(scene, step as never);
}
