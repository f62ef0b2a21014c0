// The scene of a verb that is done by hand: a stack, its faults, and who watches what becomes of them. There is no run around
// it, so there is no traffic and there are no samples.
import { SHOWS_LATE } from "../../faults/proof.ts";
import type { FaultEvent } from "../../model/event.ts";
import type { Fault } from "../../model/fault.ts";
import { seeded } from "../../model/random.ts";
import type { Stack } from "../../stack.ts";
import type { Scene } from "../../verbs/scene.ts";

export type Proved = Extract<FaultEvent, { phase: "proved" }>;

/** What a verb did. */
export interface Deeds {
  begun: readonly Fault[];
  /** Of the faults begun; of those that show only in time, once they ended. */
  proved: readonly Proved[];
  /** Ids, in the order in which they ended. */
  ended: readonly string[];
  /** Of faults that stood before, show only in time, and ended now. */
  provedAtEnd: readonly Proved[];
  /** The nodes of the faults begun, and those let out of faults. */
  nodes: readonly string[];
}

export interface ByHand {
  scene: Scene;
  deeds(): Deeds;
}

export type Standing = Pick<Stack, "topology" | "cluster" | "faults" | "clock" | "events" | "record">;

export function byHand(stack: Standing, signal: AbortSignal): ByHand {
  const { topology, cluster, clock, events, record } = stack;
  const late = stack.faults.active().filter(({ kind }) => SHOWS_LATE.has(kind));
  const begun: Fault[] = [];
  const released: string[] = [];
  const proved = new Map<string, Proved>();
  const ended = new Set<string>();
  events.listen((event) => {
    if (event.type !== "fault") return;
    if (event.phase === "proved") proved.set(event.id, event);
    if (event.phase === "ended") ended.add(event.id);
  });
  const scene: Omit<Scene, Missing> = {
    topology,
    cluster,
    clock,
    record: events.append,
    signal,
    random: seeded(clock.now()),
    values: new Map(),
    gateway: record.gateway,
    faults: {
      ...stack.faults,
      async begin(...wish) {
        const fault = await stack.faults.begin(...wish);
        begun.push(fault);
        return fault;
      },
      release(nodes, ...rest) {
        released.push(...nodes);
        return stack.faults.release(nodes, ...rest);
      },
    },
  };
  return {
    scene: withoutRun(scene),
    deeds: () => ({
      begun,
      proved: begun.flatMap(({ id }) => proved.get(id) ?? []),
      ended: [...ended],
      provedAtEnd: late.flatMap(({ id }) => (ended.has(id) ? (proved.get(id) ?? []) : [])),
      nodes: [...new Set([...begun.flatMap(({ targets }) => targets), ...released])],
    }),
  };
}

/** Only a run has these. */
const MISSING = ["traffic", "samples", "perform", "newId"] as const;
type Missing = (typeof MISSING)[number];

/** A verb that asks for more than there is must not go on with something made up. */
function withoutRun(scene: Omit<Scene, Missing>): Scene {
  for (const name of MISSING) {
    Object.defineProperty(scene, name, {
      get: () => {
        throw new Error(`a verb done by hand has no "${name}": there is no run around it`);
      },
    });
  }
  return scene as Scene;
}
