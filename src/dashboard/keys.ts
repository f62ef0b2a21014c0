// Which key means what. A table, so that the help and the last line of the screen can be drawn from it.
import { ADDED_LATENCY, type DeedKey, DEEDS, isDeedKey } from "./deeds.ts";
import type { Player, Source } from "./hands.ts";
import type { Direction } from "./selection.ts";

/** What a person asks for by pressing a key. */
export type Ask =
  | { type: "move"; direction: Direction }
  | { type: "deed"; key: DeedKey }
  | { type: "traffic" | "conflict" | "write" | "open" | "close" | "help" | "quit" }
  | { type: "play"; how: (player: Player) => void };

/** The part of Ink's key that is looked at. */
export interface Pressed {
  upArrow?: boolean;
  downArrow?: boolean;
  leftArrow?: boolean;
  rightArrow?: boolean;
  return?: boolean;
  escape?: boolean;
  home?: boolean;
  end?: boolean;
  ctrl?: boolean;
  meta?: boolean;
}

/**
 * What was typed, in order: keys that are pressed quickly one after the other arrive together. Undefined for text that was pasted: its
 * letters are no keys, and must not kill anything.
 */
export function asked(input: string, key: Pressed): readonly Ask[] | undefined {
  if (key.ctrl) return input === "c" ? [{ type: "quit" }] : [];
  const named = NAMED.find(([name]) => key[name]);
  if (named !== undefined) return [named[1]];
  if (key.meta) return [];
  const letters = [...input];
  const isHeld = letters.every((letter) => letter === letters[0]);
  if (letters.length > MOST_AT_ONCE && !isHeld) return undefined;
  return letters.flatMap((letter) => TYPED[letter] ?? []);
}

const MOST_AT_ONCE = 4;

const seekBy = (ms: number): Ask => ({ type: "play", how: (player) => player.seek(player.positionMs() + ms) });
const toStart: Ask = { type: "play", how: (player) => player.seek(0) };
const toEnd: Ask = { type: "play", how: (player) => player.seek(player.lengthMs) };

const NAMED: readonly (readonly [keyof Pressed, Ask])[] = [
  ["upArrow", { type: "move", direction: "up" }],
  ["downArrow", { type: "move", direction: "down" }],
  ["leftArrow", { type: "move", direction: "left" }],
  ["rightArrow", { type: "move", direction: "right" }],
  ["return", { type: "open" }],
  ["escape", { type: "close" }],
  ["home", toStart],
  ["end", toEnd],
];

/** A saved run is no faster and no slower than these times real time. */
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64] as const;
const faster = (player: Player) => player.setSpeed(SPEEDS.find((speed) => speed > player.speed()) ?? SPEEDS.at(-1)!);
const slower = (player: Player) => player.setSpeed(SPEEDS.findLast((speed) => speed < player.speed()) ?? SPEEDS[0]);

const TYPED: Readonly<Record<string, Ask>> = {
  ...Object.fromEntries(
    Object.keys(DEEDS)
      .filter(isDeedKey)
      .map((key): [string, Ask] => [key, { type: "deed", key }]),
  ),
  t: { type: "traffic" },
  c: { type: "conflict" },
  w: { type: "write" },
  "\r": { type: "open" },
  "?": { type: "help" },
  q: { type: "quit" },
  " ": { type: "play", how: (player) => (player.playing() ? player.pause() : player.play()) },
  ",": seekBy(-1_000),
  ".": seekBy(1_000),
  "<": seekBy(-10_000),
  ">": seekBy(10_000),
  "+": { type: "play", how: faster },
  "=": { type: "play", how: faster }, // where + needs shift
  "-": { type: "play", how: slower },
  "0": toStart,
  $: toEnd,
};

export interface KeyHelp {
  keys: string;
  /** For the last line of the screen. */
  word: string;
  about: string;
}

const LOOKING: readonly KeyHelp[] = [
  { keys: "?", word: "help", about: "this help" },
  { keys: "q", word: "quit", about: "quit; what is watched goes on (Ctrl-C too)" },
  { keys: "Enter", word: "log", about: "details and live log of what is chosen; Esc closes" },
  { keys: "arrows", word: "choose", about: "choose a region, a node, or below them a link" },
];

const ACTING: readonly KeyHelp[] = [
  { keys: "k", word: "kill", about: "kill: a node, or all of a region" },
  { keys: "s", word: "start", about: "start what is DOWN" },
  { keys: "z", word: "pause", about: "pause; again resumes" },
  { keys: "x", word: "cut", about: "partition: cut a link, or a region's; again heals" },
  { keys: "h", word: "heal", about: "heal: end every fault" },
  { keys: "l", word: "slow", about: `latency: ${ADDED_LATENCY} more each way; again heals` },
  { keys: "o", word: "outage", about: "region-outage: nodes and links; again starts it" },
  { keys: "t", word: "traffic", about: "traffic in the background, on and off" },
  { keys: "c", word: "conflict", about: "conflict: one row written in two regions at once" },
  { keys: "w", word: "write", about: "write what was done so far as a scenario" },
];

const PLAYING: readonly KeyHelp[] = [
  { keys: "space", word: "pause", about: "play, pause" },
  { keys: ", .", word: "1 s", about: "a second back, a second on" },
  { keys: "< >", word: "10 s", about: "ten seconds back, ten seconds on" },
  { keys: "- +", word: "speed", about: "slower, faster (0.25 to 64 times real time)" },
  { keys: "0 $", word: "ends", about: "to the start, to the end (Home and End too)" },
];

/** The keys that mean something here, the most needed first. */
export const KEYS: Readonly<Record<Source["mode"], readonly KeyHelp[]>> = {
  stack: [...LOOKING.slice(0, 2), ...ACTING, ...LOOKING.slice(2)],
  run: LOOKING,
  saved: [...LOOKING.slice(0, 2), ...PLAYING, ...LOOKING.slice(2)],
};

/** Why a key that acts does nothing where there are no hands. */
export const NO_HANDS: Readonly<Record<Source["mode"], string>> = {
  stack: "this dashboard only looks: nothing can be done to this stack from here",
  run: "a scenario is playing: its steps do the breaking",
  saved: "this is a saved run: what happened has happened; space plays and pauses it",
};
export const NO_PLAYER = "this is live: only a saved run can be played, paused and sought in (regionctl watch RUN)";
