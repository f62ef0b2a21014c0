// The whole screen: a pure view of a picture, and of what a person chose and did.
import { Box } from "ink";
import { memo, type ReactElement } from "react";
import type { Verdict } from "../../model/verdict.ts";
import type { Source } from "../hands.ts";
import { KEYS } from "../keys.ts";
import type { Picture } from "../picture.ts";
import { isChosen, nameOf, type Selection } from "../selection.ts";
import { chosenIn, type Ui } from "../ui.ts";
import { detailRows } from "./detail.ts";
import { headerRow, type Playing } from "./header.ts";
import { helpRows } from "./help.ts";
import {
  bandsOf,
  formAbove,
  frameOf,
  GAP,
  type Heights,
  leastOf,
  mostNotice,
  planOf,
  type Plan,
  regionForm,
  type RegionForm,
  type SectionName,
  SECTIONS,
  usualNotice,
} from "./layout.ts";
import { Lines } from "./lines.tsx";
import { type Cell, cellRows, edgeCells, linkCells } from "./map.ts";
import type { Paint } from "./paint.ts";
import { columnHeight, columnRows, type Figures, type RegionView, regionViews, shortRows } from "./region.ts";
import { eventRows, faultRows, keysRow, noticeRows, stepRows, verdictRows } from "./sections.ts";
import { besideLabel, cutRow, labelled, type Row, toned, widthOf } from "./text.ts";

export interface DashboardProps {
  picture: Picture;
  /** Absent: nobody steers, so nothing is chosen and no key means anything. */
  ui?: Ui;
  mode: Source["mode"];
  columns: number;
  rows: number;
  paint: Paint;
  /** Of a saved run. */
  playing?: Playing;
  verdicts?: readonly Verdict[];
}

export function Dashboard(props: DashboardProps): ReactElement {
  const { picture, ui, mode, columns, rows, paint } = props;
  const chosen = ui && chosenIn(ui, picture);
  const size = { columns, rows };
  const isSteered = ui !== undefined && ui.pane !== "help";
  const usual = usualNotice(size);
  const usualBody = frameOf(size, isSteered ? usual : 0).body;
  const stage = stageOf(props, chosen, usualBody);
  // What a key did takes its lines from the events, or from a log: the regions stay where they are.
  const spare = Math.max(0, usualBody - stage.form.height - stage.besides);
  const said = noticeRows(picture, chosen, ui?.notice, columns, Math.min(mostNotice(size), usual + spare));
  const { notice, keys, body } = frameOf(size, isSteered ? said.length : 0);
  const lines = (rows: readonly Row[], height: number) => <Lines {...{ rows, columns, height, paint }} />;
  return (
    <Box flexDirection="column">
      {lines([headerRow(picture, props.playing, columns)], 1)}
      <Body {...props} {...{ chosen, stage }} height={body} />
      {lines(said, notice)}
      {lines([keysRow(KEYS[mode], columns)], keys)}
    </Box>
  );
}

/** What stands between the first line and the last ones, and how the regions stand in it. */
interface Stage {
  views: readonly RegionView[];
  edge: readonly Cell[];
  links: readonly Cell[];
  /** The rows that each section has. */
  wanted: Heights;
  form: RegionForm;
  /** The lines that are needed below the regions. */
  besides: number;
}

function stageOf(
  { picture, ui, columns, verdicts = [] }: DashboardProps,
  chosen: Selection | undefined,
  height: number,
): Stage {
  const views = regionViews(picture, chosen);
  const nodes = views.map((view) => view.nodes.length);
  const width = besideLabel(columns);
  const edge = edgeCells(picture, chosen);
  const links = linkCells(picture, chosen);
  const wanted: Heights = {
    edge: cellRows(edge, width).length,
    links: cellRows(links, width).length,
    faults: Math.max(1, picture.faults.length),
    steps: picture.run?.scenario.steps.length ?? 0,
    expect: verdicts.length,
    events: Math.max(1, picture.lines.length),
  };
  const [form, besides] =
    ui?.pane === "detail"
      ? [regionForm(nodes, columns, height - LEAST_DETAIL - 1), LEAST_DETAIL + 1]
      : [formAbove(wanted, nodes, columns, height), leastOf(wanted)];
  return { views, edge, links, wanted, form, besides };
}

type BodyProps = DashboardProps & { chosen: Selection | undefined; stage: Stage; height: number };

function Body(props: BodyProps): ReactElement {
  const { ui, mode, columns, height, paint } = props;
  if (ui?.pane === "help") {
    return <Lines {...{ columns, height, paint }} rows={helpRows(mode, columns, height)} />;
  }
  return ui?.pane === "detail" ? <WithDetail {...props} /> : <WithSections {...props} />;
}

/** Fewer lines than these are no place to read a log in. */
const LEAST_DETAIL = 8;

function WithDetail({ picture, ui, chosen, stage, columns, height, paint }: BodyProps): ReactElement {
  const { views, form } = stage;
  const room = height - form.height - 1;
  const isRoom = form.type === "columns" && room >= LEAST_DETAIL;
  const most = isRoom ? room : height;
  return (
    <>
      {isRoom ? <Regions {...{ views, form, columns, paint }} /> : null}
      {isRoom ? <Lines rows={[rule(columns)]} height={1} {...{ columns, paint }} /> : null}
      <Lines rows={detailRows(picture, chosen, ui?.log, columns, most)} height={most} {...{ columns, paint }} />
    </>
  );
}

const rule = (columns: number): Row => [toned("dim", "─".repeat(columns))];

function WithSections({ picture, stage, columns, height, paint, verdicts = [] }: BodyProps): ReactElement {
  const { views, edge, links, form } = stage;
  const width = besideLabel(columns);
  const plan = planOf(form, stage.wanted, height);
  const sections: Readonly<Record<SectionName, (most: number) => readonly Row[]>> = {
    edge: (most) => cellRows(edge, width, most),
    links: (most) => cellRows(links, width, most),
    faults: (most) => faultRows(picture, most),
    steps: (most) => (picture.run === undefined ? [] : stepRows(picture.run, picture.at, most)),
    expect: (most) => verdictRows(verdicts, most),
    events: (most) => eventRows(picture, width, most),
  };
  const below = SECTIONS.flatMap((name) => sectionRows(name, sections[name], plan, columns));
  return (
    <>
      <Regions {...{ views, form, columns, paint }} />
      <Lines rows={below} height={height - form.height} {...{ columns, paint }} />
    </>
  );
}

function sectionRows(
  name: SectionName,
  rowsOf: (most: number) => readonly Row[],
  { sections, gaps }: Plan,
  columns: number,
): readonly Row[] {
  const height = sections[name];
  if (height === 0) return [];
  const width = besideLabel(columns);
  const rows = rowsOf(height).map((row) => cutRow(row, width));
  return [...(gaps ? [[]] : []), ...labelled(name, rows, columns)];
}

// --- regions ---

interface RegionsProps {
  views: readonly RegionView[];
  form: RegionForm;
  columns: number;
  paint: Paint;
}

function Regions({ views, form, columns, paint }: RegionsProps): ReactElement {
  if (form.type === "rows") {
    return <Lines rows={tableRows(views, form, columns)} height={form.height} {...{ columns, paint }} />;
  }
  return (
    <>
      {bandsOf(views, form.perBand).map((band) => (
        <Band key={band[0]!.region.name} {...{ band, paint }} columns={form.columns} figures={form.figures} />
      ))}
    </>
  );
}

interface BandProps {
  band: readonly RegionView[];
  columns: number;
  figures: Figures;
  paint: Paint;
}

function Band({ band, columns, figures, paint }: BandProps): ReactElement {
  const height = columnHeight(Math.max(...band.map(({ nodes }) => nodes.length)), figures);
  return (
    <Box>
      {band.map((view, i) => (
        <Column key={view.region.name} isFirst={i === 0} {...{ view, columns, height, figures, paint }} />
      ))}
    </Box>
  );
}

interface ColumnProps {
  view: RegionView;
  isFirst: boolean;
  columns: number;
  height: number;
  figures: Figures;
  paint: Paint;
}

/** Drawn anew when its region, its nodes or the choice in it changed, or a second has passed: ages are counted in these. */
const Column = memo(
  function Column({ view, isFirst, columns, height, figures, paint }: ColumnProps): ReactElement {
    const line = Array.from({ length: height }, (): Row => [toned("dim", " │ ")]);
    return (
      <>
        {isFirst ? null : <Lines rows={line} columns={GAP} {...{ height, paint }} />}
        <Lines rows={columnRows(view, columns, height, figures)} {...{ columns, height, paint }} />
      </>
    );
  },
  (before, after) =>
    before.isFirst === after.isFirst &&
    before.columns === after.columns &&
    before.height === after.height &&
    before.figures === after.figures &&
    before.paint === after.paint &&
    isSame(before.view, after.view),
);

function isSame(one: RegionView, other: RegionView): boolean {
  return (
    one.region === other.region &&
    one.nodes.length === other.nodes.length &&
    one.nodes.every((node, i) => node === other.nodes[i]) &&
    Math.floor(one.now / 1_000) === Math.floor(other.now / 1_000) &&
    (one.chosen === undefined
      ? other.chosen === undefined
      : isChosen(other.chosen, one.chosen.type, nameOf(one.chosen)))
  );
}

const WIDEST_NAME = 16;

/** Where not all have room, those around the chosen one, and how many there are besides. */
function tableRows(
  views: readonly RegionView[],
  { withNodes, height }: RegionForm & { type: "rows" },
  columns: number,
): readonly Row[] {
  const widest = Math.min(
    WIDEST_NAME,
    Math.max(...views.map(({ region }) => widthOf(region.name))),
    Math.floor(columns / 3),
  );
  const draw = (view: RegionView) => shortRows(view, columns, widest, withNodes);
  const each = withNodes ? 2 : 1;
  if (views.length * each <= height) return views.flatMap(draw);
  const shown = Math.max(1, height - 1);
  const at = Math.max(
    0,
    views.findIndex(({ chosen }) => chosen !== undefined),
  );
  const first = Math.min(Math.max(0, at - Math.floor(shown / 2)), views.length - shown);
  const rows = views.slice(first, first + shown).flatMap(draw);
  return [...rows, [toned("dim", `  … ${views.length - shown} more regions`)]].slice(0, height);
}
