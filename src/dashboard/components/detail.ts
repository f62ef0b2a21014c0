// Everything about one thing: a node with the tail of its log, a link with what is done to it, a region with all its figures.
import { crossingsOf } from "../../model/link.ts";
import { nodeNamed } from "../../model/topology.ts";
import { formatDuration } from "../../model/units.ts";
import { WINDOW_MS, type FaultPicture, type LinkPicture, type Picture, type RegionPicture } from "../picture.ts";
import { linkOf, nameOf, nodeOf, nodesIn, type Selection } from "../selection.ts";
import type { NodeLog } from "../ui.ts";
import { linkRow, sayEffect } from "./map.ts";
import { healthPiece, lagPiece, stateRow } from "./region.ts";
import { bars, clockTime, figure, milliseconds } from "./say.ts";
import { faultRow } from "./sections.ts";
import { besideLabel, clean, cutRow, flowed, labelled, type Row, toned } from "./text.ts";

export function detailRows(
  picture: Picture,
  chosen: Selection | undefined,
  log: NodeLog | undefined,
  columns: number,
  height: number,
): readonly Row[] {
  if (chosen === undefined) return [["nothing is there yet"]];
  const about = aboutOf(picture, chosen, columns);
  if (chosen.type !== "node") return about.slice(0, height);
  // The log is what one opens it for: it gets half of what there is, and all that is left.
  const most = Math.max(1, height - Math.min(Math.ceil(height / 2), Math.max(1, log?.lines?.length ?? 1)));
  const head = about.slice(0, most);
  return [...head, ...logRows(log?.node === chosen.name ? log : undefined, columns, height - head.length)];
}

function aboutOf(picture: Picture, chosen: Selection, columns: number): readonly Row[] {
  const width = besideLabel(columns);
  const title: Row = [toned("strong", nameOf(chosen))];
  if (chosen.type === "link") {
    const link = linkOf(picture, chosen.between);
    return link === undefined ? [title] : [title, ...linkAbout(picture, link, columns, width)];
  }
  if (chosen.type === "region") {
    const region = picture.regions.find(({ name }) => name === chosen.name);
    return region === undefined ? [title] : [title, ...regionAbout(picture, region, columns, width)];
  }
  return nodeAbout(picture, chosen.name, columns, width);
}

// --- a node ---

function nodeAbout(picture: Picture, name: string, columns: number, width: number): readonly Row[] {
  const node = nodeOf(picture, name);
  if (node === undefined) return [[toned("strong", name)]];
  const spec = picture.topology && nodeNamed(picture.topology, name);
  const gateway = node.role === "gateway" ? picture.stack?.gateway : undefined;
  const facts: Row[] = [
    [`${node.role} in ${node.region}`],
    ...(gateway === undefined ? [] : [[`answers at ${clean(gateway)}`]]),
    ...(spec === undefined || spec.port === 0 ? [] : [[`serves port ${spec.port}`]]),
    ...(spec?.image === undefined ? [] : [[`image ${clean(spec.image)}`]]),
    ...(spec === undefined || spec.needs.length === 0 ? [] : [[`needs ${spec.needs.join(", ")}`]]),
  ];
  const since = clockTime(node.since - (picture.run?.began ?? 0));
  return [
    [toned("strong", name), "  ", ...stateRow(node, picture.at), toned("dim", `  since ${since}`)],
    ...labelled("is", flowed(facts, width), columns),
    ...faultsOn(picture, ({ fault }) => fault.targets.includes(name), columns, width),
  ];
}

function logRows(log: NodeLog | undefined, columns: number, height: number): readonly Row[] {
  const width = besideLabel(columns);
  const told = (row: Row) => labelled("log", [row], columns).slice(0, height);
  if (log === undefined) return told([toned("dim", "is being read ...")]);
  if (log.lines === undefined) return told([toned("notice", clean(log.trouble ?? "could not be read"))]);
  if (log.lines.length === 0) return told([toned("dim", "no log was kept")]);
  const tail = log.lines.slice(-height).map((line): Row => cutRow([clean(line)], width));
  return labelled("log", tail, columns);
}

function faultsOn(
  { faults, at }: Picture,
  isMeant: (fault: FaultPicture) => boolean,
  columns: number,
  width: number,
): readonly Row[] {
  const meant = faults.filter(isMeant).map((fault) => cutRow(faultRow(fault, at), width));
  return labelled("faults", meant.length === 0 ? [[toned("dim", "none")]] : meant, columns);
}

// --- a link ---

function linkAbout(picture: Picture, link: LinkPicture, columns: number, width: number): readonly Row[] {
  const [one, other] = link.between;
  const spec = picture.topology?.links.find(({ between }) => between.includes(one) && between.includes(other));
  const jitter = spec === undefined || spec.jitterMs === 0 ? "" : `, jitter ${formatDuration(spec.jitterMs)}`;
  const done = link.done.map(({ from, to, effect, fault }): Row => [
    `${from} → ${to}: `,
    toned(effect.type === "cut" ? "bad" : "notice", sayEffect(effect)),
    toned("dim", `  by ${clean(fault)}`),
  ]);
  const crossings = picture.topology === undefined ? [] : crossingsOf(picture.topology);
  const own = crossings
    .filter(({ from, toZone }) => link.between.includes(from) && link.between.includes(toZone))
    .map(({ from, to, callers }): Row => [`${callers.join(", ")} in ${from} → ${to}`]);
  const ids = new Set(link.done.map(({ fault }) => fault));
  return [
    ...labelled("map", [cutRow(linkRow(link), width)], columns),
    ...labelled(
      "delay",
      [[link.rttMs === 0 ? "none" : `${formatDuration(link.rttMs)} in a round trip${jitter}`]],
      columns,
    ),
    ...labelled("rules", done.length === 0 ? [[toned("dim", "none")]] : done, columns),
    ...faultsOn(picture, ({ fault }) => ids.has(fault.id), columns, width),
    ...labelled("opened", flowed(own, width), columns),
  ];
}

// --- a region ---

function regionAbout(picture: Picture, region: RegionPicture, columns: number, width: number): readonly Row[] {
  const now = picture.at;
  const nodes = nodesIn(picture, region.name);
  const place = picture.topology?.places?.[region.name];
  const figures: Row[] = [
    [`${figure(region.requestsPerSecond)} requests/s`],
    [toned(region.errorsPerSecond > 0 ? "bad" : undefined, `${figure(region.errorsPerSecond)} errors/s`)],
    [`p50 ${milliseconds(region.p50Ms)}`],
    [`p99 ${milliseconds(region.p99Ms)}`],
    [`pending ${region.pending ?? "not known"}`],
    [`conflicts ${region.conflicts ?? "not known"}, ${region.conflictsLastMinute ?? 0} in the last minute`],
  ];
  const lags = Object.entries(region.lagSeconds ?? {}).map(([source, seconds]): Row => [
    `${source} `,
    lagPiece(seconds),
  ]);
  const names = new Set(nodes.map(({ name }) => name));
  return [
    ...labelled(
      "is",
      [[healthPiece(region, now), ...(place === undefined ? [] : [toned("dim", `  at ${place}`)])]],
      columns,
    ),
    ...labelled("clients", flowed(figures, width), columns),
    ...labelled("lag", region.lagSeconds === null ? [["not known"]] : flowed(lags, width), columns),
    ...labelled("60 s", [[bars(region.lagHistory, now, WINDOW_MS, Math.min(120, width))]], columns),
    ...labelled(
      "nodes",
      flowed(
        nodes.map((node): Row => [node.name, " ", ...stateRow(node, now)]),
        width,
      ),
      columns,
    ),
    ...faultsOn(
      picture,
      ({ fault }) =>
        fault.targets.some((target) => names.has(target)) ||
        (fault.links ?? []).some(({ from, to }) => from === region.name || to === region.name),
      columns,
      width,
    ),
  ];
}
