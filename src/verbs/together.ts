// together: steps that start at the same instant. A fault among them is done once it is in force; goes on when all are done.
import { z } from "zod";
import { verb } from "./scene.ts";
import { innerSteps, problemOf, sayCount } from "./steps.ts";

export const together = verb({
  name: "together",
  summary: "Starts steps at the same instant, and goes on when all are done.",
  example:
    "- together:\n    - request: PUT /us/properties/7\n      body: { price: 1, version: 1 }\n    - kill: backend-us",
  args: z.strictObject({ target: innerSteps }),
  inside: "steps",
  modifiers: [],
  say: ({ target }) => `together ${sayCount(target)}`,
  check: ({ target }) =>
    target.flatMap(({ verb }, i) =>
      verb === "settle"
        ? [{ path: ["target", i], message: "a settle ends what the steps beside it begin", hint: "Put it after them." }]
        : [],
    ),
  async perform(scene, { args }) {
    const done = await Promise.allSettled(args.target.map((step) => scene.perform(step, scene)));
    const problem = problemOf(done.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : [])));
    if (problem) throw problem;
  },
});
