// The top of the page: what it came to, of what, and how to see it again.
import type { ReportFacts } from "../facts.ts";
import { button, h } from "./dom.ts";
import { MARKS, time } from "./say.ts";

export function head({ verdict, scenario, facts, commands, expectations, troubles }: ReportFacts): HTMLElement {
  const written = expectations.filter(({ line }) => line !== undefined);
  const held = written.filter(({ comes, gapIsOpen }) => comes === "passed" && !gapIsOpen).length;
  const gaps = written.filter(({ gapIsOpen }) => gapIsOpen).length;
  const known = gaps === 0 ? "" : `, ${gaps} known ${gaps === 1 ? "gap" : "gaps"}`;
  const told = written.length === 0 ? "" : `${held} of ${written.length} expectations hold${known}`;
  return h(
    "header",
    { class: verdict },
    h(
      "p",
      { class: "verdict" },
      h("span", { "aria-hidden": "true" }, MARKS[verdict]),
      ` ${verdict.toUpperCase()}`,
      told !== "" && h("small", {}, told),
    ),
    h("h1", {}, scenario.name),
    scenario.about !== undefined && h("p", { class: "about" }, scenario.about),
    h("dl", { class: "facts" }, ...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    h(
      "div",
      { class: "commands" },
      ...commands.map(({ does, command }) =>
        h("div", {}, h("span", {}, does), h("code", { tabindex: 0 }, command), copy(command)),
      ),
    ),
    troubles.length > 0 &&
      h(
        "ul",
        { class: "troubles" },
        ...troubles.map(({ at, text }) => h("li", {}, h("span", { class: "at" }, time(at)), ` ${text}`)),
      ),
  );
}

function copy(command: string): HTMLElement {
  return button("copy", { class: "copy" }, (pressed) => {
    navigator.clipboard.writeText(command).then(
      () => (pressed.textContent = "copied"),
      () => (pressed.textContent = "select it by hand"),
    );
  });
}
