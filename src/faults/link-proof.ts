// The proof of a fault of the network: a probe opens a connection through the link as its clients do, and an echo behind it
// answers in place of the node. What became of the probe is what becomes of them.
import type { Links } from "../model/cluster.ts";
import type { Fault } from "../model/fault.ts";
import {
  concerns,
  type Crossing,
  crossingsOf,
  type CutMode,
  type Direction,
  type LinksState,
  type ProbeAnswer,
  type ProbeOrder,
  type TimedRule,
} from "../model/link.ts";
import type { Clock } from "../model/time.ts";
import { formatDuration } from "../model/units.ts";
import type { Proof, Proving } from "./proof.ts";
import { inForce, openedIn, rulesOf, runsAlong, sayDirection } from "./rules.ts";
import { wanted } from "./wanted.ts";

/** A cut: the probe stalls, is reset or refused, as asked. */
export async function proveCut(fault: Fault, proving: Proving, patienceMs: number): Promise<readonly Proof[]> {
  const look = await lookAt(fault, proving);
  const mode: CutMode = fault.kind === "region-outage" ? "drop" : (fault.parameters.mode ?? "drop");
  return forEachCrossing(fault, look, async ({ crossing }) => {
    const { rttMs, jitterMs } = delaysOn(crossing, look.rules);
    const slowMs = rttMs + jitterMs;
    // A silence proves itself however short it is; a word may take its time on a busy machine.
    const isSilent = mode === "drop" || shownByOthers(crossing, look).has("stalled");
    const bound = Math.min(slowMs + (isSilent ? patienceMs : LONG_MS), atMostMs(fault, look));
    const order = { from: crossing.from, to: crossing.to, patienceMs: bound };
    let answer = await look.links.probe(order);
    const mayBeChance =
      mode !== "reset" && onBothWays(crossing, look.others).some(({ effect }) => effect.type === "flaky");
    for (let i = 1; i < ATTEMPTS && mayBeChance && answer.outcome === "reset"; i++)
      answer = await look.links.probe(order);
    const { outcome, tookMs } = answer;
    const became = `${outcome} (${formatDuration(tookMs)})`;
    if (outcome === "refused" && !(await acceptsNow(crossing, look))) {
      return { effective: true, measured: `${became}: ${crossing.to} accepts nothing` };
    }
    if (outcome === "stalled" && bound <= slowMs) {
      return { effective: false, measured: `${became}, but the link alone takes ${formatDuration(slowMs)}` };
    }
    const effective = outcome === SHOWS[mode] || shownByOthers(crossing, look).has(outcome);
    return { effective, measured: effective ? became : `${became}, it should be ${SHOWS[mode]}` };
  });
}

const SHOWS: Readonly<Record<CutMode, ProbeAnswer["outcome"]>> = {
  drop: "stalled",
  reset: "reset",
  refuse: "refused",
};

/** A delay: the round trip is as long as all delays on both ways ask. */
export async function proveLatency(fault: Fault, proving: Proving): Promise<readonly Proof[]> {
  const look = await lookAt(fault, proving);
  return forEachCrossing(fault, look, async ({ crossing }) => {
    const { rttMs, jitterMs } = delaysOn(crossing, look.rules);
    const without = delaysOn(crossing, look.others);
    const asked = { leastMs: rttMs - jitterMs - earlyMs(rttMs), otherwiseMs: without.rttMs + without.jitterMs };
    const { took, effective } = await timed(fault, crossing, look, {}, rttMs + jitterMs, asked);
    return { effective, measured: `round trip ${took} (${formatDuration(rttMs)} wanted)` };
  });
}

/** A link rounds what is due to whole milliseconds, each way; of a short delay that may be no more than half. */
const earlyMs = (rttMs: number) => Math.min(2, rttMs / 2);

/** A cap: a few bytes take the time that it asks for. */
export async function proveBandwidth(fault: Fault, proving: Proving): Promise<readonly Proof[]> {
  const look = await lookAt(fault, proving);
  const { bytesPerSecond = 1 } = fault.parameters;
  const bytes = Math.round(Math.min(MOST_BYTES, Math.max(LEAST_BYTES, (bytesPerSecond * PASSING_MS) / 1_000)));
  const askedMs = (bytes * 1_000) / bytesPerSecond;
  return forEachCrossing(fault, look, async ({ crossing, direction }) => {
    const { rttMs, jitterMs } = delaysOn(crossing, look.rules);
    // Only what comes back fills the direction against the one that connections are opened in, once all has come there.
    const back = direction.to === crossing.from;
    const thereMs = back ? passingMs(bytes, onWay(crossing, "there", look.rules)) : 0;
    const way = back ? "back" : "there";
    const expectedMs = thereMs + passingMs(bytes, onWay(crossing, way, look.rules)) + rttMs + jitterMs;
    const otherwiseMs = thereMs + passingMs(bytes, onWay(crossing, way, look.others)) + rttMs + jitterMs;
    const onItsWayMs = Math.max(0, rttMs - jitterMs - earlyMs(rttMs));
    const asked = { leastMs: (thereMs + askedMs) * ENOUGH + onItsWayMs, otherwiseMs };
    const { took, effective } = await timed(fault, crossing, look, { bytes, back }, expectedMs, asked);
    const more = thereMs > 0 ? `, after ${formatDuration(thereMs)} there` : "";
    return { effective, measured: `${bytes} bytes in ${took} (${formatDuration(askedMs)} wanted${more})` };
  });
}

const PASSING_MS = 200;
const LEAST_BYTES = 1_024;
const MOST_BYTES = 2 * 1_024 * 1_024;
const ENOUGH = 0.9;

/** How long so many bytes take under the tightest of these caps. */
function passingMs(bytes: number, rules: readonly TimedRule[]): number {
  const caps = rules.flatMap(({ effect }) => (effect.type === "cap" ? [effect] : []));
  return Math.max(0, ...caps.map(({ bytesPerSecond }) => (bytes * 1_000) / bytesPerSecond));
}

/** Connections that die: those that these rules have reset so far. Asked just before the end. */
export async function proveResets(fault: Fault, proving: Proving): Promise<readonly Proof[]> {
  const { state, crossings } = await lookAt(fault, proving);
  const own = new Set(rulesOf(fault).map(({ id }) => id));
  const rules = state.rules.filter(({ id }) => own.has(id));
  if (rules.length === 0) return [{ effective: false, measured: "its rules were over before anybody could ask" }];
  const resets = rules.reduce((sum, rule) => sum + (rule.resets ?? 0), 0);
  const seconds = (proving.clock.now() - fault.since) / 1_000;
  const opened = crossings.filter((crossing) => rules.some((rule) => openedIn(rule, crossing)));
  const open = opened.reduce((sum, crossing) => sum + (stateOf(crossing, state)?.connections ?? 0), 0);
  const expected = open * seconds * (fault.parameters.resetsPerSecond ?? 0);
  const among = `${open} open now, about ${Number(expected.toFixed(1))} to be expected`;
  return [{ effective: resets > 0, measured: `${resets} connections reset in ${seconds.toFixed(1)} s (${among})` }];
}

// --- what all have in common ---

interface Look {
  clock: Clock;
  links: Links;
  state: LinksState;
  crossings: readonly Crossing[];
  /** In force now; and those of other faults and of the links themselves alone. */
  rules: readonly TimedRule[];
  others: readonly TimedRule[];
}

async function lookAt(fault: Fault, { cluster, topology, faults, clock }: Proving): Promise<Look> {
  const { links } = cluster;
  if (links === undefined) throw new Error("nothing crosses a link here");
  const rules = wanted(topology, faults()).links.filter(inForce(clock.now()));
  const own = new Set(rulesOf(fault).map(({ id }) => id));
  return {
    clock,
    links,
    state: await links.state(),
    crossings: crossingsOf(topology),
    rules,
    others: rules.filter(({ id }) => !own.has(id)),
  };
}

interface Along {
  crossing: Crossing;
  direction: Direction;
}

/** One probe per direction; two directions that are seen in the same round trip are seen at once. */
async function forEachCrossing(
  fault: Fault,
  look: Look,
  how: (along: Along) => Promise<Proof>,
): Promise<readonly Proof[]> {
  const chosen = new Map<string, Along>();
  const blind: Proof[] = [];
  for (const direction of fault.links ?? []) {
    const crossing = choose(direction, look);
    if (crossing === undefined) {
      blind.push({ effective: false, measured: `nothing crosses ${sayDirection(direction)}` });
      continue;
    }
    // How many bytes pass in a second is seen of one direction at a time.
    const key = `${crossing.from} ${crossing.to} ${fault.kind === "bandwidth" ? direction.to : ""}`;
    chosen.set(key, { crossing, direction });
  }
  const seen = await Promise.all(
    [...chosen.values()].map(async (along) => {
      const { effective, measured } = await how(along);
      return { effective, measured: `${along.crossing.from} to ${along.crossing.to}: ${measured}` };
    }),
  );
  return [...blind, ...seen];
}

/** Rather one whose node accepts connections, and one that is opened in this direction. */
function choose(direction: Direction, look: Look): Crossing | undefined {
  const rank = (crossing: Crossing) => (accepts(crossing, look) ? 2 : 0) + (openedIn(direction, crossing) ? 1 : 0);
  return look.crossings
    .filter((crossing) => runsAlong(direction, crossing))
    .toSorted((a, b) => rank(b) - rank(a))
    .at(0);
}

const stateOf = ({ from, to }: Crossing, { crossings }: LinksState) =>
  crossings.find((crossing) => crossing.from === from && crossing.to === to);

/** What a node refuses its link refuses. */
const accepts = (crossing: Crossing, { state }: Pick<Look, "state">) => stateOf(crossing, state)?.accepts !== false;

/** Asked anew: a node that has just died is noticed a moment later. */
async function acceptsNow(crossing: Crossing, { links }: Look): Promise<boolean> {
  return accepts(crossing, { state: await links.state() });
}

type Way = "there" | "back";

/** The rules for the bytes that flow to the node, or for those that it answers. */
function onWay({ from, to, toZone }: Crossing, way: Way, rules: readonly TimedRule[]): readonly TimedRule[] {
  const bytes = way === "there" ? { from, to: toZone } : { from: toZone, to: from };
  return rules.filter((rule) => concerns(rule, bytes, { from, to }));
}

/** The rules that a round trip on this crossing meets. */
const onBothWays = (crossing: Crossing, rules: readonly TimedRule[]) => [
  ...onWay(crossing, "there", rules),
  ...onWay(crossing, "back", rules),
];

function delaysOn(crossing: Crossing, rules: readonly TimedRule[]): { rttMs: number; jitterMs: number } {
  const delays = onBothWays(crossing, rules).flatMap(({ effect }) => (effect.type === "delay" ? [effect] : []));
  return {
    rttMs: delays.reduce((sum, { addMs }) => sum + addMs, 0),
    jitterMs: delays.reduce((sum, { jitterMs }) => sum + jitterMs, 0),
  };
}

/** What other faults' cuts of the same crossing make of a probe: of two cuts the worse one shows. */
function shownByOthers(crossing: Crossing, { others }: Look): ReadonlySet<ProbeAnswer["outcome"]> {
  const cuts = onBothWays(crossing, others).flatMap(({ effect }) => (effect.type === "cut" ? [effect.mode] : []));
  // One that refuses resets what is opened from its other side.
  return new Set(cuts.flatMap((mode) => (mode === "refuse" ? ["refused", "reset"] : [SHOWS[mode]])));
}

/** What is measured must be over before the fault is, or its end answers the probe. */
const atMostMs = ({ until = Infinity }: Fault, { clock }: Look) => Math.max(1, Math.floor((until - clock.now()) / 2));

/** How long a probe may take beyond what is asked of it, on a busy machine; less where it may just as well never come. */
const SLACK_MS = 4_000;
const SHORT_SLACK_MS = 1_000;
/** Nobody waits much longer than this for a proof; what has not come by then was slowed down all the same. */
const LONG_MS = 5_000;
/** A flaky link resets probes, too. */
const ATTEMPTS = 3;

interface Asked {
  /** It takes at least so long with this fault, */
  leastMs: number;
  /** and so long without it. */
  otherwiseMs: number;
}

/** Times a probe. One that a worse fault keeps from passing shows that one, and no more is to be seen. */
async function timed(
  fault: Fault,
  crossing: Crossing,
  look: Look,
  load: Pick<ProbeOrder, "bytes" | "back">,
  expectedMs: number,
  { leastMs, otherwiseMs }: Asked,
): Promise<{ took: string; effective: boolean }> {
  // Where a cap is, a probe may wait for others as long as it likes: less passes than may.
  const isCapped = onBothWays(crossing, look.rules).some(({ effect }) => effect.type === "cap");
  const slackMs = isCapped || shownByOthers(crossing, look).has("stalled") ? SHORT_SLACK_MS : SLACK_MS;
  const patienceMs = Math.min(expectedMs + slackMs, otherwiseMs + LONG_MS, atMostMs(fault, look));
  const order = { from: crossing.from, to: crossing.to, ...load, patienceMs };
  let answer = await look.links.probe(order);
  for (let i = 1; i < ATTEMPTS && answer.outcome === "reset"; i++) answer = await look.links.probe(order);
  const { outcome, tookMs } = answer;
  if (outcome === "answered") return { took: formatDuration(tookMs), effective: tookMs >= leastMs };
  if (shownByOthers(crossing, look).has(outcome)) return { took: `unknown, ${outcome} by a cut`, effective: true };
  if (outcome === "refused" && !(await acceptsNow(crossing, look)))
    return { took: `unknown, ${crossing.to} accepts nothing`, effective: true };
  if (outcome === "stalled" && patienceMs > otherwiseMs && (patienceMs < leastMs || isCapped))
    return { took: `over ${formatDuration(patienceMs)}`, effective: true };
  return { took: `unknown, ${outcome} after ${formatDuration(tookMs)}`, effective: false };
}
