// converges: after the last heal, with no more writes, every region comes to hold the same, within a bound; and what they hold
// was written by somebody. Equality alone is not enough: all empty is equal too, and so is everything lost alike.
import { z } from "zod";
import type { Final } from "../model/event.ts";
import { merge } from "../model/verdict.ts";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { accountingOf, agree } from "./accounting.ts";
import { durationMs } from "./args.ts";
import { factsOf } from "./history.ts";
import type { Facts, Recorded, Settled } from "./history.ts";
import { noLostWrites, whyOpen } from "./no-lost-writes.ts";
import { count, duration, judged, sayFinal, several, STORIES } from "./say.ts";
import { sameValue } from "./writes.ts";

const args = z.strictObject({ within: durationMs });
type Args = z.output<typeof args>;

export const converges: ExpectationWords<Args> = {
  name: "converges",
  summary: "After the last heal all regions come to hold the same, explained by what was written.",
  example: "- converges: { within: 10s }",
  args,
  judge(history, { within }) {
    const facts = factsOf(history);
    const open = whyOpen(facts);
    if (open !== undefined) return open;
    const settled = facts.settled!;
    if (settled.rounds.length === 0)
      return judged("unknown", "the regions were never compared after the last heal", [settled.healed.seq]);

    const parts = [equality(facts, settled, within), drained(settled, within), explained(facts, settled)];
    const losses = noLostWrites.judge(history, {});
    if (losses.valid === false)
      parts.push({
        valid: false,
        text: "acknowledged writes are lost",
        evidence: losses.evidence,
        story: losses.story,
      });
    else if (losses.valid === "unknown" && accountingOf(history).undecided.length > 0)
      parts.push({ valid: "unknown", text: "the fate of some writes is not known", evidence: losses.evidence });
    const wrong = parts.filter((part) => part.valid !== true);
    return judged(
      merge(parts.map((part) => part.valid)),
      [...parts.map((part) => part.text), times(facts, settled)].filter((text) => text !== "").join("; "),
      wrong.length > 0 ? wrong.flatMap((part) => part.evidence) : [settled.healed.seq, settled.rounds.at(-1)!.seq],
      wrong.flatMap((part) => part.story ?? []),
    );
  },
};

interface Part {
  valid: true | false | "unknown";
  text: string;
  evidence: readonly number[];
  story?: readonly string[];
}

/** Every key that was read or written, and every key that anybody looked at afterwards. */
function touchedKeys(facts: Facts, settled: Settled): readonly string[] {
  const looked = settled.rounds.flatMap((round) => round.differing);
  return [...new Set([...facts.keys.keys(), ...settled.finals.keys(), ...looked])];
}

/** All final reads agree, and the rounds of reading showed that within the bound. */
function equality(facts: Facts, settled: Settled, within: number): Part {
  const { healed, rounds, finals } = settled;
  const keys = touchedKeys(facts, settled);
  const unread = keys.filter((key) => !facts.run.topology.regions.every((region) => finals.get(key)?.has(region)));
  const unequal = keys.filter((key) => !unread.includes(key) && !agree(facts, finals.get(key)!));
  const last = rounds.at(-1)!;
  const lastDiffering = rounds.findLast((round) => round.differing.length > 0);
  const watched = last.at - healed.at;
  if (unequal.length > 0) {
    const held = unequal.slice(0, STORIES).map((key) => [...finals.get(key)!.values()]);
    return {
      valid: watched < within && last.differing.length > 0 ? "unknown" : false,
      text: `${several(unequal.length, "key")} of ${count(keys.length)} not equal everywhere ${duration(watched)} after the heal`,
      evidence: held.flat().map((final) => final.seq),
      story: held.map((finals) => `Key ${finals[0]!.key}: ${finals.map(sayFinal).join(", and ")}.`),
    };
  }
  if (unread.length > 0)
    return {
      valid: "unknown",
      text: `${several(unread.length, "key")} of ${count(keys.length)} not read in every region in the end`,
      evidence: [healed.seq],
      story: [`Not read everywhere: ${unread.slice(0, 10).join(", ")}.`],
    };
  const tookMs = lastDiffering === undefined ? 0 : lastDiffering.at - healed.at;
  if (tookMs > within)
    return {
      valid: false,
      text: `${several(lastDiffering!.differing.length, "key")} still differed ${duration(tookMs)} after the heal, allowed are ${duration(within)}`,
      evidence: [lastDiffering!.seq, healed.seq],
      story: [`Still different at event ${lastDiffering!.seq}: ${lastDiffering!.differing.slice(0, 10).join(", ")}.`],
    };
  return { valid: true, text: `${several(keys.length, "key")} equal everywhere`, evidence: [] };
}

/** Nothing is on its way any more: what is equal now stays equal. */
function drained({ healed, rounds }: Settled, within: number): Part {
  const last = rounds.at(-1)!;
  const evidence = [last.seq];
  const left = Object.entries(last.pending).filter(([, events]) => events !== 0);
  const known = left.filter(([, events]) => events !== null);
  if (known.length > 0)
    return {
      valid: last.at - healed.at < within ? "unknown" : false,
      text: `replication has not drained (${known.map(([region, events]) => `${region}: ${count(events!)}`).join(", ")})`,
      evidence,
    };
  if (left.length > 0)
    return {
      valid: "unknown",
      text: `whether replication has drained is not known (${left.map(([region]) => region).join(", ")})`,
      evidence,
    };
  return { valid: true, text: "", evidence: [] };
}

/** Each final value was written by somebody, or stood there from the start and nobody replaced it. */
function explained(facts: Facts, { finals }: Settled): Part {
  const strange = [...finals].flatMap(([key, held]) =>
    // A region that is behind may show what was replaced elsewhere: whether it catches up is the other question.
    agree(facts, held) ? [...held.values()].slice(0, 1).filter((final) => !isExplained(facts, key, final)) : [],
  );
  if (strange.length === 0) return { valid: true, text: "", evidence: [] };
  return {
    valid: false,
    text: `${several(strange.length, "final value")} that nobody wrote`,
    evidence: strange.map((final) => final.seq),
    story: strange.slice(0, STORIES).map((final) => `Key ${final.key}: ${sayFinal(final)}; no write explains that.`),
  };
}

function isExplained(facts: Facts, key: string, final: Recorded<Final>): boolean {
  const known = facts.keys.get(key);
  const writes = known?.writes ?? [];
  if (writes.some((write) => write.outcome !== "fail" && sameValue(write.value, final.value))) return true;
  if (writes.some((write) => write.outcome === "ok")) return false;
  // Nobody certainly wrote it, so the starting value may stand there: the one that reads saw.
  const reads = known?.reads ?? [];
  const starting = reads.filter(({ complete }) => !writes.some((write) => sameValue(write.value, complete?.value)));
  return starting.every(({ complete }) => sameValue(complete?.value, final.value));
}

/** The time until a key was the same everywhere, over all keys. */
function times(facts: Facts, settled: Settled): string {
  const lastDiffering = new Map<string, number>();
  for (const round of settled.rounds)
    for (const key of round.differing) lastDiffering.set(key, round.at - settled.healed.at);
  const sorted = touchedKeys(facts, settled)
    .map((key) => lastDiffering.get(key) ?? 0)
    .toSorted((a, b) => a - b);
  if (sorted.length === 0) return "";
  const p50 = sorted[Math.ceil(sorted.length / 2) - 1]!;
  return `time to converge p50 ${duration(p50)}, max ${duration(sorted.at(-1)!)}`;
}
