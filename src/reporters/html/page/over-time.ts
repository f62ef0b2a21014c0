// How it went, on one axis of time: the steps and faults as a strip, and below it what the clients of each region got and what
// the region said of itself. Zooming one zooms all.
import type { EChartsType } from "echarts/core";
import type { ReportFacts } from "../facts.ts";
import type { Timeline } from "../timeline.ts";
import { type Chart, zoomOf } from "./chart.ts";
import { button, h, section } from "./dom.ts";
import { regionChart } from "./region-chart.ts";
import { stripChart } from "./strip.ts";
import { digits, tick } from "./say.ts";
import { axisEnd } from "./shared.ts";

export function overTime({ timeline, expectations, events }: ReportFacts): HTMLElement | undefined {
  const { windows, steps, windowsLeftOut, stepsLeftOut } = timeline;
  if (timeline.to - timeline.from <= 1 && windows.length + steps.length === 0) return undefined; // nothing was played
  const linked: EChartsType[] = [];
  const link = (instance: EChartsType) => {
    linked.push(instance);
    instance.on("datazoom", () => follow(instance, linked));
  };
  const at = new Map(events.map((event) => [event.seq, event.at]));
  const proofs = expectations
    .filter(({ comes, gapIsOpen }) => comes !== "passed" || gapIsOpen)
    .flatMap(({ text, comes, gapIsOpen, evidence }) =>
      evidence.slice(0, 8).map((seq) => ({ text, word: gapIsOpen ? "gap" : comes, seq, at: at.get(seq)! })),
    )
    .filter((proof) => proof.at !== undefined);
  const strip = windows.length + steps.length > 0 ? [stripChart(timeline, proofs, link)] : [];
  const charts = timeline.regions.map((region, i) => regionChart(timeline, region, i, link));
  const left = [
    windowsLeftOut > 0 ? `${digits(windowsLeftOut, 0)} more faults` : "",
    stepsLeftOut > 0 ? `${digits(stepsLeftOut, 0)} more steps` : "",
  ].filter((text) => text !== "");
  return section(
    "over-time",
    "Over time",
    zoomButtons(timeline, [...strip, ...charts]),
    left.length > 0 && h("p", { class: "note" }, `Not drawn: ${left.join(", ")}.`),
    ...strip.map(({ element }) => h("figure", {}, h("figcaption", {}, "Faults and steps"), element)),
    ...charts.map(({ element }, i) =>
      h("figure", { class: `region series-${(i % 7) + 1}` }, h("figcaption", {}, timeline.regions[i]!.region), element),
    ),
  );
}

let following = false;

function follow(leader: EChartsType, all: readonly EChartsType[]): void {
  const zoom = zoomOf(leader);
  if (following || zoom === undefined) return;
  following = true;
  for (const other of all) if (other !== leader) other.dispatchAction({ type: "dataZoom", ...zoom });
  following = false;
}

const MOST_BUTTONS = 8;

/** By keyboard and without precision: the whole, and each fault with what is around it. */
function zoomButtons(timeline: Timeline, charts: readonly Chart[]): HTMLElement {
  const { from, windows } = timeline;
  const to = axisEnd(timeline);
  const zoom = (start: number, end: number) => () => {
    const share = (at: number) => Math.max(0, Math.min(100, ((at - from) / (to - from)) * 100));
    charts[0]?.instance()?.dispatchAction({ type: "dataZoom", start: share(start), end: share(end) });
  };
  return h(
    "div",
    { class: "zooms", role: "group", "aria-label": "zoom" },
    h("span", {}, "zoom"),
    button("the whole run", {}, zoom(from, to)),
    ...windows.slice(0, MOST_BUTTONS).map(({ label, ...window }) => {
      const end = window.to ?? to;
      const around = Math.max(300, (end - window.from) * 0.5);
      return button(`${label}, ${tick(window.from)}`, {}, zoom(window.from - around, end + around));
    }),
    h("span", { class: "hint" }, "or Ctrl and the wheel, or drag"),
  );
}
