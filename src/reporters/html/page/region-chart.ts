// One region over time: latency, answers, errors, lag and conflicts below each other, with the faults shaded.
import type { EChartsType } from "echarts/core";
import type { Point, RegionTimeline, Timeline, Window } from "../timeline.ts";
import { type Chart, chart, type Option, type Theme, tipOf, tooltip } from "./chart.ts";
import { digits, time } from "./say.ts";
import { axisEnd, MARGIN, timeAxis, zooms } from "./shared.ts";

const GRID_PX = 50;
const GAP_PX = 19;
const LABEL_PX = 14;
const MOST_LABEL_LANES = 3;
const AXIS_PX = 26;

interface Line {
  name: string;
  points: readonly Point[];
  colour(theme: Theme, own: string): string;
  dashed?: boolean;
  area?: boolean;
  step?: boolean;
  /** A bar on the axis rather than values. */
  thick?: boolean;
}

interface Grid {
  title: string;
  /** What only samples of a region know. */
  told?: (one: RegionTimeline) => readonly Point[];
  lines: readonly Line[];
  say(value: number): string;
  scale?(value: number): string;
  max: number;
  log?: boolean;
}

export function regionChart(
  timeline: Timeline,
  region: RegionTimeline,
  place: number,
  mounted: (i: EChartsType) => void,
): Chart {
  const grids = gridsOf(timeline, region);
  const touching = timeline.windows.filter(({ regions }) => regions.length === 0 || regions.includes(region.region));
  const lanes = Math.min(MOST_LABEL_LANES, touching.length);
  const top = lanes * LABEL_PX + GAP_PX;
  const height = top + grids.length * (GRID_PX + GAP_PX) - GAP_PX + AXIS_PX;
  const draw = (theme: Theme, widthPx: number) => option({ timeline, region, place, grids, top, widthPx }, theme);
  return chart(describe(region, touching), height, draw, mounted);
}

/** For those who do not see it. */
function describe({ region, p99, lag, unanswered }: RegionTimeline, windows: readonly Window[]): string {
  const faults = windows.map(({ label }) => label).join(", ") || "no fault";
  return (
    `${region} over time: slowest p99 ${digits(most(p99), 0)} ms, furthest behind ${digits(most(lag), 1)} s, ` +
    `at most ${digits(most(unanswered), 1)} unanswered per second; touched by ${faults}`
  );
}

const most = (points: readonly Point[]): number => points.reduce((max, [, value]) => Math.max(max, value ?? 0), 0);

/** From when to when, as a line on the axis with gaps. */
const spans = (list: RegionTimeline["unhealthy"]): readonly Point[] =>
  list.flatMap(([from, to]): Point[] => [
    [from, 0],
    [to, 0],
    [to, null],
  ]);

/** Scales are the same in every region: they are there to be compared. What no region told of itself is left out. */
function gridsOf({ regions }: Timeline, region: RegionTimeline): readonly Grid[] {
  const isTold = (of: (one: RegionTimeline) => readonly Point[]) =>
    regions.some((one) => of(one).some(([, y]) => y !== null));
  const grids = allGrids(regions, region);
  return grids.filter(({ told }) => told === undefined || isTold(told));
}

function allGrids(regions: readonly RegionTimeline[], region: RegionTimeline): readonly Grid[] {
  const max = (of: (one: RegionTimeline) => readonly Point[]) => Math.max(...regions.map((one) => most(of(one))));
  const alarming = ({ bad, dim }: Theme) => (most(region.unanswered) > 0 ? bad : dim);
  const slowest = max(({ p99 }) => p99);
  return [
    {
      title: "latency in ms (p50 solid, p99 dashed)",
      log: slowest > 200,
      max: Math.max(10, slowest),
      say: (ms) => time(ms),
      scale: (ms) => digits(ms, 0),
      lines: [
        { name: "p99", points: region.p99, dashed: true, colour: (_, own) => own },
        { name: "p50", points: region.p50, colour: (_, own) => own },
      ],
    },
    {
      title: "answered per second",
      max: Math.max(
        2,
        max(({ answered }) => answered),
      ),
      say: (n) => `${digits(n, 1)}/s`,
      lines: [{ name: "answered", points: region.answered, area: true, colour: (_, own) => own }],
    },
    {
      title: "not answered per second (thick: not healthy)",
      max: Math.max(
        2,
        max(({ unanswered }) => unanswered),
      ),
      say: (n) => `${digits(n, 1)}/s`,
      lines: [
        { name: "not answered", points: region.unanswered, area: true, step: true, colour: alarming },
        { name: "not healthy", points: spans(region.unhealthy), thick: true, colour: ({ bad }) => bad },
      ],
    },
    {
      title: "replication lag in s",
      told: ({ lag }) => lag,
      max: Math.max(
        1,
        max(({ lag }) => lag),
      ),
      say: (s) => `${digits(s, 2)} s`,
      lines: [{ name: "behind", points: region.lag, area: true, colour: ({ warn }) => warn }],
    },
    {
      title: "conflicts recorded",
      told: ({ conflicts }) => conflicts,
      max: Math.max(
        2,
        max(({ conflicts }) => conflicts),
      ),
      say: (n) => digits(n, 0),
      lines: [{ name: "conflicts", points: region.conflicts, step: true, colour: (_, own) => own }],
    },
  ];
}

/** Between two gaps there is no line, and yet it should be seen. */
function isAlone(points: readonly Point[], i: number): boolean {
  const known = (at: number) => (points[at]?.[1] ?? null) !== null;
  return known(i) && !known(i - 1) && !known(i + 1);
}

interface Drawn {
  timeline: Timeline;
  region: RegionTimeline;
  place: number;
  grids: readonly Grid[];
  top: number;
  widthPx: number;
}

function option(drawn: Drawn, theme: Theme): Option {
  const { timeline, region, place, grids, top } = drawn;
  const own = theme.colours[place % theme.colours.length]!;
  const indexes = grids.map((_, i) => i);
  const at = (i: number) => top + i * (GRID_PX + GAP_PX);
  return {
    animation: false,
    textStyle: { fontFamily: "inherit" },
    axisPointer: { link: [{ xAxisIndex: "all" }], lineStyle: { color: theme.dim } },
    grid: indexes.map((i) => ({ ...MARGIN, top: at(i), height: GRID_PX, outerBoundsMode: "none" })),
    xAxis: indexes.map((i) => ({
      ...timeAxis(timeline, theme, i === grids.length - 1, i),
      axisPointer: { show: true, snap: false, label: { show: false } },
    })),
    yAxis: grids.map((grid, i) => valueAxis(grid, i, theme)),
    dataZoom: zooms(theme, indexes, false),
    tooltip: {
      ...tooltip(theme),
      trigger: "axis",
      formatter: (shown: readonly { axisValue: number }[]) => tipAt(drawn, shown[0]?.axisValue ?? timeline.from),
    },
    series: grids.flatMap((grid, i) =>
      grid.lines.map((line, j) => ({
        type: "line",
        name: line.name,
        xAxisIndex: i,
        yAxisIndex: i,
        data: line.points.map(([x, y], i) => ({
          value: [x, grid.log && y !== null ? Math.max(1, y) : y],
          symbol: isAlone(line.points, i) ? "circle" : "none",
        })),
        showSymbol: true,
        symbolSize: 4,
        step: line.step ? "end" : false,
        connectNulls: false,
        color: line.colour(theme, own),
        lineStyle: { width: line.thick ? 6 : 1.5, type: line.dashed ? [4, 3] : "solid" },
        areaStyle: line.area ? { opacity: 0.18 } : undefined,
        emphasis: { disabled: true },
        markArea: j > 0 ? undefined : shades(drawn, region, theme, i === 0),
      })),
    ),
  };
}

function valueAxis({ title, log, max, scale = (value) => digits(value, 1) }: Grid, gridIndex: number, theme: Theme) {
  return {
    type: log ? "log" : "value",
    gridIndex,
    min: log ? 1 : 0,
    max: log ? 10 ** Math.ceil(Math.log10(max)) : nice(max),
    ...(log ? { splitNumber: 4 } : { interval: nice(max) / 2 }),
    name: title,
    nameLocation: "end",
    nameGap: 4,
    nameTextStyle: { color: theme.dim, fontSize: 11, align: "left" },
    axisLabel: { color: theme.dim, fontSize: 10, hideOverlap: true, formatter: scale },
    splitLine: { lineStyle: { color: theme.line, opacity: 0.5 } },
  };
}

/** 1, 2 or 5 times a power of ten: what halves well. */
function nice(max: number): number {
  const power = 10 ** Math.floor(Math.log10(max));
  return [1, 2, 4, 5, 10].map((n) => n * power).find((one) => one >= max)!;
}

/** Faults that touch this region are shaded and named; the others only outlined. */
function shades({ timeline, widthPx }: Drawn, { region }: RegionTimeline, theme: Theme, named: boolean) {
  const { windows, from, to } = timeline;
  const roomPx = widthPx - MARGIN.left;
  const perMs = (roomPx - MARGIN.right) / (axisEnd(timeline) - from);
  const lanes: number[] = [];
  const faults = windows.map((window) => {
    const end = window.to ?? to;
    const touches = window.regions.length === 0 || window.regions.includes(region);
    const text = `${window.label}${window.effective ? "" : " (no effect)"}`;
    const widthOf = text.length * 6.4 + 8;
    // A label of a fault near the end begins before it, so as to stay in the picture.
    const x = Math.max(0, Math.min((window.from - from) * perMs, roomPx - widthOf));
    const lane = touches && named ? laneFor(lanes, x, widthOf) : undefined;
    const label = {
      show: lane !== undefined,
      position: [2 + x - (window.from - from) * perMs, -LABEL_PX * ((lane ?? 0) + 1) - 14],
      color: theme.ink,
      fontSize: 11,
      fontWeight: 600,
    };
    return [
      {
        name: text,
        xAxis: window.from,
        label,
        itemStyle: {
          color: touches ? theme.shade : "transparent",
          borderColor: theme.warn,
          borderWidth: touches ? 1 : 0.5,
          borderType: touches ? "solid" : [2, 4],
        },
      },
      { xAxis: end },
    ];
  });
  return { silent: true, data: faults };
}

/** The first lane of labels in which it stands on no other; undefined when there is none. */
function laneFor(lanes: number[], x: number, width: number): number | undefined {
  for (let lane = 0; lane < MOST_LABEL_LANES; lane++) {
    if ((lanes[lane] ?? -Infinity) > x) continue;
    lanes[lane] = x + width;
    return lane;
  }
  return undefined;
}

function tipAt({ timeline, region, grids }: Drawn, at: number): HTMLElement {
  const rows = grids.flatMap(({ lines, say }) =>
    lines.flatMap(({ name, points, thick }) => {
      if (thick) return [];
      const value = valueAt(points, at);
      return [[name, value === null ? "–" : say(value)] as const];
    }),
  );
  const ill = region.unhealthy.some(([from, to]) => at >= from && at <= to);
  const faults = timeline.windows.filter(({ from, to }) => at >= from && at <= (to ?? Infinity));
  return tipOf(`${region.region} at ${time(at)}`, [
    ...rows,
    ["healthy", ill ? "no" : "yes"],
    ...faults.map(({ label }) => ["fault", label] as const),
  ]);
}

/** The point that is nearest. */
function valueAt(points: readonly Point[], at: number): number | null {
  let found: Point | undefined;
  for (const point of points)
    if (found === undefined || Math.abs(point[0] - at) < Math.abs(found[0] - at)) found = point;
  return found?.[1] ?? null;
}
