// What is done to a link, in plain words: the same ones from the command that does it and from `status`.
import type { Effect } from "../model/link.ts";
import { formatBandwidth, formatDuration } from "../model/units.ts";
import { sayPercent } from "../verbs/measures.ts";

type Sayings = { readonly [T in Effect["type"]]: (effect: Extract<Effect, { type: T }>) => string };

const SAYINGS: Sayings = {
  cut: ({ mode }) => CUTS[mode],
  delay: ({ addMs, jitterMs }) =>
    `${formatDuration(addMs)} later${jitterMs === 0 ? "" : `, give or take ${formatDuration(jitterMs)}`}`,
  cap: ({ bytesPerSecond }) => `at most ${formatBandwidth(bytesPerSecond)}`,
  flaky: ({ resetsPerSecond }) => `${sayPercent(resetsPerSecond)} of the connections reset in a second`,
};

const CUTS = {
  drop: "nothing passes (drop)",
  reset: "connections are reset (reset)",
  refuse: "connections are refused (refuse)",
} as const;

export function sayEffect(effect: Effect): string {
  return SAYINGS[effect.type](effect as never);
}
