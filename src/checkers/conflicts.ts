// conflicts: writes that did not know of each other are recorded, with the right winner, and none is overwritten silently.
// records.ts recomputes each record; accounting.ts finds the acknowledged writes that nothing accounts for.
import { z } from "zod";
import type { Event } from "../model/event.ts";
import { merge } from "../model/verdict.ts";
import type { Validity } from "../model/verdict.ts";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { accountingOf } from "./accounting.ts";
import { howMany } from "./args.ts";
import { factsOf } from "./history.ts";
import type { Facts } from "./history.ts";
import { whyOpen } from "./no-lost-writes.ts";
import { reckon } from "./records.ts";
import type { Reckoning } from "./records.ts";
import { andMore, count, judged, sayConflict, sayWrite, several, STORIES } from "./say.ts";

const args = z.strictObject({
  counted: howMany.optional().describe("Exactly so many distinct pairs of concurrent writes are recorded."),
  "at-least": howMany.optional().describe("At least so many distinct pairs are recorded."),
  silent: howMany
    .optional()
    .describe("At most so many acknowledged writes are neither current, nor known to another, nor a recorded loser."),
});
type Args = z.output<typeof args>;

export const conflicts: ExpectationWords<Args> = {
  name: "conflicts",
  summary: "Concurrent writes are recorded with the right winner, so many of them, and none is overwritten silently.",
  example: "- conflicts: { at-least: 1, silent: 0 }",
  args,
  judge(history, given) {
    const facts = factsOf(history);
    const reckoning = reckon(facts);
    const { contradictions } = reckoning;
    if (contradictions.length > 0)
      return judged(
        false,
        `${sayCounted(facts, reckoning)}; ${several(contradictions.length, "contradiction")} in them`,
        contradictions.flatMap(({ records }) => records.map(({ seq }) => seq)),
        [...contradictions.slice(0, STORIES).flatMap(({ story }) => story), ...andMore(contradictions.length, STORIES)],
      );
    const open = whyOpen(facts);
    if (open !== undefined) return open;

    const parts = [
      { ...number(reckoning, given), text: `${sayCounted(facts, reckoning)}${sayBounds(given)}` },
      recomputed(reckoning),
      ...(given.silent === undefined ? [] : [silently(history, given.silent)]),
    ];
    const valid = merge(parts.map((part) => part.valid));
    const telling = parts.filter((part) => part.valid === valid);
    return judged(
      valid,
      parts.flatMap(({ text }) => (text === "" ? [] : [text])).join("; "),
      telling.flatMap((part) => part.evidence),
      valid === false ? telling.flatMap((part) => part.story ?? []) : [],
    );
  },
};

interface Part {
  valid: Validity;
  text: string;
  evidence: readonly (number | undefined)[];
  story?: readonly string[];
}

function sayCounted(facts: Facts, { records, pairs }: Reckoning): string {
  const regions = facts.run.topology.regions.length;
  return `${several(pairs.length, "pair")} of concurrent writes in ${several(records, "record")} of ${several(regions, "region")}`;
}

function sayBounds({ counted, "at-least": atLeast }: Args): string {
  const bounds = [
    ...(counted === undefined ? [] : [`exactly ${count(counted)}`]),
    ...(atLeast === undefined ? [] : [`at least ${count(atLeast)}`]),
  ];
  return bounds.length === 0 ? "" : ` (${bounds.join(", ")} expected)`;
}

function number({ pairs }: Reckoning, { counted, "at-least": atLeast }: Args): Omit<Part, "text"> {
  const valid =
    (counted === undefined || pairs.length === counted) && (atLeast === undefined || pairs.length >= atLeast);
  const evidence = pairs.map(({ seq }) => seq);
  return { valid, evidence, story: valid ? [] : pairs.slice(0, STORIES).map(sayConflict) };
}

/** Without version vectors nobody can say from outside whether two writes knew of each other. */
function recomputed({ opaque }: Reckoning): Part {
  if (opaque.length === 0) return { valid: true, text: "", evidence: [] };
  const text = `${several(opaque.length, "record")} could not be recomputed: their states are no version vectors`;
  return { valid: "unknown", text, evidence: opaque.map(({ seq }) => seq) };
}

function silently(history: readonly Event[], atMost: number): Part {
  const { lost, undecided, unequal } = accountingOf(history);
  const text = `${count(lost.length)} overwritten silently (at most ${count(atMost)})`;
  if (lost.length > atMost)
    return {
      valid: false,
      text,
      evidence: lost.map(({ effect }) => effect.acknowledged.complete?.seq),
      story: [
        ...lost.slice(0, STORIES).map(({ effect }) => sayWrite(effect.acknowledged)),
        "Such a write is neither what a region holds, nor known to a later one, nor the loser of a record.",
      ],
    };
  if (undecided.length === 0 && unequal.length === 0) return { valid: true, text, evidence: [] };
  const why =
    unequal.length > 0 ? `${several(unequal.length, "key")} not equal everywhere` : "regions that could not be read";
  return {
    valid: "unknown",
    text: `${text}, as far as can be told with ${why} in the end`,
    evidence: undecided.map(({ effects }) => effects[0]?.acknowledged.complete?.seq),
  };
}
