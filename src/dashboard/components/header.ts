// The first line: what is watched, and when.
import type { Picture, RunPicture } from "../picture.ts";
import { age, clockTime, figure } from "./say.ts";
import { clean, packed, type Row, rowWidth, toned } from "./text.ts";

/** A saved run as it plays, for one frame. */
export interface Playing {
  lengthMs: number;
  positionMs: number;
  isPlaying: boolean;
  speed: number;
}

export function headerRow(picture: Picture, playing: Playing | undefined, columns: number): Row {
  const cells = picture.run === undefined ? stackCells(picture) : runCells(picture, playing === undefined);
  if (playing === undefined) return packed(dotted(cells), columns, 0);
  const played = playedRow(playing);
  const room = columns - rowWidth(played) - 2;
  const head = packed(dotted(cells.slice(0, 3)), Math.max(0, room), 0);
  const bar = Math.min(MOST_BAR, columns - rowWidth(head) - rowWidth(played) - 4);
  if (room < 8) return packed([played], columns);
  return [...head, "  ", ...played, ...(bar >= FEWEST_BAR ? ["  ", ...positionBar(playing, bar)] : [])];
}

function stackCells({ stack, topology, at, acknowledged }: Picture): readonly Row[] {
  if (stack === undefined) return [[toned("strong", "regionctl watch")], ["waiting for the stack's first word"]];
  return [
    [toned("strong", clean(stack.name))],
    [`up for ${age(at)}`],
    [clean(stack.runtime)],
    ...(stack.gateway === undefined ? [] : [[clean(stack.gateway)]]),
    ...(topology === undefined || topology.name === stack.name ? [] : [[clean(topology.name)]]),
    [`${figure(acknowledged)} writes seen`],
  ];
}

function runCells({ run, stack, topology, at, acknowledged }: Picture, hasTime: boolean): readonly Row[] {
  if (run === undefined) return [];
  const { ended } = run;
  const time = clockTime(at - run.began);
  const end: Row = [toned(ended?.reason === "done" ? "good" : "bad", `ended: ${ended?.reason}`)];
  return [
    [toned("strong", clean(run.scenario.name))],
    ...(hasTime ? [[time]] : []),
    ended === undefined ? [stepWords(run)] : end,
    ...(stack === undefined ? [] : [[clean(stack.runtime)]]),
    ...(topology === undefined ? [] : [[clean(topology.name)]]),
    [`run ${clean(run.id)}`],
    [`${figure(acknowledged)} writes acknowledged`],
  ];
}

function stepWords({ scenario: { steps }, steps: begun }: RunPicture): string {
  const at = steps.findLastIndex(({ path }) => begun[path] !== undefined);
  return at === -1 ? `${steps.length} steps` : `step ${at + 1} of ${steps.length}`;
}

/** A separator belongs to what follows it, so that both go together where there is no room. */
const dotted = (cells: readonly Row[]) =>
  cells.map((cell, i): Row => (i === 0 ? cell : [toned("dim", " · "), ...cell]));

function playedRow({ isPlaying, speed, positionMs, lengthMs }: Playing): Row {
  const state = isPlaying ? toned("good", "▶ playing") : toned("notice", "‖ PAUSED");
  return [state, ` ${speed}x  ${clockTime(positionMs)} of ${clockTime(lengthMs)}`];
}

const FEWEST_BAR = 6;
const MOST_BAR = 60;

function positionBar({ positionMs, lengthMs }: Playing, columns: number): Row {
  const share = lengthMs <= 0 ? 1 : Math.min(1, Math.max(0, positionMs / lengthMs));
  const done = Math.round(share * (columns - 1));
  return [`${"━".repeat(done)}●`, toned("dim", "─".repeat(columns - 1 - done))];
}
