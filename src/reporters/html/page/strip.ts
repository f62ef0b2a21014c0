// Faults, steps and what proves the failures: a row each, as bars on the common axis of time.
import type { EChartsType } from "echarts/core";
import type { Timeline } from "../timeline.ts";
import { type Chart, chart, type Option, type Theme, tipOf, tooltip } from "./chart.ts";
import { clipped, MARGIN, timeAxis, zooms } from "./shared.ts";
import { MARKS, time } from "./say.ts";

const ROW_PX = 19;
const TOP_PX = 6;
const BOTTOM_PX = 64;

interface Row {
  kind: "fault" | "step" | "proof";
  label: string;
  from: number;
  to: number;
  /** It had not ended when the run did. */
  open: boolean;
  bad: boolean;
  /** Moments rather than a span. */
  moments?: readonly number[];
  tip: readonly (readonly [string, string])[];
}

interface Proof {
  text: string;
  /** What its expectation came to. */
  word: string;
  seq: number;
  at: number;
}

export function stripChart(timeline: Timeline, proofs: readonly Proof[], mounted: (i: EChartsType) => void): Chart {
  const rows = rowsOf(timeline, proofs);
  const height = TOP_PX + BOTTOM_PX + rows.length * ROW_PX;
  return chart("faults and steps over time", height, (theme) => option(timeline, rows, theme), mounted);
}

/** What is not known, and what is known to be so, is no alarm. */
const FAILING: ReadonlySet<string> = new Set(["failed", "errored"]);

function rowsOf({ windows, steps, to }: Timeline, proofs: readonly Proof[]): readonly Row[] {
  const faults = windows.map(({ label, id, from, to: end, measured, effective, regions }): Row => ({
    kind: "fault",
    label: effective ? label : `${label} (no effect)`,
    from,
    to: end ?? to,
    open: end === null,
    bad: !effective,
    tip: [
      ["fault", id],
      ["from", time(from)],
      ["to", end === null ? "it was not ended" : time(end)],
      ["touches", regions.join(", ") || "no region in particular"],
      ...measured.map((text) => ["measured", text] as const),
    ],
  }));
  const played = steps.map(({ path, text, line, from, to: end, verdict, detail }): Row => {
    const went = verdict === undefined || verdict === "passed" || verdict === "skipped";
    return {
      kind: "step",
      label: `${went ? "" : `${MARKS[verdict] ?? "?"} `}${path}  ${text}`,
      from,
      to: end ?? to,
      open: end === null,
      bad: !went,
      tip: [
        ["line", String(line)],
        ["from", time(from)],
        ["took", end === null ? "it did not end" : time(end - from)],
        ["came to", `${verdict ?? "nothing"}${detail === undefined ? "" : `: ${detail}`}`],
      ],
    };
  });
  const byText = new Map<string, Proof[]>();
  for (const proof of proofs) byText.set(proof.text, [...(byText.get(proof.text) ?? []), proof]);
  const proved = [...byText].slice(0, 8).map(([text, list]): Row => {
    const times = list.map(({ at }) => at);
    return {
      kind: "proof",
      label: `${MARKS[list[0]!.word] ?? "?"} ${text}`,
      from: Math.min(...times),
      to: Math.max(...times),
      open: false,
      bad: FAILING.has(list[0]!.word),
      moments: times,
      tip: list.map(({ seq, at }) => [`#${seq}`, time(at)] as const),
    };
  });
  return [...faults, ...played, ...proved];
}

function option(timeline: Timeline, rows: readonly Row[], theme: Theme): Option {
  return {
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: { ...MARGIN, top: TOP_PX, bottom: BOTTOM_PX, outerBoundsMode: "none" },
    xAxis: timeAxis(timeline, theme, true),
    yAxis: { type: "value", min: 0, max: rows.length, inverse: true, show: false },
    dataZoom: zooms(theme, [0], true),
    tooltip: {
      ...tooltip(theme),
      trigger: "item",
      formatter: ({ dataIndex }: { dataIndex: number }) => tipOf(rows[dataIndex]!.label, rows[dataIndex]!.tip),
    },
    series: [
      {
        type: "custom",
        clip: true,
        data: rows.map(({ from, to }, i) => [from, to, i]),
        encode: { x: [0, 1], y: 2 },
        renderItem: (params: RenderParams, api: RenderApi) => bar(rows[params.dataIndex]!, params, api, theme),
      },
    ],
  };
}

interface RenderParams {
  dataIndex: number;
  coordSys: { x: number; y: number; width: number; height: number };
}

interface RenderApi {
  value(dimension: number): number;
  coord(point: readonly [number, number]): [number, number];
}

function span(shape: object, colour: string, { kind, open }: Row) {
  const dashes = open ? { lineDash: [3, 2], fillOpacity: 0.5 } : {};
  const style = { fill: colour, stroke: colour, opacity: kind === "step" ? 0.75 : 0.9, ...dashes };
  return { type: "rect", shape: { ...shape, r: 2 }, style };
}

function moment(x: number, y: number, colour: string) {
  const points = [[x, y - 5], [x + 5, y], [x, y + 5], [x - 5, y]]; // prettier-ignore
  return { type: "polygon", shape: { points }, style: { fill: colour } };
}

const COLOURS: Readonly<Record<Row["kind"], (theme: Theme) => string>> = {
  fault: ({ warn }) => warn,
  step: ({ dim }) => dim,
  proof: ({ warn }) => warn,
};

function bar(row: Row, { coordSys }: RenderParams, api: RenderApi, theme: Theme) {
  const place = api.value(2);
  const [x0, y] = api.coord([row.from, place]);
  const [x1] = api.coord([row.to, place]);
  const colour = row.bad ? theme.bad : COLOURS[row.kind](theme);
  const width = Math.max(3, x1 - x0);
  const seen = clipped({ x: x0, y, width, height: ROW_PX }, coordSys);
  if (seen === undefined) return undefined;
  const beyond = seen.x + seen.width;
  // Where there is more room: after the bar, before it, or in it.
  const after = coordSys.x + coordSys.width - beyond;
  const before = seen.x - coordSys.x;
  const needed = row.label.length * 6.4;
  const inside = row.moments === undefined ? seen.width : 0;
  const side = after >= needed || after >= Math.max(before, inside) ? "after" : before >= inside ? "before" : "in";
  const text = {
    after: { x: beyond + 6, align: "left", width: after - 6 },
    before: { x: seen.x - 7, align: "right", width: before - 6 },
    in: { x: seen.x + 4, align: "left", width: seen.width - 8 },
  }[side];
  const thickness = row.kind === "step" && side !== "in" ? 6 : 12;
  const shape = { ...seen, y: y + (ROW_PX - thickness) / 2, height: thickness };
  return {
    type: "group",
    children: [
      ...(row.moments === undefined
        ? [span(shape, colour, row)]
        : row.moments.map((at) => moment(api.coord([at, place])[0], y + ROW_PX / 2, colour))),
      {
        type: "text",
        silent: true,
        style: {
          x: text.x,
          y: y + ROW_PX / 2,
          text: row.label,
          align: text.align,
          verticalAlign: "middle",
          overflow: "truncate",
          width: Math.max(10, text.width),
          fill: side === "in" ? theme.paper : row.bad ? theme.bad : row.kind === "proof" ? theme.warn : theme.ink,
          fontSize: 11,
          fontWeight: row.kind === "fault" ? 600 : 400,
        },
      },
    ],
  };
}
