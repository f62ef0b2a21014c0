// What a person does from the dashboard, done as the commands of the same name do it, and remembered, so that it can be
// written down as a scenario.
import { randomUUID } from "node:crypto";
import type { Deed, Hands } from "../../dashboard/hands.ts";
import { type Done, scenarioFile } from "../../dashboard/scenario-file.ts";
import type { Recorder } from "../../model/event.ts";
import { UsageError } from "../../model/problem.ts";
import { seeded } from "../../model/random.ts";
import type { TrafficSpec } from "../../model/scenario.ts";
import type { Topology, Workload } from "../../model/topology.ts";
import { type Stack, stackFlag } from "../../stack.ts";
import { startLedger } from "../../traffic/ledger.ts";
import { startTraffic, type Traffic } from "../../traffic/traffic.ts";
import { verbs } from "../../verbs/index.ts";
import { isLasting, perform } from "../verb/perform.ts";
import type { Standing } from "../verb/scene.ts";
import { checkStep, type Flags, stepOf } from "../verb/step.ts";
import { COMMANDS } from "../verb/table.ts";
import { makeConflict } from "./conflict.ts";
import { saveScenario } from "./save.ts";
import { takingTurns } from "./turns.ts";

export interface StackHands extends Hands, AsyncDisposable {}

/** Background traffic: enough to see something, not enough to be in the way. */
const CLIENTS = 4;
const RATE_PER_SECOND = 20;
const KEYS = 20;
/** Where values begin that no run on this stack has written, nor will. */
const VALUES_FROM = 500_000;

/** `directory`: where scenario files are written. */
export function handsOn(stack: Stack, signal: AbortSignal, directory: string): StackHands {
  const { topology, clock, record } = stack;
  const done: Done[] = [];
  const numbers = startLedger({ firstWhole: VALUES_FROM + Math.floor(clock.now() / 1_000) });
  const random = seeded(randomUUID());
  const turns = takingTurns();
  let traffic: { running: Traffic; entry: Done } | undefined;

  function begin(spec: TrafficSpec): Traffic {
    return startTraffic({
      ...numbers,
      spec,
      workload: topology.workloads[spec.workload]!,
      gateway: record.gateway,
      clock,
      random,
      record: unwritten,
      newId: randomUUID,
    });
  }

  return {
    async perform(deed) {
      const { name, words, flags } = readStep(deed.step);
      const verb = verbs[name]!;
      const step = stepOf(verb, words, flags);
      checkStep(verb, step, topology, record.runtime);
      const at = clock.now();
      return turns.take(isLasting(verb) ? "begins" : "ends", async () => {
        signal.throwIfAborted();
        const { standing, deaf } = listening(stack);
        try {
          const { effective, facts, lines } = await perform(verb, step, standing, { signal, say: () => {} });
          const { faults = [] } = facts as { faults?: readonly { id: string }[] };
          done.push({ at, deed, began: faults.map(({ id }) => id), ...(!effective && { ineffective: true }) });
          return inOneLine(lines);
        } finally {
          deaf();
        }
      });
    },

    async toggleTraffic() {
      const stopping = traffic;
      if (stopping !== undefined) {
        traffic = undefined;
        stopping.entry.forMs = clock.now() - stopping.entry.at;
        await stopping.running.stop();
        return { on: false, deed: stopping.entry.deed };
      }
      const spec = modestTraffic(topology);
      const entry: Done = { at: clock.now(), deed: trafficDeed(spec, record.name), forMs: 0 };
      traffic = { running: begin(spec), entry };
      done.push(entry);
      return { on: true, deed: entry.deed };
    },

    async conflict() {
      const values = [numbers.nextValue(), numbers.nextValue()] as const;
      const at = clock.now();
      const { said, deed } = await makeConflict(stack, firstWorkload(topology), values, random);
      done.push({ at, deed });
      return { said, deed };
    },

    async writeScenario() {
      const now = clock.now();
      const all = done.map((one) => (one === traffic?.entry ? { ...one, forMs: now - one.at } : one));
      if (all.length === 0) throw new UsageError("nothing was done yet, so there is nothing to write down");
      return saveScenario(topology, directory, (head) => scenarioFile({ ...head, topology, done: all }));
    },

    async [Symbol.asyncDispose]() {
      await traffic?.running[Symbol.asyncDispose]();
      traffic = undefined;
    },
  };
}

/** Throws UsageError where the topology has none. */
export function firstWorkload({ workloads, name }: Topology): Workload {
  const [first] = Object.values(workloads);
  if (first !== undefined) return first;
  throw new UsageError(
    `topology "${name}" has no workload, so nobody knows what its clients ask. See README: workloads.`,
  );
}

function modestTraffic(topology: Topology): TrafficSpec {
  const { name, keys } = firstWorkload(topology);
  return {
    workload: name,
    regions: topology.regions,
    clients: Math.max(CLIENTS, topology.regions.length),
    ratePerSecond: RATE_PER_SECOND,
    keys: Math.min(KEYS, keys.to - keys.from + 1),
    reads: 0.5,
    repeats: 0,
  };
}

function trafficDeed({ workload, clients, ratePerSecond, keys }: TrafficSpec, stack: string): Deed {
  return {
    command: `regionctl traffic ${workload} --rate ${ratePerSecond}/s --clients ${clients} --keys ${keys}${stackFlag(stack)}`,
    step: { traffic: workload, rate: `${ratePerSecond}/s`, clients, keys },
  };
}

/** A step as a scenario has it -> the words of the command that does the same. */
function readStep(step: unknown): { name: string; words: readonly string[]; flags: Flags } {
  const written = typeof step === "string" ? { [step]: null } : (step as Readonly<Record<string, unknown>>);
  const name = Object.keys(written).find((key) => Object.hasOwn(COMMANDS, key));
  if (name === undefined) throw new UsageError(`nothing that can be done by hand: ${JSON.stringify(step)}`);
  const { [name]: target, ...rest } = written;
  const words = [target ?? []].flat().map(String);
  const flags = Object.entries(rest).map(([key, value]) => [key, typeof value === "boolean" ? value : String(value)]);
  return { name, words, flags: Object.fromEntries(flags) as Flags };
}

/** The stack, with an end for whoever listens to its events while a deed is done. */
function listening(stack: Stack): { standing: Standing; deaf: () => void } {
  const ends: (() => void)[] = [];
  const listen: Stack["events"]["listen"] = (listener) => {
    const end = stack.events.listen(listener);
    ends.push(end);
    return end;
  };
  return {
    standing: { ...stack, events: { ...stack.events, listen } },
    deaf: () => {
      for (const end of ends) end();
    },
  };
}

/** What was measured says most; what measures nothing says what it did. */
function inOneLine(lines: readonly string[]): string {
  const [first = "", ...more] = lines;
  const measured = more.map((line) => line.trim().replace(/^measured: /, "took effect: "));
  return measured.length === 0 ? first : measured.join("; ");
}

/** What these clients do shows in the gateway's log; the stack's own log is for runs. */
const unwritten: Recorder = (happening) => ({ ...happening, seq: 0, at: 0 });
