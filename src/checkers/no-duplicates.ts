// no-duplicates: each idempotency key took effect at most once, over all attempts, regions and restarts.
//
//   answers   all ok answers of one id name one state; the same id with another payload is refused
//   records   an id in two states of conflict records is two effects: accounted when a duplicate-request record says so
//   counters  each region's counter grew by what it acknowledged, and by what remained unanswered at most
import { z } from "zod";
import type { ConflictEvent } from "../model/event.ts";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { countEffects } from "./effects.ts";
import type { EffectCount, Miscount } from "./effects.ts";
import { append, factsOf } from "./history.ts";
import type { Facts, Operation, Recorded } from "./history.ts";
import { whyOpen } from "./no-lost-writes.ts";
import { andMore, count, judged, sayConflict, sayFinal, sayWrite, several, STORIES } from "./say.ts";
import { sameValue, vectorText } from "./writes.ts";
import type { Write } from "./writes.ts";

const args = z.strictObject({});

export const noDuplicates: ExpectationWords<z.output<typeof args>> = {
  name: "no-duplicates",
  summary: "Every idempotency key had one effect, or its duplicate is accounted for.",
  example: "- no-duplicates",
  args,
  judge(history) {
    const facts = factsOf(history);
    const ids = writesById(facts);
    const records = recordsById(facts);
    const accounted = new Set(
      [...records].filter(([, list]) => list.some((record) => record.kind === "duplicate-request")).map(([id]) => id),
    );
    const effects = countEffects(history, accounted);
    const open = whyOpen(facts);
    const cases = [
      ...[...ids].flatMap(([id, writes]) => doubled(facts, id, writes, accounted, records.get(id) ?? [])),
      ...(open === undefined ? effects.miscounts.map(sayMiscount) : []),
    ];
    if (cases.length > 0)
      return judged(
        false,
        `${summary(ids, accounted, effects)}: ${several(cases.length, "contradiction")}`,
        cases.flatMap((one) => one.evidence),
        [...cases.slice(0, STORIES).flatMap((one) => one.story), ...andMore(cases.length, STORIES)],
      );
    if (open !== undefined) return open;
    if (effects.counted === 0 && repeated(ids) === 0)
      return judged(
        "unknown",
        "no write was sent twice and no final state is a version vector: nothing here could have shown a duplicate",
      );
    if (effects.uncounted > 0 && effects.counted > 0)
      return judged("unknown", `${summary(ids, accounted, effects)}; ${count(effects.uncounted)} could not be counted`);
    return judged(true, summary(ids, accounted, effects));
  },
};

function summary(ids: ReadonlyMap<string, unknown>, accounted: ReadonlySet<string>, { counted }: EffectCount): string {
  const parts = [
    several(ids.size, "id"),
    `${count(repeated(ids as ReadonlyMap<string, readonly Write[]>))} sent more than once`,
    `${count(accounted.size)} accounted duplicates`,
    counted === 0
      ? "effects not counted (states are no version vectors)"
      : `effects counted for ${several(counted, "pair")} of key and region`,
  ];
  return parts.join(", ");
}

function repeated(ids: ReadonlyMap<string, readonly Write[]>): number {
  return [...ids.values()].filter((writes) => writes.length > 1 || writes[0]!.attempts.length > 1).length;
}

function writesById(facts: Facts): ReadonlyMap<string, readonly Write[]> {
  const ids = new Map<string, Write[]>();
  for (const write of facts.writes) if (write.id !== undefined) append(ids, write.id, write);
  return ids;
}

/** Records in which both sides, or two records' sides, are one id. */
function recordsById(facts: Facts): ReadonlyMap<string, readonly Recorded<ConflictEvent>[]> {
  const records = new Map<string, Recorded<ConflictEvent>[]>();
  for (const { conflicts } of facts.keys.values())
    for (const record of conflicts)
      for (const id of new Set([record.winner?.id, record.loser?.id]))
        if (id !== undefined) append(records, id, record);
  return records;
}

interface Case {
  evidence: readonly (number | undefined)[];
  story: readonly string[];
}

/** What contradicts "one effect" in the answers to one id and in the conflict records that name it. */
function doubled(
  facts: Facts,
  id: string,
  writes: readonly Write[],
  accounted: ReadonlySet<string>,
  records: readonly Recorded<ConflictEvent>[],
): readonly Case[] {
  if (records.length === 0 && writes.length === 1 && writes[0]!.attempts.length === 1) return []; // sent and told once
  const oks = writes.flatMap((write) => write.attempts.filter((attempt) => attempt.outcome.type === "ok"));
  const payloads = writes.filter((write) => write.outcome === "ok");
  if (payloads.length > 1)
    return [of(oks, [`Id ${id} was accepted with ${payloads.length} different payloads:`, ...payloads.map(sayFirst)])];

  const states = statesOf(facts, oks, records, id);
  if (states.size > 1 && !accounted.has(id)) {
    const said = `Id ${id} took effect ${states.size} times (${[...states].join(" and ")}), and no record accounts for it:`;
    const naming = records.filter((record) => [record.winner?.id, record.loser?.id].includes(id));
    return [
      of(oks, [said, ...oks.slice(0, STORIES).map(sayWrite), ...naming.slice(0, STORIES).map(sayConflict)], naming),
    ];
  }
  // One state, so one answer: a repeat that tells another value or version is a second effect in disguise.
  const first = oks[0]?.complete;
  const other = states.size > 1 ? undefined : oks.find(({ complete }) => first && complete && differs(first, complete));
  if (other === undefined) return [];
  return [of([oks[0]!, other], [`Id ${id} was answered in two ways:`, sayWrite(oks[0]!), sayWrite(other)])];
}

const of = (
  operations: readonly Operation[],
  story: readonly string[],
  records: readonly { seq: number }[] = [],
): Case => ({
  evidence: [...operations.map(({ complete }) => complete?.seq), ...records.map(({ seq }) => seq)],
  story,
});

const sayFirst = (write: Write): string =>
  sayWrite(write.attempts.find((attempt) => attempt.outcome.type === "ok") ?? write.attempts[0]!);

function differs(a: NonNullable<Operation["complete"]>, b: NonNullable<Operation["complete"]>): boolean {
  const told = (x: unknown, y: unknown) => x !== undefined && y !== undefined;
  return (
    (told(a.version, b.version) && a.version !== b.version) || (told(a.value, b.value) && !sameValue(a.value, b.value))
  );
}

/** The different states that answers and records name for one id. */
function statesOf(
  facts: Facts,
  oks: readonly Operation[],
  records: readonly Recorded<ConflictEvent>[],
  id: string,
): ReadonlySet<string> {
  const answered = oks.map(
    ({ complete }) => complete?.state ?? (complete?.version === undefined ? undefined : `version ${complete.version}`),
  );
  const recorded = records.flatMap(({ winner, loser }) => [winner, loser].filter((side) => side?.id === id));
  const states = [...answered, ...recorded.map((side) => side!.state)].filter((state) => state !== undefined);
  return new Set(
    states.map((state) => {
      const vector = facts.vector(state);
      return vector === undefined ? state : vectorText(vector);
    }),
  );
}

function sayMiscount({ kind, text, finals, writes }: Miscount): Case {
  const again = writes.filter((write) => write.attempts.length > 1).slice(0, STORIES);
  const ending =
    kind === "too many"
      ? "So something was applied more often than it was written."
      : "So an acknowledged write has no effect.";
  const suspects = again.length === 0 ? [] : ["Sent more than once:", ...again.map(sayFirst)];
  return {
    evidence: [...finals.map((final) => final.seq), ...again.map((write) => write.attempts.at(-1)?.complete?.seq)],
    story: [text, `${finals.map(sayFinal).join(", and ")}.`, ending, ...suspects],
  };
}
