// latency: every byte arrives later, in order. Given one way, as the link is: us | eu adds it twice to a round trip.
import { z } from "zod";
import { formatDuration, parseDuration } from "../model/units.ts";
import { DURATION } from "../scenario/patterns.ts";
import { verb } from "../verbs/scene.ts";
import { beginBetween } from "./begin.ts";
import { between, checkSides, saySides, sides } from "./sides.ts";

const MOST_MS = 60_000;
const withUnit = "expected a duration with its unit, e.g. 80ms";

const oneWay = z
  .string({ error: withUnit })
  .meta(DURATION)
  .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms <= MOST_MS) return ms;
    const message = ms === undefined ? withUnit : `expected a duration of at most ${formatDuration(MOST_MS)}`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });

export const latency = verb({
  name: "latency",
  summary: "Makes every byte between two sides arrive later, by `add` one way, until heal or the end of `for`.",
  example: "- latency: us | eu\n  add: 80ms\n  jitter: 10ms\n  for: 30s",
  synonyms: ["delay"],
  args: z.strictObject({
    target: sides,
    add: oneWay.refine((ms) => ms > 0, "expected a duration above 0"),
    jitter: oneWay.optional(),
  }),
  modifiers: ["for"],
  say: ({ target, add, jitter }) => `latency ${saySides(target)} ${sayDelay(add, jitter)}, ${sayRound(target, add)}`,
  check: ({ target, add, jitter = 0 }, topology) => [
    ...(jitter > add ? [tooMuchJitter(add)] : []),
    ...checkSides(target, topology, { doing: "slowing" }),
  ],
  perform: (scene, step) => {
    const { target, add, jitter = 0 } = step.args;
    const parameters = { addMs: add, jitterMs: jitter };
    return beginBetween(scene, step, "latency", saySides(target), between(target, scene.topology), parameters);
  },
});

const sayDelay = (addMs: number, jitterMs = 0) =>
  `add ${formatDuration(addMs)}${jitterMs === 0 ? "" : `, give or take ${formatDuration(jitterMs)}`}`;

const sayRound = ({ oneWay }: { oneWay: boolean }, addMs: number) =>
  `${formatDuration(oneWay ? addMs : 2 * addMs)} more in a round trip`;

function tooMuchJitter(addMs: number) {
  const message = `no byte can arrive before it was sent: jitter is at most "add", ${formatDuration(addMs)}`;
  return { path: ["jitter"], message };
}
