// rpo: how much of what a region had acknowledged before a fault would be gone if it never came back. The runner reads the
// touched keys in the surviving regions just before the fault ends; the oldest write of the region that none of them
// shows decides: the fault's start minus its acknowledgement, and never below 0.
import { z } from "zod";
import type { Surviving } from "../model/event.ts";
import { covers } from "../model/vector.ts";
import { merge } from "../model/verdict.ts";
import type { Validity } from "../model/verdict.ts";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { durationMs, regionName, unknownRegion } from "./args.ts";
import { faultsOf, sayFault } from "./faults.ts";
import type { FaultWindow } from "./faults.ts";
import { factsOf } from "./history.ts";
import type { Facts, Recorded } from "./history.ts";
import { count, duration, judged, moment, sayHeld, sayWrite, several, STORIES } from "./say.ts";
import { sameValue } from "./writes.ts";
import type { Effect, Write } from "./writes.ts";

const args = z.strictObject({ region: regionName, "at-most": durationMs });
type Args = z.output<typeof args>;

export const rpo: ExpectationWords<Args> = {
  name: "rpo",
  summary:
    "Before a fault on a region ends, the others show all that it had acknowledged until so long before the fault.",
  example: "- rpo: { region: us, at-most: 1s }",
  args,
  check: ({ region }, topology) => unknownRegion(region, topology),
  judge(history, { region, "at-most": atMost }) {
    const facts = factsOf(history);
    const windows = faultsOf(history).filter((window) => window.regions.has(region));
    if (windows.length === 0) return judged("unknown", `no fault touched ${region}: nothing was at stake`);
    const writes = writesOf(facts, region);
    const found = windows.map((window) => exposureOf(facts, window, writes));
    if (found.every(({ open, before }) => open === undefined && before === 0))
      return judged("unknown", `${region} had acknowledged nothing before a fault touched it: nothing was at stake`);

    const validities = found.map((one) => validityOf(one, atMost));
    const summary = [
      `${several(windows.length, "fault")} touched ${region}`,
      ...sayWorst(found),
      `allowed are ${duration(atMost)}`,
      ...sayOpen(found.filter((_, place) => validities[place] === "unknown")),
    ].join("; ");
    const valid = merge(validities);
    const told = found.filter((_, place) => validities[place] === valid).toSorted((a, b) => b.lossMs - a.lossMs);
    return judged(
      valid,
      summary,
      told.flatMap((one) => [
        one.window.begun.seq,
        one.oldest?.effect.acknowledged.complete?.seq,
        ...(one.oldest?.held ?? []).map(({ seq }) => seq),
      ]),
      valid === false ? told.slice(0, STORIES).flatMap((one) => story(one, region)) : [],
    );
  },
};

/** A write that the region acknowledged, and when. */
interface Promised {
  write: Write;
  effect: Effect;
  at: number;
}

/** The oldest first. */
function writesOf(facts: Facts, region: string): readonly Promised[] {
  const promised = facts.writes.flatMap((write) =>
    write.effects
      .filter((effect) => (effect.home ?? effect.acknowledged.invoke.region) === region)
      .map((effect): Promised => ({ write, effect, at: effect.acknowledged.completed })),
  );
  return promised.toSorted((a, b) => a.at - b.at);
}

/** What would have been gone with the region, by the readings just before one fault ended. */
interface Exposure {
  window: FaultWindow;
  /** Why nothing can be said at all. */
  open?: string;
  /** Writes acknowledged before the fault. */
  before: number;
  /** How many of them no surviving region showed. */
  hidden: number;
  /** How many of them could not be looked up everywhere. */
  undecided: number;
  /** Fault's start minus the acknowledgement of the oldest hidden one; 0 when all were shown. */
  lossMs: number;
  /** The same when the undecided ones were hidden too. */
  worstMs: number;
  oldest?: Promised & { held: readonly Recorded<Surviving>[] };
}

function exposureOf(facts: Facts, window: FaultWindow, writes: readonly Promised[]): Exposure {
  const readings = readingsOf(facts.surviving.get(window.fault.id) ?? []);
  const exposure: Exposure = { window, before: 0, hidden: 0, undecided: 0, lossMs: 0, worstMs: 0 };
  if (readings.regions.size === 0) {
    const why = window.to === Infinity ? "had not ended" : "ended, and no other region had been read before";
    return { ...exposure, open: `${sayFault(window)} ${why}` };
  }
  for (const one of writes) {
    if (one.at > window.from) break; // acknowledged since: it cannot make the loss older than the fault
    exposure.before++;
    const held = [...(readings.keys.get(one.write.key)?.values() ?? [])];
    const shown = isShown(facts, one, held, readings.regions.size);
    if (shown === true) continue;
    exposure.worstMs = Math.max(exposure.worstMs, window.from - one.at);
    if (shown === "unknown") {
      exposure.undecided++;
      continue;
    }
    exposure.hidden++;
    exposure.oldest ??= { ...one, held };
    exposure.lossMs = Math.max(exposure.lossMs, window.from - one.at);
  }
  return exposure;
}

/** The first reading of each key in each region: a fault that ends in parts is healed from its first end on. */
function readingsOf(events: readonly Recorded<Surviving>[]) {
  const keys = new Map<string, Map<string, Recorded<Surviving>>>();
  for (const event of events) {
    const held = keys.get(event.key) ?? new Map<string, Recorded<Surviving>>();
    if (!held.has(event.region)) held.set(event.region, event);
    keys.set(event.key, held);
  }
  return { keys, regions: new Set(events.map(({ region }) => region)) };
}

/** A region shows a write when its state covers the write's; without version vectors, when it holds just that. */
function isShown(
  facts: Facts,
  { write, effect }: Promised,
  held: readonly Recorded<Surviving>[],
  regions: number,
): Validity {
  const answers = held.filter(({ outcome }) => outcome.type === "ok");
  let opaque = false;
  for (const { state, value } of answers) {
    const vector = facts.vector(state);
    if (vector !== undefined && effect.vector !== undefined) {
      if (covers(vector, effect.vector)) return true;
    } else if ((state !== undefined && state === effect.state) || sameValue(value, write.value)) return true;
    else opaque = true; // a later write may stand there that knew this one
  }
  return opaque || answers.length < regions ? "unknown" : false;
}

function validityOf({ open, lossMs, worstMs }: Exposure, atMost: number): Validity {
  if (open !== undefined) return "unknown";
  if (lossMs > atMost) return false;
  return worstMs > atMost ? "unknown" : true;
}

function sayWorst(found: readonly Exposure[]): readonly string[] {
  const told = found.filter(({ open }) => open === undefined);
  if (told.length === 0) return [];
  const worst = told.reduce((a, b) => (b.lossMs > a.lossMs ? b : a));
  const before = several(worst.before, "acknowledged write");
  if (worst.hidden === 0) return [`all of its ${before} were shown elsewhere`];
  const gone = `the last ${duration(worst.lossMs)} before ${sayFault(worst.window)} would be gone`;
  return [`${gone}: ${count(worst.hidden)} of its ${before} could be read nowhere else`];
}

function sayOpen(found: readonly Exposure[]): readonly string[] {
  return found
    .slice(0, STORIES)
    .map(
      ({ open, undecided, window }) =>
        open ?? `whether ${several(undecided, "write")} survived ${sayFault(window)} could not be read everywhere`,
    );
}

function story({ window, oldest, lossMs, hidden }: Exposure, region: string): readonly string[] {
  if (oldest === undefined) return [];
  return [
    `${sayFault(window)} began at ${moment(window.from)}. ${several(hidden, "write")} that ${region} had acknowledged before could be read nowhere else when it ended.`,
    `The oldest, ${duration(lossMs)} before the fault: ${sayWrite(oldest.effect.acknowledged)}`,
    `Just before the fault ended ${oldest.held.map(sayHeld).join(", and ")}.`,
  ];
}
