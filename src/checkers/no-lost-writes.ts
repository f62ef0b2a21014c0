// no-lost-writes: after everything healed and settled, each acknowledged write is current, superseded by one that knew it,
// or lost to a recorded conflict. What became of each is found in accounting.ts; here it is said.
import { z } from "zod";
import type { Judgement } from "../model/verdict.ts";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { accountingOf } from "./accounting.ts";
import type { Accounting, Loser, Lost } from "./accounting.ts";
import { factsOf } from "./history.ts";
import type { Facts } from "./history.ts";
import { andMore, count, judged, sayConflict, sayFinal, sayWrite, several, STORIES, wereSeen } from "./say.ts";
import { sameValue } from "./writes.ts";

const args = z.strictObject({
  losers: z
    .literal("refused", { error: 'expected "refused": no write may lose, not even to a recorded conflict' })
    .optional()
    .describe("refused: no write may lose, not even to a recorded conflict."),
});
type Args = z.output<typeof args>;

export const noLostWrites: ExpectationWords<Args> = {
  name: "no-lost-writes",
  summary: "Every acknowledged write is current, superseded by one that knew it, or lost to a recorded conflict.",
  example: "- no-lost-writes: { losers: refused }",
  args,
  judge(history, { losers }) {
    const facts = factsOf(history);
    const open = whyOpen(facts);
    if (open !== undefined) return open;
    const accounting = accountingOf(history);
    const refused = losers === "refused" ? accounting.losers : [];
    const cases = [
      ...accounting.lost.map((lost) => ({ evidence: evidenceOf(lost), story: () => sayLost(facts, lost) })),
      ...refused.map((loser) => ({ evidence: [loser.record.seq], story: () => sayLoser(loser) })),
    ];
    const undecided = accounting.undecided.length > 0 || accounting.unequal.length > 0;
    return judged(
      cases.length > 0 ? false : undecided ? "unknown" : true,
      `${sum(accounting)}${refused.length > 0 ? "; losers are refused" : ""}`,
      cases.length > 0
        ? cases.flatMap((one) => one.evidence)
        : accounting.undecided.map((write) => write.effects[0]?.acknowledged.complete?.seq),
      [...cases.slice(0, STORIES).flatMap((one) => one.story()), ...andMore(cases.length, STORIES)],
    );
  },
};

/** Without acknowledgements or without an end there is nothing to judge: unknown, never true. */
export function whyOpen(facts: Facts): Judgement | undefined {
  const { acknowledged } = facts;
  if (acknowledged === 0) return judged("unknown", "no write was acknowledged, so there is nothing to judge");
  const said = `${count(acknowledged)} acknowledged, but`;
  if (facts.settled === undefined)
    return judged("unknown", `${said} the run never came to rest (no "healed" event with traffic stopped)`);
  const { disturbed, finals, healed } = facts.settled;
  if (disturbed !== undefined)
    return judged("unknown", `${said} a write was begun after the last heal: what was read then is not the end`, [
      disturbed.seq,
      healed.seq,
    ]);
  if (finals.size === 0)
    return judged("unknown", `${said} no region was read after the last heal, so their fate is not known`, [
      healed.seq,
    ]);
  return undefined;
}

/** "2,215 acknowledged: 20 current, 2,180 superseded, 15 lost to recorded conflicts, 0 silently". */
export function sum(accounting: Accounting): string {
  const { acknowledged, current, superseded, losers, lost, undecided, unequal, unknown } = accounting;
  const parts = [
    `${count(current)} current`,
    `${count(superseded)} superseded`,
    `${count(losers.length)} lost to recorded conflicts`,
    `${count(lost.length)} silently`,
    ...(undecided.length > 0 ? [`${count(undecided.length)} undecided (their region could not be read)`] : []),
  ];
  const also = [
    ...(unknown.all > 0 ? [`${count(unknown.all)} unanswered, of which ${wereSeen(unknown.tookEffect)}`] : []),
    ...(unequal.length > 0 ? [`${several(unequal.length, "key")} not equal everywhere in the end`] : []),
  ];
  return [`${count(acknowledged)} acknowledged: ${parts.join(", ")}`, ...also].join("; ");
}

function evidenceOf({ write, effect, twin, finals }: Lost): readonly (number | undefined)[] {
  return [
    effect.acknowledged.complete?.seq,
    twin?.acknowledged.complete?.seq,
    ...finals.map((final) => final.seq),
    write.attempts[0]?.invoke.seq,
  ];
}

function sayLost(facts: Facts, lost: Lost): readonly string[] {
  const { kind, effect, twin, finals } = lost;
  const held = `In the end ${finals.map(sayFinal).join(", and ")}.`;
  if (kind === "FORK") {
    const why =
      twin === undefined
        ? `Its author had seen ${effect.state} before: that was another write, so this one is nowhere.`
        : `${effect.home} acknowledged both as ${effect.state}: one counter cannot be two writes, so one is gone.`;
    return [`FORK: ${sayWrite(effect.acknowledged)}`, ...(twin ? [sayWrite(twin.acknowledged)] : []), why, held];
  }
  const ending =
    kind === "ROLLBACK"
      ? `That does not cover ${effect.state ?? `version ${effect.version}`}: what was acknowledged was forgotten.`
      : "No write that took effect had seen it, and no record names it as the loser of a conflict: it is gone.";
  return [`${kind}: ${sayWrite(effect.acknowledged)}`, held, ...sayReplacement(facts, lost), ending];
}

/** The write whose value stands in its place, and what its author had seen. */
function sayReplacement(facts: Facts, { write, finals }: Lost): readonly string[] {
  const standing = finals.find((final) => final.outcome.type === "ok");
  const writes = facts.keys.get(write.key)?.writes ?? [];
  const author = writes.find((other) => other !== write && standing && sameValue(other.value, standing.value));
  return author === undefined ? [] : [`In its place: ${sayWrite(author.attempts[0]!)}`];
}

function sayLoser({ write, record }: Loser): readonly string[] {
  return [`LOSER: ${sayWrite(write.effects[0]!.acknowledged)}`, sayConflict(record)];
}
