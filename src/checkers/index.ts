// The table of all expectations, and the judge: history -> verdicts. A new checker is a file and a line here.
import type { Event } from "../model/event.ts";
import type { Expectation } from "../model/scenario.ts";
import { consequence, worst } from "../model/verdict.ts";
import type { Judgement, RunVerdict, Verdict } from "../model/verdict.ts";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { always } from "./always.ts";
import type { Question } from "./always.ts";
import { available } from "./available.ts";
import { conflicts } from "./conflicts.ts";
import { converges } from "./converges.ts";
import { factsOf } from "./history.ts";
import { lag } from "./lag.ts";
import { latency } from "./latency.ts";
import { linearizable } from "./linearizable.ts";
import { monotonicReads } from "./monotonic-reads.ts";
import { monotonicWrites } from "./monotonic-writes.ts";
import { noDuplicates } from "./no-duplicates.ts";
import { noLostWrites } from "./no-lost-writes.ts";
import { readYourWrites } from "./read-your-writes.ts";
import { recovers } from "./recovers.ts";
import { rpo } from "./rpo.ts";
import { staleness } from "./staleness.ts";
import { writesFollowReads } from "./writes-follow-reads.ts";

export const expectations: Readonly<Record<string, ExpectationWords>> = {
  available: row(available),
  recovers: row(recovers),
  rpo: row(rpo),
  lag: row(lag),
  latency: row(latency),
  "no-lost-writes": row(noLostWrites),
  "no-duplicates": row(noDuplicates),
  converges: row(converges),
  conflicts: row(conflicts),
  linearizable: row(linearizable),
  "read-your-writes": row(readYourWrites),
  "monotonic-reads": row(monotonicReads),
  "monotonic-writes": row(monotonicWrites),
  "writes-follow-reads": row(writesFollowReads),
  staleness: row(staleness),
};

/** What the scenario expects, as written, then what every run is asked. Pure: the same history, the same verdicts. */
export function judge(history: readonly Event[]): Verdict[] {
  return [...judgeExpected(history), ...always.map((one) => asked(history, one))];
}

/** Only what is expected: of a history that somebody else recorded nothing else can be asked. */
export function judgeExpected(history: readonly Event[]): Verdict[] {
  return factsOf(history).run.scenario.expect.map((expectation) => expected(history, expectation));
}

/** What they come to together. Nothing judged has proved nothing. */
export function verdictOf(verdicts: readonly Verdict[]): RunVerdict {
  return verdicts.length === 0 ? "inconclusive" : worst(verdicts.map(consequence));
}

function expected(history: readonly Event[], { name, args, text, line, knownGap }: Expectation): Verdict {
  const judgement = guarded(() => {
    const words = Object.hasOwn(expectations, name) ? expectations[name] : undefined;
    if (words !== undefined) return words.judge(history, args as never);
    return { valid: "unknown", summary: `this regionctl has no checker "${name}"`, evidence: [] };
  });
  return { name, text, line, weight: "failed", knownGap, ...judgement };
}

function asked(history: readonly Event[], { name, text, weight, ask }: Question): Verdict {
  return { name, text, weight, ...guarded(() => ask(history)) };
}

/** A checker that throws has proved nothing. */
function guarded<J extends Judgement>(judge: () => J): J | Judgement {
  try {
    return judge();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { valid: "unknown", summary: `the checker itself failed: ${message}`, evidence: [] };
  }
}

/** A row forgets the type of its arguments: what its `args` parses is what its `judge` takes. */
function row<A>(words: ExpectationWords<A>): ExpectationWords {
  return words as unknown as ExpectationWords;
}
