// chaos: one fault after the other, drawn by the seed, beside the steps that follow. Never two of its own at a time: the next
// one waits until the nodes of the last one answer again.
import { z } from "zod";
import type { Random } from "../model/random.ts";
import type { Step } from "../model/scenario.ts";
import { formatDuration } from "../model/units.ts";
import type { Complaint } from "../model/vocabulary.ts";
import { duration } from "../verbs/duration.ts";
import { drawsOf } from "./draws.ts";
import { type Scene, verb } from "../verbs/scene.ts";
import { innerSteps, sayCount } from "../verbs/steps.ts";

const every = duration.refine((ms) => ms > 0, "expected a duration above 0");

export const chaos = verb({
  name: "chaos",
  summary: "Begins one of these faults `every` so often, drawn by the seed, until heal or the end of `for`.",
  example:
    "- chaos:\n    - kill: one(backend)\n      for: 2s\n    - pause: one(postgres)\n      for: 1s\n  every: 5s\n  for: 60s",
  args: z.strictObject({ target: innerSteps, every }),
  inside: "faults",
  modifiers: ["for"],
  say: ({ target, every }) => `chaos of ${sayCount(target, "fault")} every ${formatDuration(every)}`,
  check: ({ target, every }) => target.flatMap((fault, i) => tooLong(fault, i, every)),
  async perform(scene, step) {
    const id = step.id ?? `chaos ${step.path}`;
    scene.faults.beside(id, step.forMs !== undefined, (signal) => rage(scene, step, signal));
  },
});

function tooLong({ forMs, verb }: Step, index: number, everyMs: number): readonly Complaint[] {
  if (forMs === undefined || forMs <= everyMs) return [];
  const message = `this ${verb} would still be there when the next fault begins, ${formatDuration(everyMs)} later`;
  return [{ path: ["target", index, "for"], message, hint: "Make its `for` shorter, or `every` longer." }];
}

interface ChaosArgs {
  target: readonly Step[];
  every: number;
}

async function rage(
  scene: Scene,
  { path, args, forMs }: Step & { args: ChaosArgs },
  signal: AbortSignal,
): Promise<void> {
  const { clock } = scene;
  const is = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const begin = clock.now();
  const end = forMs === undefined ? Infinity : begin + forMs;
  let due = begin;
  for (const { fault, random } of drawsOf(scene.random, path, args.target)) {
    if (due >= end) break;
    await clock.sleep(due - clock.now(), signal);
    const bound = Math.min(fault.forMs ?? args.every, end - due);
    await once(scene, { ...fault, forMs: bound }, random, { signal, is });
    due = Math.max(due + args.every, clock.now());
  }
  await clock.sleep(end - clock.now(), signal);
}

interface Cut {
  signal: AbortSignal;
  /** Resolves when it is aborted: one listener, however many faults there are. */
  is: Promise<void>;
}

/** One fault, from its beginning until its nodes answer again. Cut short, it ends at once. */
async function once(scene: Scene, step: Step, random: Random, cut: Cut): Promise<void> {
  const begun: string[] = [];
  const faults: Scene["faults"] = {
    ...scene.faults,
    async begin(...wish) {
      const fault = await scene.faults.begin(...wish);
      begun.push(fault.id);
      return fault;
    },
  };
  // A settle that stops the traffic cuts this short only afterwards: no fault may set it going again.
  const traffic = { ...scene.traffic, resume: () => {} };
  await scene.perform(step, { ...scene, faults, traffic, random });
  await Promise.race([scene.faults.timed(begun), cut.is]);
  if (cut.signal.aborted) await scene.faults.end(begun, "heal");
  cut.signal.throwIfAborted();
}
