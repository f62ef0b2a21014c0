// The counterexamples, drawn: who asked what of a key, from when to when. A row per client, what contradicts itself in full
// colour with its value beside it, its neighbours faint.
import type { ReportFacts } from "../facts.ts";
import type { Bar, Mark, Scene } from "../scenes.ts";
import { h, section, svg } from "./dom.ts";
import { type Events, Panel } from "./events.ts";
import { digits, tick, time } from "./say.ts";
import { lanesOf, type Warp, warpOf } from "./warp.ts";

const GUTTER_PX = 124;
const RIGHT_PX = 16;
const LEAST_WIDTH_PX = 620;
const BAR_PX = 13;
const LANE_PX = 30;
const FAINT_LANE_PX = 17;
const AXIS_PX = 18;
const LETTER_PX = 6.7;
const LEAST_BAR_PX = 5;

export function scenes(facts: ReportFacts, events: Events): HTMLElement | undefined {
  if (facts.scenes.length === 0) return undefined;
  const regions = facts.timeline.regions.map(({ region }) => region);
  return section(
    "counterexamples",
    "Counterexamples",
    h(
      "p",
      { class: "note" },
      "What each client asked, from when to when. Full bars are the operations that contradict each other, faint ones happened on the same key around them. Grey bands leave out time in which nothing happened. Each bar opens its events.",
    ),
    legend(regions),
    ...facts.scenes.map((scene) => figure(scene, facts, regions, events)),
  );
}

function legend(regions: readonly string[]): HTMLElement {
  const sample = (kind: string, words: string) =>
    h(
      "li",
      {},
      svg(
        "svg",
        { class: "sample", width: 26, height: 13, "aria-hidden": "true" },
        svg("rect", { x: 1, y: 1, width: 24, height: 11, rx: 2, class: `bar involved ${kind}` }),
      ),
      words,
    );
  return h(
    "ul",
    { class: "legend" },
    ...regions.map((region, i) => sample(`write ok series-${(i % 7) + 1}`, region)),
    sample("write ok", "write"),
    sample("read ok", "read"),
    sample("write fail", "refused"),
    sample("write unknown", "no answer: it may have been done"),
  );
}

function figure(scene: Scene, { expectations }: ReportFacts, regions: readonly string[], events: Events): HTMLElement {
  const panel = new Panel();
  const against = scene.verdicts.map((place) => expectations[place]!.text);
  const holder = h("div", {
    class: "scrolling",
    tabindex: 0,
    role: "region",
    "aria-label": `operations on key ${scene.key}`,
  });
  let width = 0;
  const redraw = () => {
    const now = Math.max(LEAST_WIDTH_PX, holder.clientWidth);
    if (now === width) return;
    width = now;
    holder.replaceChildren(picture(scene, regions, width, (seqs) => seqs.forEach((seq) => events.show(seq, panel))));
  };
  new ResizeObserver(redraw).observe(holder);
  const left = scene.leftOut > 0 ? ` ${digits(scene.leftOut, 0)} more operations on this key are not drawn.` : "";
  return h(
    "figure",
    { class: "scene", id: `key-${scene.key}` },
    h("figcaption", {}, `Key ${scene.key}`, h("small", {}, ` contradicts ${against.join(", ")}.${left}`)),
    holder,
    panel.element,
  );
}

type Show = (seqs: readonly number[]) => void;

interface Item {
  row: string;
  x: number;
  width: number;
  label: string;
  /** Where its label begins, when it is not below its beginning. */
  labelX: number;
  show: readonly number[];
  bar?: Bar;
  mark?: Mark;
}

function picture(scene: Scene, regions: readonly string[], width: number, show: Show): SVGElement {
  const room = width - GUTTER_PX - RIGHT_PX;
  const spans = [
    ...scene.bars.map(({ from, to }) => ({ from, to: to ?? from })),
    ...scene.marks.map(({ at }) => ({ from: at, to: at })),
  ];
  const warp = warpOf(spans);
  const x = (at: number) => GUTTER_PX + warp.place(at) * room;
  const items = [
    ...scene.bars.map((bar) => barItem(bar, x, width)),
    ...scene.marks.map((mark) => markItem(mark, x, width)),
  ];
  const names = [...new Set(items.map(({ row }) => row))].toSorted((a, b) => rank(items, a) - rank(items, b));
  let y = 8;
  const rows = names.map((name) => {
    const own = items.filter(({ row }) => row === name).toSorted((a, b) => a.x - b.x);
    const told = own.filter(({ label }) => label !== "");
    const lanes = lanesOf(own.map(extent));
    const laneHeight = told.length > 0 ? LANE_PX : FAINT_LANE_PX;
    const height = (Math.max(...lanes) + 1) * laneHeight + 5;
    const drawn = own.map((item, i) => drawItem(item, y + lanes[i]! * laneHeight, regions, show));
    const row = svg(
      "g",
      {},
      svg(
        "text",
        {
          x: GUTTER_PX - 10,
          y: y + BAR_PX / 2 + 3,
          class: told.length > 0 ? "who" : "who faint",
          "text-anchor": "end",
        },
        shortName(name),
      ),
      svg("line", { x1: 0, x2: width, y1: y + height - 3, y2: y + height - 3, class: "rule" }),
      ...drawn,
    );
    y += height;
    return row;
  });
  const height = y + AXIS_PX;
  return svg(
    "svg",
    { width, height, role: "group", "aria-label": `operations on key ${scene.key}, ${scene.bars.length} bars` },
    hatches(),
    ...breakMarks(warp, room, y),
    ...axis(warp, x, y, width),
    ...rows,
  );
}

/** Clients in the order in which they come, those of the contradiction first; then what the regions say. */
function rank(items: readonly Item[], row: string): number {
  const own = items.filter((item) => item.row === row);
  const first = Math.min(...own.map(({ x }) => x));
  if (own.some(({ mark }) => mark)) return 2e6 + first;
  return own.some(({ bar }) => bar?.involved) ? first : 1e6 + first;
}

const shortName = (name: string) => (name.length <= 18 ? name : `${name.slice(0, 17)}…`);

function barItem(bar: Bar, x: (at: number) => number, width: number): Item {
  const from = x(bar.from);
  const to = bar.to === null ? width - RIGHT_PX + 6 : x(bar.to);
  const long = Math.max(LEAST_BAR_PX, to - from);
  const label = bar.involved ? `${bar.kind === "write" ? "w" : "r"} ${bar.label}` : "";
  const show = bar.endSeq === undefined ? [bar.seq] : [bar.seq, bar.endSeq];
  return { row: bar.client, x: from, width: long, label, labelX: labelStart(from, label, width), show, bar };
}

function markItem(mark: Mark, x: (at: number) => number, width: number): Item {
  const at = x(mark.at);
  return {
    row: mark.row,
    x: at,
    width: LEAST_BAR_PX,
    label: mark.label,
    labelX: labelStart(at, mark.label, width),
    show: [mark.seq],
    mark,
  };
}

/** Below its beginning, or as far to the left as it takes to stay in the picture. */
const labelStart = (x: number, label: string, width: number) =>
  Math.max(GUTTER_PX, Math.min(x, width - 4 - label.length * LETTER_PX));

const extent = ({ x, width, label, labelX }: Item) => ({
  from: Math.min(x, label === "" ? x : labelX),
  to: Math.max(x + width + 2, label === "" ? 0 : labelX + label.length * LETTER_PX + 8),
});

function drawItem(item: Item, y: number, regions: readonly string[], show: Show): SVGElement {
  const { bar, mark, x, width, label, labelX } = item;
  const series = `series-${(Math.max(0, regions.indexOf((bar ?? mark)!.region)) % 7) + 1}`;
  const shape = bar
    ? svg("rect", {
        x,
        y,
        width,
        height: BAR_PX,
        rx: 2,
        class: `bar ${bar.kind} ${bar.outcome} ${bar.involved ? "involved" : "near"} ${series}`,
      })
    : svg("path", { d: `M${x} ${y} l6.5 6.5 l-6.5 6.5 l-6.5 -6.5z`, class: `bar mark involved ok ${series}` });
  const group = svg(
    "g",
    { class: "item", tabindex: 0, role: "button", "data-op": bar?.op, "aria-label": describe(item) },
    svg("title", {}, describe(item)),
    // A bar of a millisecond is as easy to hit as a long one.
    svg("rect", {
      x: Math.min(x - 4, labelX),
      y: y - 1,
      width: Math.max(width + 8, label.length * LETTER_PX),
      height: label === "" ? BAR_PX + 2 : LANE_PX - 2,
      class: "hit",
    }),
    shape,
    label !== "" && svg("text", { x: labelX, y: y + BAR_PX + 11, class: "value" }, label),
  );
  group.addEventListener("click", () => show(item.show));
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    show(item.show);
  });
  return group;
}

function describe({ bar, mark, label, show }: Item): string {
  const numbers = show.map((seq) => `#${seq}`).join(" ");
  if (mark) return `${mark.row}: ${label}, at ${time(mark.at)} (${numbers})`;
  const { client, kind, region, servedIn, from, to, error } = bar!;
  const served = servedIn !== undefined && servedIn !== region ? `, served by ${servedIn}` : "";
  const until = to === null ? " and never answered" : ` to ${time(to)}`;
  return `${client}: ${kind} in ${region}${served}, ${time(from)}${until}: ${bar!.label}${error === undefined ? "" : `: ${error}`} (${numbers})`;
}

function hatches(): SVGElement {
  const stripes = (id: string) =>
    svg(
      "pattern",
      { id, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("line", { x1: 0, y1: 0, x2: 0, y2: 5, class: "hatch" }),
    );
  return svg("defs", {}, stripes("hatch"));
}

function breakMarks({ breaks }: Warp, room: number, height: number): readonly SVGElement[] {
  return breaks.map(({ from, to, ms }) => {
    const [begin, end] = [GUTTER_PX + from * room, GUTTER_PX + to * room];
    return svg(
      "g",
      { class: "break" },
      svg("title", {}, `${tick(ms)} left out`),
      svg("rect", { x: begin, y: 0, width: end - begin, height }),
      tick(ms).length * 6 < end - begin &&
        svg("text", { x: (begin + end) / 2, y: 12, "text-anchor": "middle" }, tick(ms)),
    );
  });
}

/** Moments below the axis, where there is room for them. */
function axis({ starts, end }: Warp, x: (at: number) => number, y: number, width: number): readonly SVGElement[] {
  let free = 0;
  return [...starts, end].flatMap((at) => {
    const text = time(at);
    const half = (text.length * 6.4) / 2;
    const middle = Math.min(width - half - 2, x(at));
    if (middle - half < free) return [];
    free = middle + half + 8;
    return [
      svg("line", { x1: x(at), x2: x(at), y1: 0, y2: y, class: "tick" }),
      svg("text", { x: middle, y: y + 11, class: "when", "text-anchor": "middle" }, text),
    ];
  });
}
