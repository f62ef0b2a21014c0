// What was expected, and what every run is asked: the failed ones open, with their story and what proves it.
import type { ExpectationFacts, ReportFacts } from "../facts.ts";
import { h, scrolling, section } from "./dom.ts";
import { type Events, Panel } from "./events.ts";
import { digits, MARKS } from "./say.ts";

export function expectations({ expectations, scenes, sources }: ReportFacts, events: Events): HTMLElement | undefined {
  if (expectations.length === 0) return undefined;
  const row = (one: ExpectationFacts) => {
    const place = expectations.indexOf(one);
    const keys = scenes.filter(({ verdicts }) => verdicts.includes(place)).map(({ key }) => key);
    // Two expectations can fail for one reason: it is told once.
    const told = JSON.stringify(one.story);
    const twin = expectations.find(({ story }) => story.length > 0 && JSON.stringify(story) === told);
    return rowOf(
      twin === undefined || twin === one ? one : { ...one, story: [`As told at ${twin.text}.`] },
      keys,
      events,
      sources.scenario !== "",
    );
  };
  const written = expectations.filter(({ line }) => line !== undefined);
  const asked = expectations.filter(({ line }) => line === undefined);
  const bad = asked.filter(({ comes }) => comes !== "passed");
  const good = asked.filter(({ comes }) => comes === "passed");
  return section(
    "expectations",
    "Expectations",
    h("ul", { class: "expectations" }, ...written.map(row), ...bad.map(row)),
    good.length > 0 &&
      h(
        "details",
        { class: "asked" },
        h("summary", {}, `${MARKS["passed"]} ${good.length} questions asked of every run, answered well`),
        h("ul", { class: "expectations" }, ...good.map(row)),
      ),
  );
}

function rowOf(one: ExpectationFacts, keys: readonly string[], events: Events, isListed: boolean): HTMLElement {
  const { text, line, comes, gapIsOpen, knownGap, summary, story, breakdown, evidence, evidenceLeftOut } = one;
  const word = gapIsOpen ? "gap" : comes;
  const panel = new Panel();
  const numbers = evidence.flatMap((seq) => [" ", events.number(seq, panel)]);
  const more = evidenceLeftOut > 0 ? ` and ${digits(evidenceLeftOut, 0)} more` : "";
  return h(
    "li",
    { class: word },
    h("span", { class: "mark", "aria-hidden": "true" }, MARKS[word]),
    h(
      "div",
      {},
      h(
        "p",
        { class: "expected" },
        h("code", {}, text),
        line !== undefined && h("a", { href: isListed ? `#line-${line}` : undefined, class: "line" }, `line ${line}`),
        h("span", { class: "word" }, gapIsOpen ? "known gap" : comes),
      ),
      h("p", { class: "summary" }, ...events.sentence(summary, panel)),
      knownGap !== undefined &&
        h(
          "p",
          { class: "gap-why" },
          `known gap: ${knownGap}${gapIsOpen ? "" : comes === "failed" ? "; but it holds now: remove known-gap" : ""}`,
        ),
      story.length > 0 &&
        h("ol", { class: "story" }, ...story.map((told) => h("li", {}, ...events.sentence(told, panel)))),
      breakdown.length > 0 && parts(one),
      evidence.length > 0 &&
        h("p", { class: "evidence" }, comes === "passed" && !gapIsOpen ? "see" : "proved by", ...numbers, more),
      keys.length > 0 &&
        h(
          "p",
          { class: "seen" },
          "drawn below: ",
          ...keys.flatMap((key, i) => [i > 0 && ", ", h("a", { href: `#key-${key}` }, `key ${key}`)]),
        ),
      panel.element,
    ),
  );
}

/** What was checked, by where and when: a bar where it is broken shows in which part. */
function parts({ breakdown, text }: ExpectationFacts): HTMLElement {
  return scrolling(
    `what was checked of ${text}`,
    h(
      "table",
      { class: "parts" },
      h(
        "thead",
        {},
        h("tr", {}, h("th", {}, "of"), h("th", {}, "checked"), h("th", {}, "violated"), h("th", {}, "share")),
      ),
      h(
        "tbody",
        {},
        ...breakdown.map(({ of, checked, violated }) => {
          const share = checked === 0 ? 0 : violated / checked;
          const bar = h("i", { class: "share", "aria-hidden": "true", style: `--share:${share}` });
          return h(
            "tr",
            { class: violated > 0 ? "broken" : undefined },
            h("th", { scope: "row" }, of),
            h("td", {}, digits(checked, 0)),
            h("td", {}, digits(violated, 0)),
            h("td", {}, bar, checked === 0 ? " –" : ` ${digits(share * 100, 2)} %`),
          );
        }),
      ),
    ),
  );
}
