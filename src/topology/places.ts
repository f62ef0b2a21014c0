// Where the regions lie, and what that makes of the links between them. Nothing, unless it is asked for (--wan): a system is
// as fast as this machine until somebody wants it as slow as the world.
import { z } from "zod";
import type { Topology } from "../model/topology.ts";
import type { Path, Source } from "./source.ts";
import { PLACES, roundTripMs } from "./wan.ts";
import { didYouMean, listed } from "./words.ts";

/** The places that the topology's file says, or a place for each region, in their order. */
export type Wan = true | readonly string[];

const REGIONS: Path = ["x-regionctl", "regions"];

export const placeName = z.enum(PLACES, {
  error: ({ input }) =>
    typeof input === "string" ? `there is no place "${input}"` : "expected a place, e.g. us-east-1",
});

const words = "expected a place for each region, e.g. [us-east-1, eu-west-1]";

/** As a scenario writes it. */
export const wanWritten = z
  .union(
    [
      z.literal(true),
      z.array(placeName, { error: words }).superRefine((places, context) => {
        const again = places.findIndex((place, i) => places.indexOf(place) < i);
        if (again !== -1) context.addIssue({ code: "custom", path: [again], message: twice(places[again]!) });
      }),
    ],
    { error: `${words}, or true for the places that the topology's file says` },
  )
  .describe(
    "Round trips as between real places: true for those that the topology's file says, or one for each region.",
  );

/** What is wrong with a list of places that somebody typed, in one sentence. */
export function placesProblem(places: readonly string[]): string | undefined {
  const stranger = places.find((place) => !placeName.safeParse(place).success);
  if (stranger !== undefined) {
    return `there is no place "${stranger}". ${didYouMean(stranger, PLACES, "Places are").replace(/\.$/, "")}`;
  }
  const again = places.find((place, i) => places.indexOf(place) < i);
  return again === undefined ? undefined : twice(again);
}

const twice = (place: string) => `${place} stands there twice, and of the way from a place to itself nothing is known`;

/** Each region has a place, and each place a region. */
export function countProblem(places: readonly string[], regions: readonly string[]): string | undefined {
  if (places.length === regions.length) return undefined;
  const [have, want] = [`${places.length} ${places.length === 1 ? "place" : "places"}`, regions.length];
  return `${have} for ${want} ${want === 1 ? "region" : "regions"}: expected one for each of ${regions.join(", ")}`;
}

/** The place of every region; what is wrong or missing is said in the file. */
export function placesOf(
  source: Source,
  { regions, at }: { regions: readonly string[]; at: Readonly<Record<string, string>> },
  wan: Wan,
): readonly string[] | undefined {
  if (wan !== true) {
    const count = countProblem(wan, regions);
    const wrong = count === undefined ? placesProblem(wan) : `--wan names ${count}`;
    if (wrong === undefined) return wan;
    source.say({ path: REGIONS, key: true }, wrong);
    return undefined;
  }
  const before = source.problems.length;
  for (const [i, region] of regions.entries()) {
    const place = at[region];
    const spot = { path: [...REGIONS, region], key: true };
    const neighbour = regions.slice(0, i).find((other) => place !== undefined && at[other] === place);
    if (place === undefined) {
      const all = regions.map((one) => at[one] ?? "PLACE").join(",");
      const hint = `Write ${region}: { at: PLACE }, or name all places: --wan ${all}. Places are ${listed(PLACES)}.`;
      source.say(spot, `nobody says where "${region}" lies, so its round trips are unknown`, hint);
    } else if (neighbour !== undefined) {
      const hint = `Without --wan, a link has the round trip that it says: ${neighbour} | ${region}: { rtt: 2ms }.`;
      source.say(spot, `"${region}" lies where "${neighbour}" does, and of that way nothing is known`, hint);
    }
  }
  return source.problems.length > before ? undefined : regions.map((region) => at[region]!);
}

/** A link that says its own round trip keeps it; the others have that of their places. The edge is where the user is. */
export function atPlaces(topology: Topology, places: readonly string[]): Topology {
  const placed = Object.fromEntries(topology.regions.map((region, i) => [region, places[i]!]));
  const links = topology.links.map((link) => {
    const [one, other] = link.between.map((end) => placed[end]);
    if (link.rttMs > 0 || one === undefined || other === undefined) return link;
    return { ...link, rttMs: roundTripMs(one, other) ?? 0 };
  });
  return { ...topology, links, places: placed };
}
