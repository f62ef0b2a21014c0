// repeat: steps one after the other, several times. Each round draws anew.
import { z } from "zod";
import { type Scene, verb } from "./scene.ts";
import { innerSteps, problemOf, sayCount } from "./steps.ts";

export const MAX_TIMES = 1_000;
const times = `expected how often, a whole number from 1 to ${MAX_TIMES}`;

export const repeat = verb({
  name: "repeat",
  summary: "Does steps one after the other, `times` times.",
  example: "- repeat:\n    - restart: one(backend)\n    - wait: 2s\n  times: 5",
  args: z.strictObject({ target: innerSteps, times: z.int({ error: times }).min(1, times).max(MAX_TIMES, times) }),
  inside: "steps",
  modifiers: [],
  say: ({ target, times }) => `repeat ${sayCount(target)} ${times} times`,
  async perform(scene, { path, args }) {
    for (let round = 1; round <= args.times; round++) {
      // The first round draws what `scenario explain` shows.
      const random = round === 1 ? scene.random : scene.random.fork(`${path} round ${round}`);
      const inRound: Scene = { ...scene, random };
      for (const step of args.target) {
        const [done] = await Promise.allSettled([scene.perform(step, inRound)]);
        if (done.status === "rejected") throw problemOf([done.reason], `round ${round} of ${args.times}: `);
      }
    }
  },
});
