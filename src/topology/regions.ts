// `--regions us,eu,ap`: the system of a Compose file in other regions than the file says. Pure: plain values in, plain values out.
//
//   a region more     what the first region has of its own (services that carry its name) is copied, its name replaced
//                     wherever it stands as a word; a link to every other region, a route and steady requests likewise
//   a region less     its services, links, route and steady requests go; refused while anything that stays needs them
//   all the others    (gateway, kafka) stay as they are; only what they say once for every region is said for the new ones
//
// Whatever is new remembers where it was copied from, so that a mistake in it is drawn where somebody can mend it.
import { EDGE } from "../model/topology.ts";
import { MAX_REGIONS, regionsIn } from "./block.ts";
import { blockOver } from "./region-block.ts";
import { servicesOver } from "./region-services.ts";
import { carries, type Rename, renaming } from "./region-word.ts";
import { idOf, isMap, type Path, type Reshaped, type Spot } from "./source.ts";

export const MIN_REGIONS = 2;
const NEW_REGION = /^[a-z][a-z0-9-]{0,15}$/;
const REGION = /^[a-z][a-z0-9-]{0,30}$/;
const SERVICE = /^[a-z][a-z0-9_-]{0,62}$/;

/** What is wrong with a list of regions, in one sentence. */
export function regionsProblem(regions: readonly string[]): string | undefined {
  const wrong = regions.find((region) => !NEW_REGION.test(region));
  if (wrong !== undefined) {
    return `"${wrong}" is no name of a region: expected lower-case letters, digits and dashes, 16 at most, e.g. us,eu,ap`;
  }
  if (regions.includes(EDGE)) return `"${EDGE}" is the zone outside of all regions already`;
  const twice = regions.find((region, i) => regions.indexOf(region) < i);
  if (twice !== undefined) return `region "${twice}" stands there twice`;
  if (regions.length >= MIN_REGIONS && regions.length <= MAX_REGIONS) return undefined;
  return `expected ${MIN_REGIONS} to ${MAX_REGIONS} regions, all that are wanted, e.g. us,eu,ap`;
}

/** What the parts of this change have in common. */
export interface Change {
  /** The file's regions, in its order. */
  given: readonly string[];
  wanted: readonly string[];
  added: readonly string[];
  /** The first region of the file: what a new one is a copy of. */
  first: string;
  /** From the first region's name to another's. */
  rename: Readonly<Record<string, Rename>>;
  /** The first region's name stands in it as a word. */
  names(text: string): boolean;
  /** Of a service: its region, or the edge. */
  homes: ReadonlyMap<string, string>;
  /** Services that every region has of its own, by the name that the first region's has. */
  own: readonly string[];
  isGone(service: string): boolean;
  /** Where what is new was copied from, by its place (idOf). */
  origins: Map<string, Path>;
  copy: Copy;
  complain(spot: Spot, message: string, hint?: string): void;
}

/** A value from one place at another, its keys and texts renamed. */
export type Copy = (value: unknown, from: Path, to: Path, rename: Rename) => unknown;

export function withRegions(value: unknown, wanted: readonly string[]): Reshaped {
  const origins = new Map<string, Path>();
  const complaints: Reshaped["complaints"][number][] = [];
  const complain: Change["complain"] = (spot, message, hint) => complaints.push({ spot, message, hint });
  const block = isMap(value) ? value["x-regionctl"] : undefined;
  const services = isMap(value) ? value["services"] : undefined;
  const given = regionsIn(block);
  const wrong = regionsProblem(wanted);
  if (wrong !== undefined) complain({ path: ["x-regionctl", "regions"], key: true }, wrong);
  // What is wrong with the file itself is said when it is read.
  const readable = isMap(value) && isMap(block) && isMap(services) && given.length > 0;
  const named = given.every((region) => REGION.test(region));
  const same = given.join() === wanted.join();
  if (!readable || !named || same || wrong !== undefined) return { value, origins, complaints };

  const first = given[0]!;
  const homes = new Map(Object.entries(services).map(([name, service]) => [name, homeOf(name, service, given)]));
  const others = given.filter((region) => region !== first);
  const own = [...homes].filter(([name, home]) => home === first && carries(name, first, others)).map(([name]) => name);
  const apart = [
    ...others,
    ...[...homes.keys()].filter((name) => SERVICE.test(name) && !own.includes(name) && carries(name, first)),
  ];
  const change: Change = {
    given,
    wanted,
    added: wanted.filter((region) => !given.includes(region)),
    first,
    rename: Object.fromEntries([...given, ...wanted].map((region) => [region, renaming(first, region, apart)])),
    names: (text) => carries(text, first, apart),
    homes,
    own,
    isGone: (service) => given.includes(homes.get(service)!) && !wanted.includes(homes.get(service)!),
    origins,
    copy: copying(origins),
    complain,
  };
  const reshaped = {
    ...value,
    services: servicesOver(services, change),
    "x-regionctl": blockOver(block, change),
  };
  return { value: reshaped, origins, complaints };
}

/** As the loader sees it: the label, otherwise the name's ending. */
function homeOf(name: string, service: unknown, regions: readonly string[]): string {
  const labels = isMap(service) ? service["labels"] : undefined;
  const pairs = Array.isArray(labels) ? labels.map((one) => String(one).split(/=(.*)/s)) : Object.entries(labels ?? {});
  const label = pairs.find(([label]) => label === "regionctl.region")?.[1];
  if (label !== undefined) return String(label);
  const suffixes = regions.filter((region) => name.endsWith(`-${region}`) || name.endsWith(`_${region}`));
  return suffixes.toSorted((a, b) => b.length - a.length)[0] ?? EDGE;
}

function copying(origins: Map<string, Path>): Copy {
  return function copy(value, from, to, rename): unknown {
    origins.set(idOf(to), from);
    if (typeof value === "string") return rename(value);
    if (Array.isArray(value)) return value.map((one, i) => copy(one, [...from, i], [...to, i], rename));
    if (!isMap(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => {
        const renamed = rename(key);
        return [renamed, copy(one, [...from, key], [...to, renamed], rename)];
      }),
    );
  };
}
