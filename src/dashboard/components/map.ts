// What lies between the regions: the nodes of the edge, and the links as a small map that can be read aloud.
//
//   us ══ 80 ms ══ eu      us ══✂ cut (drop) ✂══ eu      us ══ ✂→ cut (drop) ══ eu      us ══ 80 ms, 1 mbit ══ eu
import type { Effect } from "../../model/link.ts";
import { EDGE } from "../../model/topology.ts";
import { formatBandwidth, formatDuration } from "../../model/units.ts";
import type { LinkPicture, Picture } from "../picture.ts";
import { isChosen, linkName, linksInOrder, type Selection } from "../selection.ts";
import { stateRow } from "./region.ts";
import { flowed, type Piece, type Row, toned } from "./text.ts";

/** What lives in no region. What is chosen or not up comes first where not all has room: `first`. */
export function edgeCells(picture: Picture, chosen: Selection | undefined): readonly Cell[] {
  const regions = new Set(picture.regions.map(({ name }) => name));
  return picture.nodes
    .filter(({ region }) => region === EDGE || !regions.has(region))
    .map((node) => {
      const isMarked = isChosen(chosen, "node", node.name);
      const row = [...before(isMarked), named(node.name, isMarked), " ", ...stateRow(node, picture.at)];
      return { row, first: isMarked || node.state !== "up" };
    });
}

export function linkCells(picture: Picture, chosen: Selection | undefined): readonly Cell[] {
  return linksInOrder(picture).map((link) => {
    const isMarked = isChosen(chosen, "link", linkName(link.between));
    return { row: linkRow(link, isMarked), first: isMarked || link.done.length > 0 };
  });
}

export interface Cell {
  row: Row;
  /** Seen even where not all has room. */
  first: boolean;
}

/** In as many rows as all cells need; where that is more than there may be, those that have to be seen. */
export function cellRows(cells: readonly Cell[], columns: number, most = Infinity): readonly Row[] {
  const all = flowed(
    cells.map(({ row }) => row),
    columns,
  );
  if (all.length <= most) return all;
  const byNeed = [...cells.filter(({ first }) => first), ...cells.filter(({ first }) => !first)];
  return flowed(
    byNeed.map(({ row }) => row),
    columns,
    most,
  );
}

const before = (isMarked: boolean): Row => (isMarked ? [toned("strong", "› ")] : []);
const named = (text: string, isMarked: boolean): Piece => toned(isMarked ? "strong" : undefined, text);

export function linkRow(link: LinkPicture, isMarked = false): Row {
  const [one, other] = link.between;
  const wire = toned("dim", "══");
  const ends = (middle: Row): Row => [
    ...before(isMarked),
    named(one, isMarked),
    " ",
    ...middle,
    " ",
    named(other, isMarked),
  ];
  const [there, back] = link.cut;
  if (there && back) return ends([wire, toned("bad", `✂ ${cutWord(link)} ✂`), wire]);
  const done = [...(there ? [`✂→ ${cutWord(link)}`] : []), ...(back ? [`←✂ ${cutWord(link)}`] : []), ...slowed(link)];
  const said: Row[] = [
    ...(link.rttMs > 0 ? [[formatDuration(link.rttMs)]] : []),
    ...(done.length > 0 ? [[toned(there || back ? "bad" : "notice", done.join(", "))]] : []),
  ];
  if (said.length === 0) return ends([toned("dim", "═══")]);
  const words = said.flatMap((row, i): Row => (i === 0 ? row : [", ", ...row]));
  return ends([wire, " ", ...words, " ", wire]);
}

/** "cut (drop)". */
function cutWord({ done }: LinkPicture): string {
  const modes = new Set(done.flatMap(({ effect }) => (effect.type === "cut" ? [effect.mode] : [])));
  return modes.size === 0 ? "cut" : `cut (${[...modes].join(", ")})`;
}

/**
 * What is done to it besides a cut, each once; with an arrow where it is done to one direction only. A cut of only some
 * connections is none of the link, and stands among these.
 */
function slowed({ between: [one], done, cut }: LinkPicture): readonly string[] {
  const said = new Map<string, Set<string>>();
  for (const { from, effect } of done) {
    if (effect.type === "cut" && cut.includes(true)) continue;
    const words = effect.type === "cut" ? `partly ${sayEffect(effect)}` : sayEffect(effect);
    said.set(words, (said.get(words) ?? new Set()).add(from));
  }
  return [...said].map(([words, from]) => {
    if (from.size > 1) return words;
    return from.has(one) ? `→ ${words}` : `← ${words}`;
  });
}

type Sayings = { readonly [T in Effect["type"]]: (effect: Extract<Effect, { type: T }>) => string };

const SAYINGS: Sayings = {
  cut: ({ mode }) => `cut (${mode})`,
  delay: ({ addMs, jitterMs }) => `+${formatDuration(addMs)}${jitterMs === 0 ? "" : ` ±${formatDuration(jitterMs)}`}`,
  cap: ({ bytesPerSecond }) => `at most ${formatBandwidth(bytesPerSecond)}`,
  flaky: ({ resetsPerSecond }) => `${Number((resetsPerSecond * 100).toFixed(2))}%/s reset`,
};

export const sayEffect = (effect: Effect) => SAYINGS[effect.type](effect as never);
