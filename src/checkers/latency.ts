// latency: how long the answers to a region's clients took, counted from when they were due. What was never answered took
// for ever, so a stall cannot hide: neither behind the clients that wait for it nor behind the requests that gave up.
import { z } from "zod";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { LEAST_ANSWERED } from "./always.ts";
import { duringFaults, durationMs, regionName, unknownRegion } from "./args.ts";
import { dueOperations } from "./due.ts";
import type { Due } from "./due.ts";
import { faultsOf, inForce } from "./faults.ts";
import { factsOf } from "./history.ts";
import { count, duration, judged, moment, several, STORIES } from "./say.ts";

/** Name -> the share of operations that must be at least as fast, and how many it takes for that to mean anything. */
const PERCENTILES = {
  p50: { share: 0.5, least: LEAST_ANSWERED },
  p99: { share: 0.99, least: 100 },
} as const;
type Percentile = keyof typeof PERCENTILES;
const NAMES = Object.keys(PERCENTILES) as readonly Percentile[];

const args = z
  .strictObject({
    region: regionName,
    p50: durationMs.optional(),
    p99: durationMs.optional(),
    during: duringFaults("only operations due while a fault was in force"),
  })
  .refine((given) => NAMES.some((name) => given[name] !== undefined), {
    error: "expected a bound for p99 or p50, like p99: 50ms",
  });
type Args = z.output<typeof args>;

export const latency: ExpectationWords<Args> = {
  name: "latency",
  summary:
    "Of the due operations of a region's clients, that share was answered within the bound, counted from when they were due.",
  example: "- latency: { region: us, p99: 50ms }",
  args,
  check: ({ region }, topology) => unknownRegion(region, topology),
  judge(history, { region, during, ...bounds }) {
    const facts = factsOf(history);
    const windows = faultsOf(history);
    const due = dueOperations(facts, region)
      .filter((one) => during === undefined || inForce(windows, one.due))
      .toSorted((a, b) => (a.tookMs === b.tookMs ? 0 : a.tookMs - b.tookMs));
    const asked = NAMES.filter((name) => bounds[name] !== undefined);
    const said = `${several(due.length, "due operation")} of the clients of ${region}${during === undefined ? "" : " while a fault was in force"}`;
    const least = Math.max(...asked.map((name) => PERCENTILES[name].least));
    if (due.length < least)
      return judged("unknown", `${said}: at least ${least} are needed to tell ${asked.join(", ")}`);

    const found = asked.map((name) => ({ name, bound: bounds[name]!, at: percentile(due, PERCENTILES[name].share) }));
    const unanswered = due.filter((one) => one.tookMs === Infinity).length;
    const summary = [
      ...found.map(({ name, bound, at }) => `${name} ${sayMs(at.tookMs)} (at most ${duration(bound)})`),
      `${said}, ${count(unanswered)} of them never answered`,
    ].join("; ");
    const slow = found.filter(({ bound, at }) => at.tookMs > bound);
    if (slow.length === 0) return judged(true, summary);
    const slowest = due.toReversed().slice(0, STORIES);
    return judged(
      false,
      summary,
      [...slow.map(({ at }) => at.seq), ...slowest.map(({ seq }) => seq)],
      [
        ...slow.map(({ name, bound, at }) => sayBound(name, bound, at, due)),
        `The slowest: ${slowest.map(sayDue).join("; ")}.`,
      ],
    );
  },
};

/** By nearest rank: the smallest of the measured times that this share of them does not exceed. */
function percentile(sorted: readonly Due[], share: number): Due {
  return sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)]!;
}

function sayBound(name: Percentile, bound: number, at: Due, due: readonly Due[]): string {
  const within = due.filter((one) => one.tookMs <= bound).length;
  const needed = Math.ceil(PERCENTILES[name].share * due.length - 1e-9);
  return (
    `${name}: ${count(within)} of ${count(due.length)} were answered within ${duration(bound)}, ` +
    `and ${count(needed)} had to be; the one that decides was due at ${moment(at.due)} (event ${at.seq}).`
  );
}

const sayMs = (ms: number): string => (ms === Infinity ? "never" : duration(ms));

const sayDue = ({ due, tookMs, why, seq }: Due): string =>
  `due at ${moment(due)}, ${tookMs === Infinity ? why : `answered after ${duration(tookMs)}`} (event ${seq})`;
