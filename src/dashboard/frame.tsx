// One picture as plain text: what `watch --once` prints.
import { renderToString } from "ink";
import type { Verdict } from "../model/verdict.ts";
import { Dashboard } from "./components/dashboard.tsx";
import type { Playing } from "./components/header.ts";
import { coloured, uncoloured } from "./components/paint.ts";
import type { Source } from "./hands.ts";
import type { Picture } from "./picture.ts";
import type { Ui } from "./ui.ts";

export interface FrameOf {
  columns: number;
  rows: number;
  colour: boolean;
  mode: Source["mode"];
  verdicts?: readonly Verdict[];
  playing?: Playing;
  /** What is chosen and open, where somebody steers. */
  ui?: Ui;
}

/** At most `rows - 1` lines, none wider than `columns`, without blanks at their ends. */
export function frame(picture: Picture, { colour, ...how }: FrameOf): string {
  const text = renderToString(<Dashboard picture={picture} paint={colour ? coloured : uncoloured} {...how} />, {
    columns: how.columns,
  });
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd();
}
