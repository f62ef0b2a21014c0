// What every run is asked besides what its scenario expects: without these a green verdict may mean nothing.
// Each row is a question, and knows what the run comes to when the answer is no.
import type { Event, NodeEvent, StepEvent } from "../model/event.ts";
import { nodeNamed } from "../model/topology.ts";
import type { Role } from "../model/topology.ts";
import type { Judgement, Verdict } from "../model/verdict.ts";
import { worst } from "../model/verdict.ts";
import { faultsOf, sayFault } from "./faults.ts";
import { factsOf } from "./history.ts";
import type { Recorded } from "./history.ts";
import { OF_DATA } from "./of-data.ts";
import { count, judged, moment, several } from "./say.ts";

export interface Question {
  name: string;
  text: string;
  /** What the run comes to when the answer is no, unless the answer itself knows better. */
  weight: Verdict["weight"];
  ask(history: readonly Event[]): Judgement & { weight?: Verdict["weight"] };
}

export const always: readonly Question[] = [
  {
    name: "healthy-at-first",
    text: "everything was healthy before the first fault",
    weight: "errored",
    ask: healthyAtFirst,
  },
  {
    name: "faults-took-effect",
    text: "every fault measurably took effect",
    weight: "inconclusive",
    ask: faultsTookEffect,
  },
  { name: "enough-traffic", text: "enough traffic to mean anything", weight: "inconclusive", ask: enoughTraffic },
  { name: "steps", text: "every step did what it says", weight: "failed", ask: stepsPassed },
  {
    name: "services-alive",
    text: "no backend or service died unasked",
    weight: "failed",
    ask: (history) => nobodyDied(history, { ofSystem: true }),
  },
  {
    name: "surroundings-alive",
    text: "no gateway, database, broker or link died unasked",
    weight: "errored",
    ask: (history) => nobodyDied(history, { ofSystem: false }),
  },
  { name: "nothing-left", text: "nothing is left of any fault", weight: "errored", ask: nothingLeft },
  { name: "ended", text: "the run went to its end", weight: "errored", ask: wentToItsEnd },
];

/** Roles whose death is the fault of the system that is judged; the others are what it stands on. */
const SYSTEM: ReadonlySet<Role> = new Set(["backend", "service"]);

/** One probe may time out on a busy machine; three in a row are an illness. */
const LAST_PROBES = 3;

function healthyAtFirst(history: readonly Event[]): Judgement {
  const { run, probes, nodes } = factsOf(history);
  const first = faultsOf(history)[0];
  const until = first?.from ?? Infinity;
  const down = strayNodes(nodes, until);
  if (down.length > 0)
    return judged(
      false,
      `${down.map((event) => `${event.node} was ${event.state}`).join(", ")} before the first fault`,
      down.map((event) => event.seq),
      down.map(
        (event) => `${event.node}: ${event.state} at ${moment(event.at)} (event ${event.seq})${said(event.detail)}`,
      ),
    );
  const watched = run.topology.regions.filter((region) => run.topology.steady.some((one) => one.region === region));
  if (watched.length === 0)
    return judged("unknown", "the topology names no steady request, so nobody knows what healthy is");
  const recent = watched.map((region) => ({
    region,
    last: (probes.get(region) ?? []).filter((probe) => probe.at < until).slice(-LAST_PROBES),
  }));
  const unasked = recent.filter(({ last }) => last.length === 0).map(({ region }) => region);
  if (unasked.length > 0) {
    const when = first === undefined ? "" : ` before ${sayFault(first)}`;
    return judged("unknown", `no probe of ${unasked.join(", ")} ended${when}`);
  }
  const sick = recent.filter(({ last }) => !last.some((probe) => probe.ok));
  if (sick.length > 0)
    return judged(
      false,
      `${sick.map(({ region }) => region).join(", ")} not healthy before the first fault`,
      sick.flatMap(({ last }) => last.map((probe) => probe.seq)),
      sick.flatMap(({ last, region }) => {
        const probe = last.at(-1)!;
        return `${region} did not answer its steady request at ${moment(probe.at)} (event ${probe.seq})${said(probe.error)}`;
      }),
    );
  return judged(
    true,
    `${watched.join(", ")} healthy at first`,
    recent.map(({ last }) => last.at(-1)!.seq),
  );
}

/** Nodes whose last change before a moment was not asked for by anybody. */
function strayNodes(nodes: readonly Recorded<NodeEvent>[], until: number): readonly Recorded<NodeEvent>[] {
  const last = new Map(nodes.filter((event) => event.at < until).map((event) => [event.node, event]));
  return [...last.values()].filter((event) => !event.expected && event.state !== "up");
}

function faultsTookEffect(history: readonly Event[]): Judgement {
  const faults = faultsOf(history);
  if (faults.length === 0) return judged(true, "no faults");
  const idle = faults.filter(({ proofs }) => !proofs.some((proof) => proof.effective));
  if (idle.length === 0)
    return judged(
      true,
      `${several(faults.length, "fault")} took effect, as measured`,
      faults.flatMap(({ proofs }) => proofs.map((proof) => proof.seq)),
    );
  return judged(
    false,
    `${count(idle.length)} of ${several(faults.length, "fault")} without measurable effect`,
    idle.flatMap(({ begun, proofs }) => [begun.seq, ...proofs.map((proof) => proof.seq)]),
    idle.map((one) => `${sayFault(one)}: ${one.proofs.at(-1)?.measured ?? "its effect was never measured"}.`),
  );
}

/** With less than this, a share in percent or a conflict that did not happen is an accident. */
export const LEAST_ANSWERED = 20;

function enoughTraffic(history: readonly Event[]): Judgement {
  const facts = factsOf(history);
  const { traffic, expect } = facts.run.scenario;
  const ofData = expect.filter(({ name }) => OF_DATA.has(name)).map(({ name }) => name);
  if (traffic.length === 0 && ofData.length === 0) return judged(true, "nothing was asked that needs traffic");
  const answered = facts.operations.filter(({ outcome }) => outcome.type === "ok");
  const { acknowledged } = facts;
  const said = `${several(answered.length, "operation")} answered, ${several(acknowledged, "write")} acknowledged`;
  if (ofData.length > 0 && acknowledged === 0)
    return judged("unknown", `${said}: ${ofData.join(", ")} cannot be judged without an acknowledged write`);
  if (traffic.length > 0 && answered.length < LEAST_ANSWERED)
    return judged("unknown", `${said}: at least ${LEAST_ANSWERED} answers are needed to mean anything`);
  const asked = [...new Set(traffic.flatMap(({ regions }) => regions))];
  const silent = asked.filter((region) => !answered.some(({ invoke }) => (invoke.home ?? invoke.region) === region));
  if (silent.length > 0) return judged("unknown", `${said}, none of them by clients of ${silent.join(", ")}`);
  return judged(true, said);
}

type StepEnd = Recorded<Extract<StepEvent, { phase: "end" }>>;
type StepBegin = Recorded<Extract<StepEvent, { phase: "begin" }>>;

function stepsPassed(history: readonly Event[]): ReturnType<Question["ask"]> {
  const steps = history.filter((event) => event.type === "step");
  const begins = new Map(
    steps.filter((event): event is StepBegin => event.phase === "begin").map((event) => [event.path, event]),
  );
  const ends = steps.filter((event): event is StepEnd => event.phase === "end");
  const ended = new Set(ends.map(({ path }) => path));
  const bad = ends.filter(({ verdict }) => verdict !== "passed" && verdict !== "skipped");
  if (bad.length > 0) {
    const weight = worst(bad.map(({ verdict }) => (verdict === "skipped" ? "passed" : verdict))) as Verdict["weight"];
    const ordered = [
      ...bad.filter(({ verdict }) => verdict === weight),
      ...bad.filter(({ verdict }) => verdict !== weight),
    ];
    const say = ({ path, verdict, detail }: StepEnd) => {
      const begin = begins.get(path);
      return `step ${path}${begin ? ` (line ${begin.line}, "${begin.text}")` : ""} ${verdict}${said(detail)}`;
    };
    return {
      ...judged(
        false,
        say(ordered[0]!),
        ordered.map(({ seq }) => seq),
        ordered.map(say),
      ),
      weight,
    };
  }
  const open = [...begins.values()].filter(({ path }) => !ended.has(path));
  if (open.length > 0)
    return judged(
      "unknown",
      `the run stopped in step ${open.at(-1)!.path}, "${open.at(-1)!.text}"`,
      open.map(({ seq }) => seq),
    );
  const wanted = factsOf(history).run.scenario.steps.filter(({ path }) => !ended.has(path));
  if (wanted.length > 0)
    return judged("unknown", `${several(wanted.length, "step")} never began, from step ${wanted[0]!.path} on`);
  return judged(true, `${several(ends.length, "step")} done`);
}

/** A name that the topology does not know is a part of ours, so it belongs to what the system stands on. */
function nobodyDied(history: readonly Event[], { ofSystem }: { ofSystem: boolean }): Judgement {
  const { run, nodes } = factsOf(history);
  const dead = new Set<string>();
  const deaths = nodes.filter((event) => {
    const { node, state, expected } = event;
    const isNew = state === "down" && !dead.has(node); // whoever looks says it, and several may look
    if (state === "down") dead.add(node);
    else dead.delete(node);
    const role = nodeNamed(run.topology, node)?.role;
    return isNew && !expected && (role !== undefined && SYSTEM.has(role)) === ofSystem;
  });
  const names = [...new Set(deaths.map(({ node }) => node))];
  if (deaths.length === 0)
    return judged(true, ofSystem ? "no service died unasked" : "no gateway, database, broker or link either");
  return judged(
    false,
    `${names.join(", ")} died and no fault had asked for it`,
    deaths.map(({ seq }) => seq),
    deaths.map(({ node, at, seq, detail }) => `${node} died at ${moment(at)} (event ${seq})${said(detail)}`),
  );
}

function nothingLeft(history: readonly Event[]): Judgement {
  const last = history.findLast((event) => event.type === "leftovers");
  if (last === undefined)
    return factsOf(history).end?.reason === "interrupted"
      ? judged("unknown", "the run was interrupted, so nobody looked")
      : judged(false, "nobody looked whether anything is left of the faults");
  if (last.found.length === 0) return judged(true, "nothing is left of any fault", [last.seq]);
  return judged(false, `${several(last.found.length, "thing")} left: ${last.found[0]}`, [last.seq], last.found);
}

function wentToItsEnd(history: readonly Event[]): Judgement {
  const { end } = factsOf(history);
  if (end === undefined)
    return judged(false, "the history stops without an end: whoever wrote it died", [history.at(-1)!.seq]);
  if (end.reason === "done") return judged(true, "played to its end", [end.seq]);
  const when = end.at === history[0]!.at ? "before it began" : `at ${moment(end.at)}`;
  const why = `${end.reason} ${when}${said(end.error)}`;
  const told = history.flatMap((event) => (event.type === "log" && event.level === "error" ? [event.text] : []));
  return judged(end.reason === "interrupted" ? "unknown" : false, why, [end.seq], told.length > 0 ? told : undefined);
}

const said = (detail: string | undefined): string => (detail === undefined || detail === "" ? "" : `: ${detail}`);
