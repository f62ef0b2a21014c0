// What all charts over time have in common: where the axis begins and ends, how it is zoomed.
import type { Timeline } from "../timeline.ts";
import type { Theme } from "./chart.ts";
import { tick } from "./say.ts";

/** The same in every chart, so that times stand below each other. */
export const MARGIN = { left: 50, right: 14 } as const;

/** A little after the end, where marks of the end have room. */
export const axisEnd = ({ from, to }: Timeline): number => to + (to - from) * 0.008;

export function timeAxis(timeline: Timeline, theme: Theme, labels: boolean, gridIndex = 0) {
  return {
    type: "value",
    gridIndex,
    min: timeline.from,
    max: axisEnd(timeline),
    minInterval: 1, // the labels tell no parts of a millisecond
    axisLine: { show: labels, lineStyle: { color: theme.line } },
    axisTick: { show: labels, lineStyle: { color: theme.line } },
    axisLabel: {
      show: labels,
      color: theme.dim,
      fontSize: 11,
      hideOverlap: true,
      showMinLabel: false,
      showMaxLabel: false,
      formatter: tick,
    },
    splitLine: { show: true, lineStyle: { color: theme.line, opacity: 0.5 } },
  };
}

export function zooms(theme: Theme, xAxisIndex: readonly number[], slider: boolean): readonly object[] {
  const inside = {
    type: "inside",
    xAxisIndex,
    filterMode: "none",
    zoomOnMouseWheel: "ctrl", // the wheel alone scrolls the page
    moveOnMouseWheel: false,
    preventDefaultMouseMove: false,
  };
  if (!slider) return [inside];
  const bar = {
    type: "slider",
    xAxisIndex,
    filterMode: "none",
    ...MARGIN,
    bottom: 8,
    height: 18,
    showDetail: false,
    showDataShadow: false,
    brushSelect: false,
    borderColor: theme.line,
    backgroundColor: "transparent",
    fillerColor: theme.shade,
    handleStyle: { color: theme.paper, borderColor: theme.dim },
    moveHandleStyle: { color: theme.dim },
  };
  return [inside, bar];
}

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** undefined: all of it is outside. */
export function clipped(
  { x, y, width, height }: Rect,
  { x: left, width: room }: Pick<Rect, "x" | "width">,
): Rect | undefined {
  const [begin, end] = [Math.max(x, left), Math.min(x + width, left + room)];
  return end <= begin ? undefined : { x: begin, y, width: end - begin, height };
}
