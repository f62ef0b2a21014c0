// The x-regionctl block: what Compose has no word for. Regions, links, routes, steady requests, what can be observed.
import { z } from "zod";
import { EDGE, type LinkSpec, type Observe, type SteadyRequest, type Topology } from "../model/topology.ts";
import { parseDuration } from "../model/units.ts";
import { parseWith } from "./issues.ts";
import { placeName } from "./places.ts";
import { isMap, type Path, type Source } from "./source.ts";
import { didYouMean } from "./words.ts";
import { type Workloads, workloadsOf } from "./workloads.ts";

export interface Block {
  regions: readonly string[];
  /** Where regions lie, as far as the file says. undefined: what it says is wrong. */
  at: Readonly<Record<string, string>> | undefined;
  links: readonly LinkSpec[];
  routes: Readonly<Record<string, string>>;
  steady: readonly SteadyRequest[];
  observe: Observe;
  conflicts: Topology["conflicts"];
  workloads: Workloads;
}

export const MAX_REGIONS = 6;
const MAX_RTT_MS = 60_000;
const AT: Path = ["x-regionctl"];

const durationWords = "expected a duration with its unit, e.g. 80ms";
const duration = z.string({ error: durationWords }).transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms <= MAX_RTT_MS) return ms;
  context.addIssue({ code: "custom", message: ms === undefined ? durationWords : "expected at most 60s" });
  return z.NEVER;
});

const observedPath = z
  .string({ error: "expected a path, e.g. /:region/replication-lag" })
  .regex(/^\/\S*$/, "expected a path, e.g. /:region/replication-lag");

const steadyLine = z
  .string({ error: "expected a method and a path, e.g. GET /us/health" })
  .regex(/^(GET|HEAD) \/\S*$/, "expected a read, e.g. GET /us/health");

const block = z.strictObject({
  regions: z
    .record(
      z
        .string()
        .regex(/^[a-z][a-z0-9-]{0,30}$/, "a region is called with lower-case letters, digits and dashes, e.g. us"),
      z.union([z.null(), z.strictObject({ at: placeName.optional() })], {
        error: "expected { at: us-east-1 }, or nothing",
      }),
      { error: "expected a map of regions, e.g. { us: {}, eu: {} }" },
    )
    .default({}),
  links: z.record(z.string(), z.strictObject({ rtt: duration.default(0), jitter: duration.default(0) })).default({}),
  routes: z
    .record(
      z.string().regex(/^\/\S*$/, "a route is a path's beginning, e.g. /us"),
      z.string({ error: "expected a region" }),
    )
    .default({}),
  steady: z.array(steadyLine, { error: "expected a list of requests, e.g. [GET /us/health]" }).max(64).default([]),
  observe: z.strictObject({ lag: observedPath.optional(), conflicts: observedPath.optional() }).default({}),
  conflicts: z.enum(["hybrid-clock", "wall-clock"]).default("hybrid-clock"),
  workloads: z.unknown().optional(),
});
type Parsed = z.infer<typeof block>;

/** Names of the regions, also where the rest of the block is wrong: services are judged against them. */
export function regionsIn(value: unknown): readonly string[] {
  return isMap(value) && isMap(value["regions"]) ? Object.keys(value["regions"]) : [];
}

export function blockOf(source: Source, value: unknown): Block | undefined {
  if (value === undefined) {
    source.say(
      [],
      'the file has no "x-regionctl" block',
      "It says at least the regions: x-regionctl: { regions: { us: {}, eu: {} } }.",
    );
    return undefined;
  }
  if (!isMap(value)) {
    source.say(
      { path: AT, key: true },
      "expected a map: regions, links, routes, steady, observe, conflicts, workloads",
    );
    return undefined;
  }
  const parsed = parseWith(source, value, block, (inner) => [...AT, ...inner]);
  const written = value["workloads"];
  const workloads = written === undefined ? {} : workloadsOf(source, [...AT, "workloads"], written);
  if (parsed === undefined) return undefined;
  const { observe, conflicts, routes } = parsed.value;
  // What is wrong in itself was said; what depends on it is judged by the names as they stand.
  const regions = parsed.wrong.has("regions") ? regionsIn(value) : Object.keys(parsed.value.regions);
  const at = parsed.wrong.has("regions") ? undefined : placesWritten(parsed.value);
  checkRegions(source, regions);
  for (const [route, region] of Object.entries(routes)) checkRegion(source, ["routes", route], region, regions);
  const links = linksOf(source, parsed.value, regions);
  const unknowable = parsed.wrong.has("routes") || parsed.wrong.has("steady");
  const steady = unknowable ? [] : steadyOf(source, parsed.value, regions);
  return { regions, at, links, routes, steady, observe, conflicts, workloads };
}

function placesWritten({ regions }: Parsed): Block["at"] {
  return Object.fromEntries(
    Object.entries(regions).flatMap(([region, written]) => (written?.at === undefined ? [] : [[region, written.at]])),
  );
}

function checkRegions(source: Source, regions: readonly string[]): void {
  const spot = { path: [...AT, "regions"], key: true };
  if (regions.length === 0) {
    source.say(spot, "a topology has at least one region, e.g. regions: { us: {}, eu: {} }");
  }
  if (regions.length > MAX_REGIONS) {
    source.say(spot, `a topology has ${MAX_REGIONS} regions at most, and these are ${regions.length}`);
  }
  if (regions.includes(EDGE)) {
    source.say({ path: [...AT, "regions", EDGE], key: true }, `"${EDGE}" is the zone outside of all regions already`);
  }
}

function checkRegion(source: Source, inner: Path, region: string, regions: readonly string[]): void {
  if (regions.includes(region)) return;
  source.say(
    { path: [...AT, ...inner], word: region },
    `there is no region "${region}"`,
    didYouMean(region, regions, "Regions are"),
  );
}

/** Every pair of zones has a link; what the file does not say of one adds nothing. */
function linksOf(source: Source, parsed: Parsed, regions: readonly string[]): readonly LinkSpec[] {
  const zones = [EDGE, ...regions];
  const written = new Map<string, { rtt: number; jitter: number }>();
  for (const [name, link] of Object.entries(parsed.links)) {
    const path = [...AT, "links", name];
    const ends = name.split("|").map((end) => end.trim());
    if (ends.length !== 2 || /->/.test(name)) {
      source.say(
        { path, key: true },
        "a link is between two regions, e.g. us | eu",
        "Its round trip is the same from both sides.",
      );
      continue;
    }
    const stranger = ends.find((end) => !zones.includes(end));
    if (stranger !== undefined) {
      source.say({ path, key: true }, `there is no region "${stranger}"`, didYouMean(stranger, zones, "Regions are"));
    } else if (ends[0] === ends[1]) source.say({ path, key: true }, "a link is between two different regions");
    else if (written.has(pairOf(ends))) source.say({ path, key: true }, "this link stands here twice");
    else written.set(pairOf(ends), link);
  }
  return zones.flatMap((one, i) =>
    zones.slice(i + 1).map((other): LinkSpec => {
      const link = written.get(pairOf([one, other]));
      return { between: [one, other], rttMs: link?.rtt ?? 0, jitterMs: link?.jitter ?? 0 };
    }),
  );
}

const pairOf = (ends: readonly string[]) => ends.toSorted().join(" | ");

function steadyOf(source: Source, parsed: Parsed, regions: readonly string[]): readonly SteadyRequest[] {
  const found = parsed.steady.flatMap((line, i): SteadyRequest[] => {
    const [method, path] = line.split(" ") as [string, string];
    const region = routed(path, parsed.routes);
    if (region !== undefined) return [{ method, path, region }];
    const hint = `Routes are ${Object.keys(parsed.routes).join(", ") || "none"}.`;
    source.say({ path: [...AT, "steady", i], word: path }, "no route leads there, so it tells of no region", hint);
    return [];
  });
  for (const region of regions) {
    if (found.some((request) => request.region === region)) continue;
    const hint = `Add one, e.g. GET /${region}/health.`;
    source.say({ path: [...AT, "steady"], key: true }, `no steady request says whether "${region}" is healthy`, hint);
  }
  return found;
}

/** The region of the longest route that a path begins with. */
export function routed(path: string, routes: Readonly<Record<string, string>>): string | undefined {
  const matching = Object.keys(routes).filter(
    (route) => path === route || path.startsWith(route.endsWith("/") ? route : `${route}/`),
  );
  const longest = matching.toSorted((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : routes[longest];
}
