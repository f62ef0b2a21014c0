// Charts: ECharts with only what is drawn here, as SVG (its text can be read, found and printed). Every chart is drawn anew when
// the colours change, and fits the width it has.
import { CustomChart, LineChart } from "echarts/charts";
import {
  DataZoomInsideComponent,
  DataZoomSliderComponent,
  GridComponent,
  MarkAreaComponent,
  TooltipComponent,
} from "echarts/components";
import { type EChartsCoreOption, type EChartsType, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { h } from "./dom.ts";

use([
  CustomChart,
  LineChart,
  DataZoomInsideComponent,
  DataZoomSliderComponent,
  GridComponent,
  MarkAreaComponent,
  TooltipComponent,
  SVGRenderer,
]);

export interface Theme {
  ink: string;
  dim: string;
  line: string;
  paper: string;
  good: string;
  bad: string;
  warn: string;
  shade: string;
  /** One per region, told apart also by those who see colours otherwise. */
  colours: readonly string[];
}

export type Option = EChartsCoreOption;

export interface Chart {
  element: HTMLElement;
  /** undefined until it is in the page. */
  instance(): EChartsType | undefined;
}

const PRINTED_PX = 620;
const drawings: { redraw(): void; resize(width?: number): void }[] = [];

/** `option` is asked again for every width and scheme. */
export function chart(
  label: string,
  heightPx: number,
  option: (theme: Theme, widthPx: number) => Option,
  mounted?: (instance: EChartsType) => void,
): Chart {
  const element = h("div", { class: "chart", role: "img", "aria-label": label, style: `height:${heightPx}px` });
  let instance: EChartsType | undefined;
  const drawing = {
    redraw() {
      if (element.clientWidth === 0) return;
      if (instance === undefined) {
        instance = init(element, undefined, { renderer: "svg" });
        mounted?.(instance);
      }
      instance.setOption(option(theme(), element.clientWidth), { notMerge: true });
    },
    resize(width?: number) {
      if (instance === undefined) return this.redraw();
      const zoomed = zoomOf(instance);
      instance.resize({ width: width ?? "auto" }); // a width that was once set stays, unless it is said
      instance.setOption(option(theme(), width ?? element.clientWidth), { notMerge: true });
      if (zoomed !== undefined) instance.dispatchAction({ type: "dataZoom", ...zoomed });
    },
  };
  drawings.push(drawing);
  return { element, instance: () => instance };
}

/** Draws all charts, once they are in the page, and keeps them fitting. */
export function drawCharts(): void {
  let width = 0;
  for (const { redraw } of drawings) redraw();
  const fit = () => {
    if (document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    for (const drawing of drawings) drawing.resize();
  };
  width = document.body.clientWidth;
  new ResizeObserver(fit).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const drawing of drawings) drawing.resize();
  });
  // Paper is white and narrower than a screen.
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printing");
    for (const drawing of drawings) drawing.resize(PRINTED_PX);
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    for (const drawing of drawings) drawing.resize();
  });
}

export interface Zoom {
  start: number;
  end: number;
}

export function zoomOf(instance: EChartsType): Zoom | undefined {
  const zooms = (instance.getOption() as { dataZoom?: readonly Zoom[] } | undefined)?.dataZoom;
  const first = zooms?.[0];
  return first === undefined ? undefined : { start: first.start, end: first.end };
}

/** The colours stand in the style sheet alone, for both schemes. */
function theme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"),
    dim: of("dim"),
    line: of("line"),
    paper: of("paper"),
    good: of("good"),
    bad: of("bad"),
    warn: of("warn"),
    shade: of("shade"),
    colours: [1, 2, 3, 4, 5, 6, 7].map((n) => of(`series-${n}`)),
  };
}

/** What tooltips look like everywhere. Their contents are elements made of text nodes, never HTML. */
export function tooltip(theme: Theme) {
  return {
    backgroundColor: theme.paper,
    borderColor: theme.line,
    padding: 0,
    confine: true,
    transitionDuration: 0,
    textStyle: { color: theme.ink, fontSize: 12 },
  };
}

export function tipOf(title: string, rows: readonly (readonly [string, string])[]): HTMLElement {
  return h(
    "div",
    { class: "tip" },
    h("b", {}, title),
    h("dl", {}, ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
  );
}
