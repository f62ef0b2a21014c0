// Plots that checkers made, drawn as they are: lines told apart by colour, dash and a name at their end.
import type { Axis, Plot } from "../../../model/plot.ts";
import type { ReportFacts } from "../facts.ts";
import { chart, type Option, type Theme, tipOf, tooltip } from "./chart.ts";
import { h, section } from "./dom.ts";
import { digits, tick } from "./say.ts";

const HEIGHT_PX = 280;
const DASHES: readonly (string | readonly number[])[] = ["solid", [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [1, 3]];

export function plots({ plots }: ReportFacts): HTMLElement | undefined {
  const drawn = plots.filter(({ series }) => series.some(({ points }) => points.length > 0));
  if (drawn.length === 0) return undefined;
  return section(
    "plots",
    "Replication as clients saw it",
    h(
      "div",
      { class: "plots" },
      ...drawn.map((plot) =>
        h(
          "figure",
          {},
          h("figcaption", {}, plot.title),
          h("p", { class: "note" }, plot.about),
          legend(plot),
          chart(plot.title, HEIGHT_PX, (theme) => option(plot, theme)).element,
        ),
      ),
    ),
  );
}

/** In the page and not in the chart: names can be long, and wrap. */
function legend({ series }: Plot): HTMLElement {
  return h(
    "ul",
    { class: "legend" },
    ...series.map(({ name }, i) => h("li", { class: `series-${(i % 7) + 1} dash-${i % DASHES.length}` }, name)),
  );
}

const SAY: Readonly<Record<Axis["unit"], (value: number) => string>> = {
  ms: tick,
  "%": (value) => `${digits(value, 1)} %`,
  count: (value) => digits(value, 0),
  versions: (value) => digits(value, 1),
};

function option({ x, y, series }: Plot, theme: Theme): Option {
  const crowded = isCrowded(series);
  return {
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: { left: 52, right: 32, top: 26, bottom: 44, outerBoundsMode: "none" },
    xAxis: { ...axis(x, theme), ...(crowded ? onLog(series) : {}), nameLocation: "middle", nameGap: 26 },
    yAxis: {
      ...axis(y, theme),
      nameLocation: "end",
      nameGap: 8,
      nameTextStyle: { color: theme.dim, fontSize: 11, align: "left", padding: [0, 0, 0, -40] },
      ...(y.unit === "%" ? { max: 100 } : {}),
    },
    tooltip: {
      ...tooltip(theme),
      trigger: "axis",
      formatter: (shown: readonly { axisValue: number; seriesName: string; data: readonly [number, number] }[]) =>
        tipOf(
          `${x.name} ${SAY[x.unit](shown[0]?.axisValue ?? 0)}`,
          shown.map(({ seriesName, data }) => [seriesName, SAY[y.unit](data[1])]),
        ),
    },
    series: series.map(({ name, points }, i) => ({
      type: "line",
      name,
      data: crowded ? points.map(([at, value]) => [Math.max(at, least(series)), value]) : points,
      showSymbol: points.length < 20,
      symbolSize: 5,
      color: theme.colours[i % theme.colours.length],
      lineStyle: { width: 2, type: DASHES[i % DASHES.length] },
      emphasis: { disabled: true },
    })),
  };
}

/** Most points stand in the first tenth: what happens there is what the plot is about. */
function isCrowded(series: Plot["series"]): boolean {
  const xs = series.flatMap(({ points }) => points.map(([at]) => at));
  const early = xs.filter((at) => at < Math.max(...xs) / 10);
  return Math.min(...xs) >= 0 && early.length > xs.length / 2;
}

const onLog = (series: Plot["series"]) => ({ type: "log", min: least(series) });

/** Nothing is nearer than this to the beginning; 0 has no place on such an axis. */
function least(series: Plot["series"]): number {
  const xs = series.flatMap(({ points }) => points.map(([at]) => at).filter((at) => at > 0));
  return 10 ** Math.floor(Math.log10(Math.min(...xs)));
}

function axis({ name, unit }: Axis, theme: Theme) {
  return {
    type: "value",
    name,
    min: 0,
    ...(unit === "ms" ? { minInterval: 1 } : {}), // the labels tell no parts of one
    nameTextStyle: { color: theme.dim, fontSize: 11 },
    axisLine: { lineStyle: { color: theme.line } },
    axisLabel: { color: theme.dim, fontSize: 11, hideOverlap: true, formatter: SAY[unit] },
    splitLine: { lineStyle: { color: theme.line, opacity: 0.5 } },
  };
}
