// Tones as colours, for those who want them: red is bad, yellow asks for attention, green is well. Words carry it all.
import { Chalk } from "chalk";
import { type Row, type Tone, toned } from "./text.ts";

export type Paint = (row: Row) => string;

const chalk = new Chalk({ level: 1 }); // the sixteen colours that every terminal has, in the shades that its owner chose

const COLOURS: Readonly<Record<Tone, (text: string) => string>> = {
  good: chalk.green,
  bad: chalk.red.bold,
  notice: chalk.yellow,
  dim: chalk.dim,
  strong: chalk.bold,
};

export const coloured: Paint = (row) =>
  row.map((piece) => (typeof piece === "string" ? piece : COLOURS[piece.tone](piece.text))).join("");

/** Not one escape sequence. */
export const uncoloured: Paint = (row) => row.map((piece) => (typeof piece === "string" ? piece : piece.text)).join("");

export const STATE_TONES = { up: "good", paused: "notice", starting: "notice", down: "bad" } as const;
const STATE_WORDS = { up: "up", paused: "PAUSED", starting: "starting", down: "DOWN" } as const;
export type State = keyof typeof STATE_WORDS;

export const stateWord = (state: State) => STATE_WORDS[state];
export const statePiece = (state: State) => toned(STATE_TONES[state], STATE_WORDS[state]);
