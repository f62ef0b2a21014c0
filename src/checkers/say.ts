// How verdicts speak: counts, times and operations in the same words everywhere.
import { formatDuration } from "../model/units.ts";
import type { Judgement, Validity } from "../model/verdict.ts";
import type { Operation, Recorded } from "./history.ts";
import type { ConflictEvent, Final, Surviving } from "../model/event.ts";
import { valueText } from "./writes.ts";

/** More than this many cases of one kind tell a reader nothing new. */
export const STORIES = 3;
const EVIDENCE = 20;

/** 2215 -> "2,215". */
export function count(n: number): string {
  return n.toLocaleString("en-US");
}

/** 1, "key" -> "1 key"; 2, "key" -> "2 keys". */
export function several(n: number, noun: string, plural = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : plural}`;
}

/** 1 -> "1 was seen"; 2 -> "2 were seen". */
export function wereSeen(n: number): string {
  return `${count(n)} ${n === 1 ? "was" : "were"} seen`;
}

/** "And 2 more like these.", after so many that were told; nothing when those are all. */
export function andMore(all: number, told: number): readonly string[] {
  return all > told ? [`And ${count(all - told)} more like ${told === 1 ? "this" : "these"}.`] : [];
}

/** A share that never rounds up to the bound that it missed. */
export function percent(part: number, whole: number): string {
  const floored = Math.floor((part / whole) * 10_000 + 1e-9) / 100;
  return `${floored}%`;
}

/** A moment on the runner's clock, to the millisecond however long it has run: moments are compared by eye, and with events. */
export function moment(at: number, decimals = 0): string {
  return `${at.toLocaleString("en-US", { maximumFractionDigits: decimals })} ms`;
}

export const duration = formatDuration;

/** 'client us-1 wrote 912 to key 7 in us at 812 ms (event 31), having seen us:3,eu:2'. */
export function sayWrite({ invoke, complete, servedIn }: Operation): string {
  const where =
    servedIn === undefined || servedIn === invoke.region
      ? invoke.region
      : `${invoke.region}, which ${servedIn} served,`;
  const seen = invoke.basis ?? (invoke.expected === undefined ? undefined : `version ${invoke.expected}`);
  const basis = seen === undefined ? "" : `, having seen ${seen}`;
  const answered = complete === undefined ? "" : `; answered at ${moment(complete.at)} (event ${complete.seq})`;
  const state = complete?.state === undefined ? "" : ` with ${complete.state}`;
  return (
    `Client ${invoke.client} wrote ${valueText(invoke.value)} to key ${invoke.key} in ${where} ` +
    `at ${moment(invoke.at)} (event ${invoke.seq})${basis}${answered}${state}.`
  );
}

/** 'Client eu-1 read 5 of key 7 in eu at 900 ms (event 40), at us:3,eu:2'. */
export function sayRead({ invoke, complete, servedIn }: Operation): string {
  const state = complete?.state === undefined ? "" : `, at ${complete.state}`;
  return (
    `Client ${invoke.client} read ${valueText(complete?.value)} of key ${invoke.key} in ${servedIn ?? invoke.region} ` +
    `at ${moment(invoke.at)} (event ${invoke.seq})${state}.`
  );
}

/** 'us holds 912 at us:4,eu:2 (event 99)'. */
export const sayFinal = (final: Recorded<Final>): string => sayReading(final, "holds");
/** The same of what it held just before a fault ended. */
export const sayHeld = (held: Recorded<Surviving>): string => sayReading(held, "held");

function sayReading(read: Recorded<Final | Surviving>, verb: string): string {
  if (read.outcome.type !== "ok") return `${read.region} could not be read: ${read.outcome.error} (event ${read.seq})`;
  const at = read.state ?? (read.version === undefined ? undefined : `version ${read.version}`);
  return `${read.region} ${verb} ${valueText(read.value)}${at === undefined ? "" : ` at ${at}`} (event ${read.seq})`;
}

export function sayConflict({ region, winner, loser, seq, kind }: Recorded<ConflictEvent>): string {
  const side = (write: ConflictEvent["winner"]) => (write ? `${valueText(write.value)} at ${write.state}` : "nothing");
  return `${region} recorded (${kind}, event ${seq}) that ${side(winner)} won over ${side(loser)}.`;
}

export function judged(
  valid: Validity,
  summary: string,
  evidence: readonly (number | undefined)[] = [],
  story: readonly string[] = [],
): Judgement {
  const numbers = [...new Set(evidence.filter((seq) => seq !== undefined))].slice(0, EVIDENCE);
  return story.length === 0 ? { valid, summary, evidence: numbers } : { valid, summary, evidence: numbers, story };
}
