// How a session guarantee is said: what the walk over all sessions found (sweep.ts), as counts, parts and sentences.
import { z } from "zod";
import type { Event } from "../../model/event.ts";
import type { Part } from "../../model/verdict.ts";
import type { ExpectationWords } from "../../model/vocabulary.ts";
import { faultsOf, sayFault } from "../faults.ts";
import type { FaultWindow } from "../faults.ts";
import { factsOf } from "../history.ts";
import type { Facts, Operation } from "../history.ts";
import { andMore, count, judged, sayRead, sayWrite, several, STORIES } from "../say.ts";
import { NUMBER } from "./columns.ts";
import type { Columns } from "./columns.ts";
import { PARTS, sessionsOf } from "./sweep.ts";
import type { Contradiction, Guarantee, Tally } from "./sweep.ts";
import { faultAt } from "./windows.ts";
import { witnessOf } from "./witness.ts";

const args = z.strictObject({});
type Args = z.output<typeof args>;

export interface Rule {
  name: string;
  guarantee: Guarantee;
  summary: string;
  /** What is counted. */
  later: "read" | "write";
  /** What each of them is compared with, to go on after "no acknowledged read followed". */
  earlier: string;
  /** What it means that the later one does not cover the earlier one; the sentence goes on with where and when. */
  so: string;
  /** Others who saw the later write without what came before it make the case complete. */
  witnessed?: boolean;
}

export function sessionGuarantee(rule: Rule): ExpectationWords<Args> {
  return {
    name: rule.name,
    summary: rule.summary,
    example: `- ${rule.name}`,
    args,
    judge(history) {
      const facts = factsOf(history);
      const { columns, [rule.guarantee]: tally } = sessionsOf(history);
      const breakdown = PARTS.map((of, part): Part => {
        return { of, checked: tally.checked[part]!, violated: tally.violated[part]! };
      });
      const [checked, violated] = [sum(tally.checked), sum(tally.violated)];
      if (checked === 0) return { ...judged("unknown", nothing(rule, tally)), breakdown };
      const summary = [
        `${several(checked, rule.later)} checked, ${violated === 0 ? "none" : count(violated)} violated: ${sayParts(tally)}`,
        ...(tally.apart === 0 ? [] : [`${several(tally.apart, rule.later)} ${LEFT_OUT}`]),
        ...sayUnanswered(columns, rule),
      ].join("; ");
      if (violated === 0) return { ...judged(true, summary), breakdown };
      const told = mostTelling(tally);
      return {
        ...judged(
          false,
          summary,
          told.flatMap((one) => evidenceOf(facts, columns, rule, one)),
          [...told.flatMap((one) => story(history, columns, rule, one)), ...andMore(violated, told.length)],
        ),
        breakdown,
      };
    },
  };
}

const LEFT_OUT = "not compared with all that came before: only version vectors compare across regions";

function nothing({ later, earlier }: Rule, { apart }: Tally): string {
  return apart === 0
    ? `nothing to check: no acknowledged ${later} followed ${earlier}`
    : `nothing could be checked: ${several(apart, later)} followed ${earlier}, ${LEFT_OUT}`;
}

/** "same region 0 of 45,000, moved region 12 of 3,201; inside fault windows 10 of 400". */
function sayParts({ checked, violated }: Tally): string {
  const of = (...parts: readonly number[]) =>
    `${count(sum(parts.map((part) => violated[part]!)))} of ${count(sum(parts.map((part) => checked[part]!)))}`;
  return `same region ${of(0, 2)}, moved region ${of(1, 3)}; inside fault windows ${of(2, 3)}`;
}

function sayUnanswered({ unanswered }: Columns, { later }: Rule): readonly string[] {
  const dropped = unanswered[later === "read" ? "reads" : "writes"];
  return dropped === 0 ? [] : [`${count(dropped)} unanswered, which say nothing`];
}

/** What contradicts itself in one region, and with nothing done to it, first; of each part its first before anybody's second. */
function mostTelling({ cases }: Tally): readonly Contradiction[] {
  const ranked = [0, 1, 2].flatMap((rank) => [0, 2, 1, 3].flatMap((part) => cases[part]![rank] ?? []));
  return ranked.slice(0, STORIES);
}

/** The answers before the questions: they hold the states that contradict each other. */
function evidenceOf(facts: Facts, columns: Columns, rule: Rule, one: Contradiction): readonly (number | undefined)[] {
  const [later, earlier] = operationsOf(columns, one);
  const witness = rule.witnessed ? witnessOf(facts, columns, one) : undefined;
  return [
    later.complete?.seq,
    earlier.complete?.seq,
    later.invoke.seq,
    earlier.invoke.seq,
    ...(witness ? [witness.complete?.seq, witness.invoke.seq] : []),
  ];
}

function operationsOf(
  { operations }: Columns,
  { later, earlier }: Contradiction,
): [later: Operation, earlier: Operation] {
  return [operations[later]!, operations[earlier]!];
}

function story(history: readonly Event[], columns: Columns, rule: Rule, one: Contradiction): readonly string[] {
  const [later, earlier] = operationsOf(columns, one);
  const witness = rule.witnessed ? witnessOf(factsOf(history), columns, one) : undefined;
  const [after, before] = [one.later, one.earlier].map((place) => positionText(columns, place));
  const relation = columns.position[one.later] === NUMBER ? "is less than" : "does not cover";
  return [
    say(earlier),
    say(later),
    `But ${after} ${relation} ${before}: ${rule.so}, ${sayWhere(columns, one)}${sayWhen(faultsOf(history), later)}.`,
    ...(witness ? [`Somebody saw it so: ${say(witness)}`] : []),
  ];
}

function say(operation: Operation): string {
  return operation.invoke.kind === "read" ? sayRead(operation) : sayWrite(operation);
}

function positionText({ operations, position, version }: Columns, place: number): string {
  return position[place] === NUMBER ? `version ${version[place]}` : (operations[place]!.complete?.state ?? "");
}

function sayWhere({ servedIn, places }: Columns, { later, earlier }: Contradiction): string {
  const [now, before] = [places[servedIn[later]!], places[servedIn[earlier]!]];
  return now === before ? `although ${now} answered both` : `having moved from ${before} to ${now}`;
}

function sayWhen(windows: readonly FaultWindow[], { invoke, completed }: Operation): string {
  const window = faultAt(windows, invoke.at, completed);
  if (window === undefined) return ", with no fault in force";
  return window.to < invoke.at ? `, just after ${sayFault(window)}` : `, during ${sayFault(window)}`;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
