// The services of a system in other regions: what the first region has of its own is copied for each new one, and what a
// region that goes has goes with it.
import { EDGE } from "../model/topology.ts";
import { entriesOf, entriesOver } from "./region-lists.ts";
import { carries, type Rename } from "./region-word.ts";
import type { Change } from "./regions.ts";
import { idOf, isMap, type Path } from "./source.ts";
import { listed } from "./words.ts";

type Services = Readonly<Record<string, unknown>>;

/** A service that will stand; `region`: it is the copy of `like` for that region. */
interface Standing {
  name: string;
  like: string;
  region?: string;
}

export function servicesOver(services: Services, change: Change): Services {
  const { added, given, own, rename, isGone } = change;
  refuseCopies(services, change);
  const names = Object.keys(services);
  /** Copies stand after the last of their kind: db-us, db-eu, db-ap. */
  const after = new Map<string, string[]>();
  for (const like of own) {
    const kind = new Set([like, ...given.map((region) => rename[region]!(like))]);
    const last = names.findLast((name) => kind.has(name))!;
    after.set(last, [...(after.get(last) ?? []), like]);
  }
  const standing = names.flatMap((name): readonly Standing[] => [
    ...(isGone(name) ? [] : [{ name, like: name }]),
    ...(after.get(name) ?? []).flatMap((like) =>
      added.map((region) => ({ name: rename[region]!(like), like, region })),
    ),
  ]);
  const over = Object.fromEntries(standing.map((one) => [one.name, serviceOver(services[one.like], one, change)]));
  refuseNeeds(over, change);
  return over;
}

/** Left alone: they name what lies on a disk or in a registry, and nobody has made that for a new region. */
const OUTSIDE: ReadonlySet<string> = new Set(["image", "build", "volumes"]);
/** Told once for every region, perhaps. */
const ENTRIES: ReadonlySet<string> = new Set(["environment", "depends_on"]);
const asItIs: Rename = (text) => text;

function serviceOver(service: unknown, { name, like, region }: Standing, change: Change): unknown {
  const at: Path = ["services", like];
  const rename = region === undefined ? asItIs : change.rename[region]!;
  change.origins.set(idOf(["services", name]), at);
  if (!isMap(service)) return service;
  return Object.fromEntries(
    Object.entries(service).map(([key, value]) => {
      const [from, to]: [Path, Path] = [
        [...at, key],
        ["services", name, key],
      ];
      if (ENTRIES.has(key) && typeof value === "object" && value !== null) {
        return [key, entriesOver(value, from, { to, rename, isShared: change.homes.get(like) === EDGE }, change)];
      }
      const kept = key === "ports" && region !== undefined ? unpublished(value) : value;
      return [key, change.copy(kept, from, to, OUTSIDE.has(key) ? asItIs : rename)];
    }),
  );
}

/** Two nodes cannot have one port of this machine. */
function unpublished(ports: unknown): unknown {
  if (!Array.isArray(ports)) return ports;
  return ports.map((port: unknown) => {
    if (typeof port === "string") return port.split(/:(?![^{}]*\})/).at(-1);
    if (!isMap(port)) return port;
    const { published: _published, host_ip: _hostIp, ...inside } = port;
    return inside;
  });
}

/** What cannot be copied: nothing at all, a service between two regions, one whose copy's name is taken. */
function refuseCopies(services: Services, { added, given, first, own, rename, complain }: Change): void {
  if (added.length === 0) return;
  const fresh = listed(added.map((region) => `"${region}"`));
  if (own.length === 0) {
    complain(
      { path: ["x-regionctl", "regions", first], key: true },
      `no service of region "${first}" carries its name, so there is nothing to copy for ${fresh}`,
      `Call what every region has of its own after its region, e.g. backend-${first}.`,
    );
  }
  for (const like of own) {
    const spot = { path: ["services", like], key: true };
    const other = given.find(
      (region) =>
        region !== first &&
        carries(
          like,
          region,
          given.filter((one) => one !== region),
        ),
    );
    if (other !== undefined) {
      const message = `"${like}" stands between regions "${first}" and "${other}", so it cannot be copied for ${fresh}`;
      complain(spot, message, "Write these regions out in a topology of its own.");
    }
    for (const region of added) {
      const copy = rename[region]!(like);
      if (!Object.hasOwn(services, copy)) continue;
      const message = `there is a service "${copy}" already, so region "${region}" cannot have a copy of ${like}`;
      complain({ path: ["services", copy], key: true }, message, "Call the service or the new region differently.");
    }
  }
}

/** Something that stays needs something that goes. */
function refuseNeeds(standing: Services, { homes, wanted, isGone, complain }: Change): void {
  for (const [gone, home] of homes) {
    const needing = isGone(gone) ? Object.keys(standing).filter((name) => needs(standing[name], gone)) : [];
    if (needing.length === 0) continue;
    complain(
      { path: ["services", gone], key: true },
      `"${gone}" is at home in region "${home}", which is not among ${wanted.join(",")}, and it is needed by ${listed(needing)}`,
      `Keep the region: ${[home, ...wanted].join(",")}. Or give ${gone} another home with the label regionctl.region.`,
    );
  }
}

/** By its depends_on, or by an address in its environment. */
function needs(service: unknown, name: string): boolean {
  if (!isMap(service)) return false;
  if (entriesOf(service["depends_on"], []).some((entry) => entry.name === name)) return true;
  const escaped = name.replaceAll(/[^\w-]/g, "\\$&");
  const address = new RegExp(`(?:(?<![\\w.-])|(?<=\\$\\{\\w{1,99}:?-))${escaped}:(?=[\\d$])`);
  return entriesOf(service["environment"], []).some(({ value }) => address.test(String(value)));
}
