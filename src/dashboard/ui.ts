// What a dashboard remembers beside the picture: what is chosen, which pane is open, and what the last key did. A reducer, so that
// every key can be tested without a screen.
import { yamlOf } from "./deeds.ts";
import type { Deed } from "./hands.ts";
import type { Picture } from "./picture.ts";
import { type Direction, moved, nowChosen, type Selection } from "./selection.ts";

export interface Ui {
  /** What was chosen last; what counts is `nowChosen` of it in the picture that is shown. */
  chosen?: Selection;
  pane: "none" | "detail" | "help";
  notice?: Notice;
  /** On their way, the oldest first. */
  doing: readonly Doing[];
  /** The number of the next one. */
  next: number;
  /** The log that the detail pane shows. */
  log?: NodeLog;
}

export interface NodeLog {
  node: string;
  /** Undefined: it could not be read, and `trouble` says why. */
  lines?: readonly string[];
  trouble?: string;
}

export interface Doing {
  number: number;
  /** What is asked for: the same is not asked for twice at once. */
  what: string;
  /** As it was told when it began. */
  text: string;
}

/** What the last key did, or why it did nothing. */
export interface Notice {
  state: "doing" | "done" | "failed" | "refused";
  /** The thing that was begun; another one may have been, meanwhile. */
  number?: number;
  /** The command and the step side by side, or the reason. */
  text: string;
  /** What came of it. */
  result?: string;
}

export const INITIAL: Ui = { pane: "none", doing: [], next: 1 };

export type Action =
  | { type: "move"; direction: Direction; picture: Picture }
  | { type: "open" | "close" | "help" | "played" }
  | { type: "refuse"; why: string }
  | { type: "begin"; what: string; text: string }
  | { type: "done"; number: number; result: string; deed?: Deed }
  | { type: "failed"; number: number; why: string }
  | { type: "log"; log: NodeLog };

export function reduce(ui: Ui, action: Action): Ui {
  return (REDUCERS[action.type] as (ui: Ui, action: Action) => Ui)(ui, action);
}

type Reducers = { readonly [T in Action["type"]]: (ui: Ui, action: Extract<Action, { type: T }>) => Ui };

const REDUCERS: Reducers = {
  move: (ui, { direction, picture }) => ({
    ...ui,
    chosen: moved(ui.chosen, direction, picture),
    notice: settled(ui.notice),
  }),
  open: (ui) => ({ ...ui, pane: ui.pane === "none" ? "detail" : "none", log: undefined }),
  close: (ui) => ({ ...ui, pane: "none", log: undefined, notice: settled(ui.notice) }),
  help: (ui) => ({ ...ui, pane: ui.pane === "help" ? "none" : "help" }),
  played: (ui) => ({ ...ui, notice: settled(ui.notice) }),
  refuse: (ui, { why }) => ({ ...ui, notice: { state: "refused", text: why } }),
  begin: (ui, { what, text }) => ({
    ...ui,
    next: ui.next + 1,
    doing: [...ui.doing, { number: ui.next, what, text }],
    notice: { state: "doing", number: ui.next, text },
  }),
  done: (ui, { number, result, deed }) => {
    const after = { ...ui, doing: without(ui.doing, number) };
    // Of what was begun the newest is told; a key that did nothing has been read by now, and is in nobody's way.
    if (ui.notice?.number !== undefined && ui.notice.number > number) return after;
    const text = deed === undefined ? textOf(ui, number) : sideBySide(deed);
    return { ...after, notice: { state: "done", number, text, result } };
  },
  // What went wrong is told, whatever else was done since.
  failed: (ui, { number, why }) => ({
    ...ui,
    doing: without(ui.doing, number),
    notice: { state: "failed", number, text: textOf(ui, number), result: why },
  }),
  log: (ui, { log }) => ({ ...ui, log }),
};

const textOf = (ui: Ui, number: number) => ui.doing.find((one) => one.number === number)?.text ?? "";
const without = (doing: readonly Doing[], number: number) => doing.filter((one) => one.number !== number);

/** What has been read is gone with the next step; what is still on its way stays to be seen. */
const settled = (notice: Notice | undefined) => (notice?.state === "doing" ? notice : undefined);

/** Between a command and the YAML that does the same, where both have room in one line. */
export const BESIDE = "   ·   ";
export const sideBySide = ({ command, step, before = [] }: Deed) =>
  [command, ...[...before, step].map(yamlOf)].join(BESIDE);

export const chosenIn = (ui: Ui, picture: Picture) => nowChosen(ui.chosen, picture);
