// The program inside report.html: draws the facts of a run, which stand in the page as JSON. It asks nobody for anything.
import type { ReportFacts } from "./facts.ts";
import { drawCharts } from "./page/chart.ts";
import { h } from "./page/dom.ts";
import { Events } from "./page/events.ts";
import { expectations } from "./page/expectations.ts";
import { head } from "./page/head.ts";
import { overTime } from "./page/over-time.ts";
import { plots } from "./page/plots.ts";
import { conflicts, sources, topology } from "./page/rest.ts";
import { scenes } from "./page/scenes.ts";
import "./page/page.css";
import "./page/verdicts.css";
import "./page/figures.css";
import "./page/files.css";

const facts = JSON.parse(document.getElementById("facts")!.textContent!) as ReportFacts;
const events = new Events(facts.events);
const parts = [
  expectations(facts, events),
  scenes(facts, events),
  overTime(facts),
  plots(facts),
  conflicts(facts),
  topology(facts),
  sources(facts),
].filter((part) => part !== undefined);

document.body.append(
  head(facts),
  h(
    "nav",
    { "aria-label": "on this page" },
    ...parts.map((part) => h("a", { href: `#${part.id}` }, part.querySelector("h2")!.textContent ?? "")),
  ),
  h("main", {}, ...parts),
  h("footer", {}, `Made by regionctl from the history of run ${facts.run.id}.`),
);
drawCharts();
