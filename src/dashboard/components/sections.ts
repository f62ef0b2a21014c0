// What stands below the regions, as rows: faults, the steps and expectations of a run, the newest events, and what the last key did.
import type { Step } from "../../model/scenario.ts";
import type { Verdict } from "../../model/verdict.ts";
import { formatDuration } from "../../model/units.ts";
import type { FaultPicture, Line, Picture, RunPicture, StepPicture } from "../picture.ts";
import { nameOf, nodeOf, type Selection } from "../selection.ts";
import { sayFault } from "../lines.ts";
import { BESIDE, type Notice } from "../ui.ts";
import type { KeyHelp } from "../keys.ts";
import { stateRow } from "./region.ts";
import { age, clockTime, remaining } from "./say.ts";
import {
  clean,
  cutRow,
  flowed,
  packed,
  padStart,
  type Piece,
  type Row,
  rowWidth,
  type Tone,
  toned,
  widthOf,
  wrapped,
} from "./text.ts";

// --- faults ---

/** The newest where not all have room: each was begun because somebody wanted to see it. */
export function faultRows({ faults, at, run }: Picture, most: number): readonly Row[] {
  const left = run?.leftovers ?? [];
  if (faults.length === 0 && left.length > 0) return [[toned("bad", `LEFT OVER: ${clean(left.join("; "))}`)]];
  if (faults.length === 0) return [[toned("dim", "no fault is active")]];
  return windowed(faults.length, faults.length - 1, most, "faults", (i) => faultRow(faults[i]!, at));
}

export function faultRow({ fault, measured, effective }: FaultPicture, now: number): Row {
  const left =
    fault.until === undefined ? `for ${age(now - fault.since)}, until healed` : `${remaining(fault.until - now)} left`;
  const proof: readonly Piece[] =
    effective === false
      ? ["  ", toned("bad", `WITHOUT EFFECT: ${clean(measured ?? "")}`)]
      : measured === undefined
        ? [] // not yet, or before somebody came to watch
        : [toned("dim", `  ${clean(measured)}`)];
  return [toned("notice", clean(sayFault(fault))), `  ${left}`, ...proof];
}

// --- a run ---

const MARKS: Readonly<Record<StepPicture["state"] | "waiting", readonly [string, Tone | undefined]>> = {
  waiting: ["·", "dim"],
  running: ["▶", "strong"],
  passed: ["✓", "good"],
  failed: ["✗", "bad"],
  inconclusive: ["?", "notice"],
  errored: ["!", "bad"],
  skipped: ["-", "dim"],
};

/** A window around the step that runs, or the last one that did. */
export function stepRows(run: RunPicture, now: number, most: number): readonly Row[] {
  const { steps } = run.scenario;
  const begun = steps.findLastIndex(({ path }) => run.steps[path] !== undefined);
  return windowed(steps.length, Math.max(0, begun), most, "steps", (i) => stepRow(steps[i]!, run, now));
}

function stepRow(step: Step, { steps, ended, settling }: RunPicture, now: number): Row {
  const state = steps[step.path];
  const [mark, tone] = MARKS[state?.state ?? "waiting"];
  const head: Row = [
    toned(tone, mark),
    ` ${step.path} `,
    toned(state === undefined ? "dim" : undefined, clean(step.text)),
  ];
  if (state === undefined) return ended === undefined ? head : [...head, toned("dim", "  never begun")];
  const word = state.state === "passed" ? "" : `${state.state} `;
  const took = state.ended === undefined ? age(now - state.begun) : formatDuration(state.ended - state.begun);
  // Of steps inside this one the one that runs says the most.
  const inner = Object.values(steps).find((one) => one.state === "running" && one.path.startsWith(`${step.path}.`));
  const detail =
    state.state === "running" && step.verb === "settle" ? settlingWords(settling) : clean(state.detail ?? "");
  return [
    ...head,
    toned(tone === "strong" ? undefined : tone, `  ${word}${state.state === "skipped" ? "" : took}`),
    ...(inner === undefined ? [] : [toned("dim", `  at ${inner.path} ${clean(inner.text ?? "")}`)]),
    ...(detail === "" ? [] : [`  ${detail}`]),
  ];
}

function settlingWords(settling: RunPicture["settling"]): string {
  if (settling === undefined || settling.rounds === 0) return "";
  return settling.differing === null
    ? `round ${settling.rounds}`
    : `round ${settling.rounds}: ${settling.differing} keys differ`;
}

/** As they stand: what fails first. */
export function verdictRows(verdicts: readonly Verdict[], most: number): readonly Row[] {
  const order = verdicts.toSorted((one, other) => rank(one) - rank(other));
  return windowed(order.length, 0, most, "expectations", (i) => {
    const { valid, text, summary, knownGap } = order[i]!;
    const [mark, tone] = valid === "unknown" ? MARKS.inconclusive : valid ? MARKS.passed : MARKS.failed;
    const gap = knownGap === undefined ? "" : " (known gap)";
    return [toned(tone, mark), ` ${clean(text)}${gap}`, toned("dim", "  "), clean(summary)];
  });
}

const rank = ({ valid }: Verdict) => (valid === false ? 0 : valid === "unknown" ? 1 : 2);

/** At most `most` rows of so many, around one of them; how many are left out is said in the last row. */
function windowed(count: number, around: number, most: number, what: string, row: (i: number) => Row): readonly Row[] {
  if (most <= 0) return [];
  if (count <= most) return Array.from({ length: count }, (_, i) => row(i));
  const shown = most > 2 ? most - 1 : most;
  const first = Math.min(Math.max(0, around - Math.floor((shown - 1) / 2)), count - shown);
  const rows = Array.from({ length: shown }, (_, i) => row(first + i));
  const more = toned("dim", `… ${count - shown} more ${what}`);
  return shown === most ? rows : [...rows, [more]];
}

// --- events ---

const TONES: Readonly<Record<Line["tone"], Tone | undefined>> = {
  plain: undefined,
  good: "good",
  bad: "bad",
  notice: "notice",
};

/** The newest last, as a log is read. How often something happened is seen also where its text has no room. */
export function eventRows({ lines, run }: Picture, columns: number, most: number): readonly Row[] {
  const began = run?.began ?? 0;
  if (lines.length === 0) return most > 0 ? [[toned("dim", "nothing happened yet")]] : [];
  return lines.slice(lines.length - Math.min(most, lines.length)).map(({ at, tone, text, times = 1 }) => {
    const head: Row = [toned("dim", padStart(clockTime(at - began), 7)), "  ", toned(TONES[tone], clean(text))];
    if (times === 1) return head;
    const often = `  ${times} times`;
    return [...cutRow(head, Math.max(0, columns - often.length)), toned("dim", often)];
  });
}

// --- the last lines ---

const NOTICES: Readonly<Record<Notice["state"], readonly [string, Tone | undefined]>> = {
  doing: ["… ", "notice"],
  done: ["✓ ", "good"],
  failed: ["✗ ", "bad"],
  refused: ["✗ ", "notice"],
};

/** What the last key did, and below it what came of it, where there is room; before that, what is chosen. */
export function noticeRows(
  picture: Picture,
  chosen: Selection | undefined,
  notice: Notice | undefined,
  columns: number,
  most: number,
): readonly Row[] {
  if (most === 0) return [];
  const about = chosenRow(picture, chosen);
  if (notice === undefined) return most > 1 ? [[], about] : [about];
  const [mark, tone] = NOTICES[notice.state];
  const text = clean(notice.text);
  const result = notice.result === undefined ? undefined : clean(notice.result);
  const told: Row = [toned(tone, mark), text];
  if (most > 1) {
    const width = columns - widthOf(mark);
    const parts = text.split(BESIDE);
    // A line each, where there are as many; the last one is for the result, or for what is chosen.
    const done = widthOf(text) <= width || parts.length >= most ? [text] : parts;
    const all = result === undefined ? done : [...done, result];
    const rows = wrappedInto(all, width, result === undefined ? most - 1 : most).flatMap((lines, i) =>
      lines.map((line, j): Row => [
        i === 0 && j === 0 ? toned(tone, mark) : "  ",
        i === done.length ? toned(tone, line) : line,
      ]),
    );
    return result === undefined ? [...rows, about] : rows;
  }
  if (result === undefined) return [told];
  // In one line the reason of a failure comes first, and what was done to whom otherwise.
  const pieces: Row =
    notice.state === "failed" ? [toned(tone, mark + result), `  ${text}`] : [...told, toned("dim", `  ${result}`)];
  return [cutRow(pieces, columns)];
}

/** A line each, as many as there may be; what is left goes to those that need more, the later ones first. */
function wrappedInto(texts: readonly string[], width: number, most: number): readonly (readonly string[])[] {
  let left = Math.max(0, most - texts.length);
  return texts
    .toReversed()
    .map((text) => {
      const lines = wrapped(text, width, 1 + left);
      left -= lines.length - 1;
      return lines;
    })
    .toReversed();
}

export function chosenRow(picture: Picture, chosen: Selection | undefined): Row {
  if (chosen === undefined) return [];
  const node = chosen.type === "node" ? nodeOf(picture, chosen.name) : undefined;
  const name = toned("strong", `› ${nameOf(chosen)}`);
  if (node === undefined) return [name, toned("dim", `  ${chosen.type}`)];
  return [name, toned("dim", `  ${node.role} in ${node.region}  `), ...stateRow(node, picture.at)];
}

/** As many keys as fit; the first ones, how to get help and out, always stand at the end. */
export function keysRow(keys: readonly KeyHelp[], columns: number): Row {
  const cell = ({ keys, word }: KeyHelp): Row => [toned("strong", keys), toned("dim", ` ${word}`)];
  const [help, quit, ...rest] = keys;
  const last = flowed([cell(help!), cell(quit!)], columns, 1)[0]!;
  const room = columns - rowWidth(last) - 2;
  const cells = rest.map(cell).filter((one) => rowWidth(one) <= room);
  const first = packed(cells, room);
  return first.length === 0 ? last : [...first, "  ", ...last];
}
