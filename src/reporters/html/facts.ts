// What report.html knows of a run: plain data, bounded, made by pure functions of the run. The program in the page draws it.
import { factsOf } from "../../checkers/history.ts";
import { plotsOf } from "../../checkers/plots.ts";
import type { ConflictEvent, Event } from "../../model/event.ts";
import type { Plot } from "../../model/plot.ts";
import type { Run } from "../../model/run.ts";
import type { LinkSpec, Topology } from "../../model/topology.ts";
import { formatDuration } from "../../model/units.ts";
import { consequence, type Part, type RunVerdict, type Verdict } from "../../model/verdict.ts";
import { countsOf } from "../counts.ts";
import { checkAgain, isForeign, isOpenGap, quoted, storyOf } from "../said.ts";
import { eventsOf, finder, isBroken, MOST_EVIDENCE, MOST_STORY, type Scene, scenesOf } from "./scenes.ts";
import { type Timeline, timelineOf } from "./timeline.ts";

/** The files as they ran. */
export interface Sources {
  scenario: string;
  topology: string;
}

export interface ReportFacts {
  verdict: RunVerdict | "interrupted";
  scenario: { name: string; about?: string; file: string; tags: readonly string[] };
  run: { id: string; directory: string; startedAt: string };
  /** Name and value, as they are shown. */
  facts: readonly (readonly [string, string])[];
  commands: readonly { does: string; command: string }[];
  expectations: readonly ExpectationFacts[];
  troubles: readonly { at: number; seq: number; text: string }[];
  timeline: Timeline;
  scenes: readonly Scene[];
  plots: readonly Plot[];
  conflicts: { newest: readonly (ConflictEvent & { at: number; seq: number })[]; total: number };
  /** Of another system only the names of its regions are known. */
  topology?: TopologyFacts;
  sources: Sources;
  /** Every event that the page points at. */
  events: readonly Event[];
}

export interface ExpectationFacts {
  name: string;
  text: string;
  /** Absent: it is asked of every run. */
  line?: number;
  comes: RunVerdict;
  /** It does not hold, which the scenario says itself. */
  gapIsOpen: boolean;
  knownGap?: string;
  summary: string;
  story: readonly string[];
  breakdown: readonly Part[];
  evidence: readonly number[];
  evidenceLeftOut: number;
}

export interface TopologyFacts {
  name: string;
  file: string;
  conflicts: string;
  zones: readonly { name: string; place?: string; nodes: readonly { name: string; role: string }[] }[];
  links: readonly LinkSpec[];
}

const MOST_CONFLICTS = 100;
const MOST_TROUBLES = 100;
const MOST_EVENTS = 2_000;
const MOST_EVENT_LETTERS = 4_000;
const MOST_SOURCE_LETTERS = 200_000;

export function reportFacts(run: Run, sources: Sources): ReportFacts {
  const { history } = run;
  const facts = factsOf(history);
  const { scenario, topology, startedAt } = facts.run;
  const scenes = scenesOf(history, run.verdicts);
  const conflicts = history.filter((event) => event.type === "conflict");
  const newest = conflicts.slice(-MOST_CONFLICTS).toReversed();
  const troubles = history.filter(({ type }) => TROUBLING.has(type)).flatMap(trouble);
  const timeline = timelineOf(history);
  const wanted = [
    ...run.verdicts.flatMap(eventsOf),
    ...scenes.flatMap(({ bars, marks }) => [
      ...bars.flatMap(({ seq, endSeq }) => (endSeq === undefined ? [seq] : [seq, endSeq])),
      ...marks.map(({ seq }) => seq),
    ]),
  ];
  return {
    verdict: run.interrupted ? "interrupted" : run.verdict,
    scenario: { name: scenario.name, about: scenario.about, file: scenario.file, tags: scenario.tags },
    run: { id: run.id, directory: run.directory, startedAt },
    facts: said(run),
    commands: commandsOf(run),
    expectations: run.verdicts.map(expectation),
    troubles: troubles.slice(0, MOST_TROUBLES),
    timeline,
    scenes,
    plots: plotsOf(history),
    conflicts: { newest, total: conflicts.length },
    topology: isForeign(facts.run) ? undefined : topologyFacts(topology),
    sources: { scenario: bounded(sources.scenario), topology: bounded(sources.topology) },
    events: pointedAt(history, wanted),
  };
}

function said(run: Run): ReportFacts["facts"] {
  const { run: begun, operations, end } = factsOf(run.history);
  const { scenario, runtime, versions, startedAt } = begun;
  const { tookMs, acknowledged } = countsOf(run.history);
  const answered = operations.filter(({ outcome }) => outcome.type !== "unknown").length;
  return [
    ["took", formatDuration(tookMs)],
    ["operations", `${operations.length.toLocaleString("en-US")}, ${answered.toLocaleString("en-US")} answered`],
    ["writes acknowledged", acknowledged.toLocaleString("en-US")],
    ...(isForeign(begun) ? [] : [["seed", String(scenario.seed)] as const, ["runtime", runtime] as const]),
    ...(end === undefined || end.reason !== "done" ? [["ended", end?.reason ?? "cut off"] as const] : []),
    ["started", startedAt],
    ["run", run.id],
    ...Object.entries(versions),
  ];
}

function commandsOf({ history, directory }: Run): ReportFacts["commands"] {
  const { run } = factsOf(history);
  const { scenario, runtime, topology } = run;
  // Places that the file does not ask for came from the command line.
  const wan =
    topology.places !== undefined && scenario.topology.wan === undefined
      ? ` --wan ${topology.regions.flatMap((region) => topology.places?.[region] ?? []).join(",")}`
      : "";
  if (isForeign(run)) return [{ does: "judge it again", command: checkAgain(scenario.file) }];
  const again = `regionctl scenario run ${quoted(scenario.file)} --seed ${scenario.seed}${runtime === "none" ? "" : ` --runtime ${quoted(runtime)}`}${wan}`;
  return [
    { does: "run it again", command: again },
    ...(directory === "" ? [] : [{ does: "judge it again", command: checkAgain(directory) }]),
  ];
}

function expectation(verdict: Verdict): ExpectationFacts {
  const { name, text, line, knownGap, summary, breakdown = [], evidence } = verdict;
  const comes = consequence(verdict);
  return {
    name,
    text,
    line,
    comes,
    gapIsOpen: isOpenGap(verdict),
    knownGap,
    summary,
    story: isBroken(verdict) ? storyOf(verdict).slice(0, MOST_STORY) : [],
    breakdown,
    evidence: evidence.slice(0, MOST_EVIDENCE),
    evidenceLeftOut: Math.max(0, evidence.length - MOST_EVIDENCE),
  };
}

const TROUBLING: ReadonlySet<Event["type"]> = new Set(["log", "node", "leftovers", "end"]);

/** What a reader should know besides the verdicts: warnings, nodes that died unasked, why it ended early. */
function trouble(event: Event): ReportFacts["troubles"] {
  const { at, seq } = event;
  const tell = (text: string) => [{ at, seq, text: text.slice(0, MOST_EVENT_LETTERS) }];
  if (event.type === "log" && event.level !== "info") return tell(`${event.level}: ${event.text}`);
  if (event.type === "node" && !event.expected)
    return tell(`${event.node} is ${event.state}, and nobody asked for it${event.detail ? ` (${event.detail})` : ""}`);
  if (event.type === "leftovers" && event.found.length > 0)
    return tell(`left over after the last heal: ${event.found.join("; ")}`);
  if (event.type === "end" && event.reason !== "done")
    return tell(`ended: ${event.reason}${event.error ? `: ${event.error}` : ""}`);
  return [];
}

function topologyFacts(topology: Topology): TopologyFacts {
  const { name, file, conflicts, regions, nodes, links, places } = topology;
  const zones = [...new Set([...regions, ...nodes.map(({ region }) => region)])];
  return {
    name,
    file,
    conflicts,
    // Roles and names only: environments hold passwords.
    zones: zones.map((zone) => ({
      name: zone,
      place: places?.[zone],
      nodes: nodes.filter(({ region }) => region === zone).map(({ name, role }) => ({ name, role })),
    })),
    links,
  };
}

function pointedAt(history: readonly Event[], wanted: readonly number[]): readonly Event[] {
  const find = finder(history);
  const numbers = [...new Set(wanted)].slice(0, MOST_EVENTS);
  return numbers.flatMap((seq) => {
    const event = find(seq);
    return event === undefined ? [] : [slim(event)];
  });
}

/** The first event holds the whole topology, and an answer may hold anything: an event is here to be looked at. */
function slim(event: Event): Event {
  const { seq, at } = event;
  if (event.type === "run") return { seq, at, type: "log", level: "info", text: `run ${event.id} begins` };
  const text = JSON.stringify(event);
  if (text.length <= MOST_EVENT_LETTERS) return event;
  return {
    seq,
    at,
    type: "log",
    level: "info",
    text: `${event.type}, shortened: ${text.slice(0, MOST_EVENT_LETTERS)}…`,
  };
}

const bounded = (text: string): string =>
  text.length <= MOST_SOURCE_LETTERS ? text : `${text.slice(0, MOST_SOURCE_LETTERS)}\n… (shortened)\n`;
