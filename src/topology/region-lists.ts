// What a Compose file says once for every region, and how it is said for other regions:
//
//   depends_on: [backend-us, backend-eu]   ->  [backend-us, backend-eu, backend-ap]
//   DB_US: ..., DB_EU: ...                 ->  DB_US: ..., DB_EU: ..., DB_AP: ...
//   REGIONS: us,eu                         ->  us,eu,ap
import { type Rename } from "./region-word.ts";
import type { Change } from "./regions.ts";
import { idOf, isMap, type Path } from "./source.ts";

/** An entry of a map, or of a list like ["NAME=value"]. */
export interface Entry {
  name: string;
  value: unknown;
  at: Path;
}

export function entriesOf(value: unknown, at: Path): readonly Entry[] {
  if (isMap(value)) return Object.entries(value).map(([name, one]) => ({ name, value: one, at: [...at, name] }));
  if (!Array.isArray(value)) return [];
  return value.map((one: unknown, i) => ({ name: String(one).split("=", 1)[0]!, value: one, at: [...at, i] }));
}

export interface Target {
  /** Where the entries will stand. */
  to: Path;
  rename: Rename;
  /** They belong to no region: with a single region in the file, what names that one is meant for every region. */
  isShared: boolean;
}

/** Entries of a service's environment or needs, for the wanted regions. */
export function entriesOver(value: unknown, from: Path, { to, rename, isShared }: Target, change: Change): unknown {
  const { given, wanted, added, origins } = change;
  const entries = entriesOf(value, from);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const families = given.length > 1 || isShared ? familiesIn([...byName.keys()], change) : [];
  const told = new Set<readonly string[]>();
  const fresh = entries.flatMap((entry) => {
    const family = families.find((members) => members.includes(entry.name));
    if (family === undefined) return [{ ...entry, rename }];
    if (told.has(family)) return [];
    told.add(family);
    return wanted.map((region) => {
      const member = family[given.indexOf(region)] ?? family[0]!;
      return { ...byName.get(member)!, rename: added.includes(region) ? change.rename[region]! : asItIs };
    });
  });
  origins.set(idOf(to), from);
  const isList = Array.isArray(value);
  const written = fresh.map(({ name, value, at, rename }, i): [string, unknown] => {
    const key = rename(name);
    const each = (text: string) => listOver(name, text, change) ?? rename(text);
    return [key, change.copy(value, at, [...to, isList ? i : key], each)];
  });
  return isList ? written.map(([, one]) => one) : Object.fromEntries(written);
}

const asItIs: Rename = (text) => text;

/** Texts that say the same of every region of the file, in their order: [["db-us", "db-eu"]]. */
function familiesIn(texts: readonly string[], { given, first, rename, names }: Change): readonly (readonly string[])[] {
  const all = new Set(texts);
  return texts
    .filter(names)
    .map((text) => given.map((region) => (region === first ? text : rename[region]!(text))))
    .filter((members) => members.every((member) => all.has(member)));
}

//                NAME=            ${NAME:-      us,eu   }
const LIST = /^((?:[^=,\s]*=)?(?:\$\{\w{1,99}:?-)?)([^{}]*)(\}?)$/;

/** A comma list with one item for every region, for the wanted ones; undefined when it is none. */
function listOver(name: string, text: string, change: Change): string | undefined {
  const { given, wanted, rename } = change;
  const [, before, list, after] = LIST.exec(text) ?? [];
  if (list === undefined) return undefined;
  const items = list.split(",").map((item) => item.trim());
  // A single region's name is a list of all regions only where it is called so.
  if (items.length !== given.length || (given.length === 1 && name !== "REGIONS")) return undefined;
  const family = familiesIn(items, change).find((members) => new Set(members).size === items.length);
  if (family === undefined) return undefined;
  const over = wanted.map((region) => family[given.indexOf(region)] ?? rename[region]!(family[0]!));
  return `${before}${over.join(list.includes(", ") ? ", " : ",")}${after}`;
}
