// The operations of each counterexample, key by key: who asked what, from when to when, and what came of it; what else
// happened on that key around them, for context; what the regions held and recorded.
import { factsOf, type Operation } from "../../checkers/history.ts";
import { valueText } from "../../checkers/writes.ts";
import type { ConflictEvent, Event, Final, Surviving } from "../../model/event.ts";
import { consequence, type Verdict } from "../../model/verdict.ts";

export interface Scene {
  key: string;
  /** Places in the list of verdicts: whose counterexample this is. */
  verdicts: readonly number[];
  bars: readonly Bar[];
  marks: readonly Mark[];
  /** Operations on this key that are not shown. */
  leftOut: number;
}

/** An operation. */
export interface Bar {
  op: number;
  client: string;
  region: string;
  servedIn?: string;
  kind: "read" | "write";
  /** "1000.4 → us:0,eu:2". */
  label: string;
  from: number;
  /** When the answer came; null: none did. */
  to: number | null;
  outcome: "ok" | "fail" | "unknown";
  error?: string;
  /** It is one of those that contradict each other; the others are its neighbours. */
  involved: boolean;
  seq: number;
  endSeq?: number;
}

/** What a region held, or recorded, at one moment. */
export interface Mark {
  row: string;
  region: string;
  at: number;
  label: string;
  seq: number;
}

/** More numbers, or lines, than these nobody follows. */
export const MOST_EVIDENCE = 60;
export const MOST_STORY = 60;
const MOST_SCENES = 12;
const MOST_INVOLVED = 24;
const MOST_NEIGHBOURS = 12;
const MOST_MARKS = 24;

/** These are about time, not about what was read and written: no set of operations contradicts itself. */
const ABOUT_TIME: ReadonlySet<string> = new Set(["available", "latency", "lag", "recovers"]);

/** Known gaps too: what does not hold is worth seeing, also when it was expected. */
export function isBroken(verdict: Verdict): boolean {
  return verdict.valid === false || (verdict.valid === "unknown" && consequence(verdict) !== "passed");
}

/** The events that a verdict points at: its evidence first, then those that its story names. */
export function eventsOf({ evidence, story = [] }: Verdict): readonly number[] {
  const told = story
    .slice(0, MOST_STORY)
    .flatMap((line) => [...line.matchAll(/\bevent (\d+)/g)].map((match) => Number(match[1])));
  return [...new Set([...evidence.slice(0, MOST_EVIDENCE), ...told])];
}

interface Sketch {
  verdicts: Set<number>;
  operations: Set<Operation>;
  marks: Map<number, Mark>;
}

export function scenesOf(history: readonly Event[], verdicts: readonly Verdict[]): readonly Scene[] {
  const facts = factsOf(history);
  const find = finder(history);
  const byOp = new Map(facts.operations.map((operation) => [operation.invoke.op, operation]));
  const sketches = new Map<string, Sketch>();
  for (const [place, verdict] of verdicts.entries()) {
    if (verdict.valid !== false || ABOUT_TIME.has(verdict.name)) continue;
    for (const seq of eventsOf(verdict)) {
      const event = find(seq);
      if (event === undefined) continue;
      const operation = event.type === "invoke" || event.type === "complete" ? byOp.get(event.op) : undefined;
      const mark = markOf(event);
      const key = operation?.invoke.key ?? mark?.key;
      if (key === undefined) continue;
      const sketch = sketches.get(key) ?? { verdicts: new Set(), operations: new Set(), marks: new Map() };
      sketches.set(key, sketch);
      sketch.verdicts.add(place);
      if (operation !== undefined) sketch.operations.add(operation);
      if (mark !== undefined) sketch.marks.set(seq, mark.mark);
    }
  }
  return [...sketches]
    .filter(([, { operations, marks }]) => operations.size + marks.size > 0)
    .slice(0, MOST_SCENES)
    .map(([key, sketch]) => draw(key, sketch, facts.operations));
}

function draw(key: string, sketch: Sketch, all: readonly Operation[]): Scene {
  const onKey = all.filter(({ invoke }) => invoke.key === key);
  const marks = [...sketch.marks.values()].slice(0, MOST_MARKS);
  const involved = [...sketch.operations].slice(0, MOST_INVOLVED);
  // What wrote the values that a region holds in the end is part of the story, also where the verdict names only the values.
  const shown = new Set([...involved, ...(involved.length > 0 ? [] : onKey.filter(isAnsweredWrite).slice(-4))]);
  const moments = [...shown].flatMap(({ invoke, complete }) => [invoke.at, complete?.at ?? invoke.at]);
  const around = moments.length > 0 ? moments : marks.map(({ at }) => at);
  const neighbours = onKey
    .filter((operation) => !shown.has(operation))
    .map((operation) => ({ operation, distance: distanceTo(around, operation) }))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, MOST_NEIGHBOURS)
    .map(({ operation }) => operation);
  const bars = [...[...shown].map((one) => barOf(one, true)), ...neighbours.map((one) => barOf(one, false))];
  return {
    key,
    verdicts: [...sketch.verdicts],
    bars: bars.toSorted((a, b) => a.from - b.from),
    marks: marks.toSorted((a, b) => a.at - b.at),
    leftOut: onKey.length - bars.length,
  };
}

const isAnsweredWrite = ({ invoke, outcome }: Operation): boolean => invoke.kind === "write" && outcome.type === "ok";

/** Writes explain more than reads do: a read counts as twice as far away. */
function distanceTo(moments: readonly number[], { invoke }: Operation): number {
  const nearest = Math.min(...moments.map((moment) => Math.abs(moment - invoke.at)));
  return invoke.kind === "write" ? nearest : nearest * 2;
}

function barOf({ invoke, complete, outcome, servedIn }: Operation, involved: boolean): Bar {
  const value = short(valueText(invoke.kind === "write" ? invoke.value : complete?.value));
  const state = complete?.state ?? (complete?.version === undefined ? undefined : `version ${complete.version}`);
  const refused = complete?.status === undefined ? "refused" : String(complete.status);
  const came = { ok: state ?? "ok", fail: refused, unknown: "no answer" }[outcome.type];
  const known = invoke.kind === "write" || outcome.type === "ok";
  return {
    op: invoke.op,
    client: invoke.client,
    region: invoke.region,
    servedIn,
    kind: invoke.kind,
    label: `${known ? `${value} ` : ""}${invoke.kind === "write" ? "→" : "at"} ${short(came)}`,
    from: invoke.at,
    to: complete?.at ?? null,
    outcome: outcome.type,
    error: outcome.type === "ok" ? undefined : outcome.error,
    involved,
    seq: invoke.seq,
    endSeq: complete?.seq,
  };
}

function markOf(event: Event): { key: string; mark: Mark } | undefined {
  if (event.type === "final") return { key: event.key, mark: reading(event, `${event.region} in the end`) };
  if (event.type === "surviving") return { key: event.key, mark: reading(event, `${event.region} survived with`) };
  if (event.type === "conflict") return { key: event.key, mark: recorded(event) };
  return undefined;
}

function reading(event: (Final | Surviving) & { at: number; seq: number }, row: string): Mark {
  const { region, at, seq, outcome, value, state, version } = event;
  const known = state ?? (version === undefined ? undefined : `version ${version}`);
  const label = outcome.type === "ok" ? `${short(valueText(value))}${known ? ` at ${known}` : ""}` : outcome.error;
  return { row, region, at, seq, label: short(label) };
}

function recorded(event: ConflictEvent & { at: number; seq: number }): Mark {
  const { region, at, seq, kind, winner, loser } = event;
  const side = (write: ConflictEvent["winner"]) => (write ? short(valueText(write.value)) : "nothing");
  return { row: `${region} recorded`, region, at, seq, label: `${kind}: ${side(winner)} won over ${side(loser)}` };
}

/** Numbers of events grow, but need not begin with 1: a stack counts them over its life. */
export function finder(history: readonly Event[]): (seq: number) => Event | undefined {
  return (seq) => {
    let [low, high] = [0, history.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = history[middle]!;
      if (found.seq === seq) return found;
      if (found.seq < seq) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  };
}

const MOST_LETTERS = 60;
export const short = (text: string | undefined): string =>
  text === undefined ? "nothing" : text.length <= MOST_LETTERS ? text : `${text.slice(0, MOST_LETTERS - 1)}…`;
