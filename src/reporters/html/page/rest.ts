// The end of the page: what the regions recorded, what the system was, and the files as they ran.
import type { ConflictingWrite } from "../../../model/event.ts";
import type { ReportFacts } from "../facts.ts";
import { type Child, h, scrolling, section } from "./dom.ts";
import { digits, time } from "./say.ts";

export function conflicts({ conflicts: { newest, total } }: ReportFacts): HTMLElement | undefined {
  if (total === 0) return undefined;
  const side = (write: ConflictingWrite | null): Child =>
    write === null
      ? "nothing"
      : h(
          "span",
          {},
          JSON.stringify(write.value) ?? "nothing",
          write.state !== "" && h("small", {}, ` at ${write.state}`), // one that was refused made none
        );
  const heads = ["event", "region", "key", "kind", "won", "lost", "by the rule"];
  return section(
    "conflicts",
    "Conflict records",
    h(
      "p",
      { class: "note" },
      newest.length < total
        ? `The newest ${newest.length} of ${digits(total, 0)}, newest first.`
        : `All ${digits(total, 0)}, newest first.`,
    ),
    scrolling(
      "conflict records",
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ...heads.map((name) => h("th", {}, name)))),
        h(
          "tbody",
          {},
          ...newest.map(({ seq, region, key, kind, winner, loser, rule }) =>
            h(
              "tr",
              {},
              ...[`#${seq}`, region, key, kind, side(winner), side(loser), rule].map((cell) => h("td", {}, cell)),
            ),
          ),
        ),
      ),
    ),
  );
}

export function topology({ topology }: ReportFacts): HTMLElement | undefined {
  if (topology === undefined) return undefined;
  const { name, file, conflicts, zones, links } = topology;
  return section(
    "topology",
    "Topology",
    h("p", { class: "note" }, `${name}, from ${file}; conflicts are settled by the ${conflicts}.`),
    h(
      "div",
      { class: "zones" },
      ...zones.map(({ name, place, nodes }) =>
        h(
          "div",
          { class: "zone" },
          h("h3", {}, name, place !== undefined && h("small", {}, ` ${place}`)),
          h("ul", {}, ...nodes.map((node) => h("li", {}, node.name, h("small", {}, ` ${node.role}`)))),
        ),
      ),
    ),
    links.length > 0 &&
      h(
        "ul",
        { class: "links" },
        ...links.map(({ between: [a, b], rttMs, jitterMs }) =>
          h("li", {}, `${a} ↔ ${b}`, h("small", {}, ` ${sayDelay(rttMs, jitterMs)}`)),
        ),
      ),
  );
}

const sayDelay = (rttMs: number, jitterMs: number): string =>
  rttMs === 0 ? "no delay" : `${time(rttMs)} there and back${jitterMs > 0 ? `, ± ${time(jitterMs)}` : ""}`;

export function sources({ sources, scenario, topology, expectations, timeline }: ReportFacts): HTMLElement | undefined {
  if (sources.scenario === "" && sources.topology === "") return undefined;
  const marks = new Map<number, string>();
  for (const { line, comes, gapIsOpen } of expectations)
    if (line !== undefined) marks.set(line, gapIsOpen ? "gap" : comes);
  for (const { line, verdict } of timeline.steps)
    if (verdict !== undefined && verdict !== "passed" && verdict !== "skipped") marks.set(line, verdict);
  return section(
    "files",
    "As it ran",
    h("details", { open: true }, h("summary", {}, scenario.file), listing(sources.scenario, "line", marks)),
    topology !== undefined &&
      h("details", {}, h("summary", {}, topology.file), listing(sources.topology, "topology-line", new Map())),
  );
}

function listing(text: string, prefix: string, marks: ReadonlyMap<number, string>): HTMLElement {
  const lines = text.replace(/\n$/, "").split("\n");
  return h(
    "pre",
    { class: "listing", tabindex: 0 },
    ...lines.map((line, i) => h("span", { id: `${prefix}-${i + 1}`, class: marks.get(i + 1) }, line, "\n")),
  );
}
