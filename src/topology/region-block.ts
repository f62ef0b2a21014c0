// The x-regionctl block of a system in other regions: links, routes and steady requests.
import { EDGE } from "../model/topology.ts";
import { routed } from "./block.ts";
import type { Rename } from "./region-word.ts";
import type { Change } from "./regions.ts";
import { isMap, type Path } from "./source.ts";

const BLOCK: Path = ["x-regionctl"];
const asItIs: Rename = (text) => text;

export function blockOver(block: Readonly<Record<string, unknown>>, change: Change): Readonly<Record<string, unknown>> {
  const { links, routes, steady } = block;
  return {
    ...block,
    regions: regionsOver(block["regions"], change),
    ...(isMap(links) ? { links: linksOver(links, change) } : {}),
    ...(isMap(routes) ? { routes: routesOver(routes, change) } : {}),
    ...(Array.isArray(steady) ? { steady: steadyOver(steady, routes, change) } : {}),
  };
}

/** Where a new region lies (`at`) is not said: a place that was made up would be worse than none. */
function regionsOver(regions: unknown, { wanted, first, copy }: Change): unknown {
  const written = isMap(regions) ? regions : {};
  return Object.fromEntries(
    wanted.map((region) => {
      if (Object.hasOwn(written, region)) return [region, written[region]];
      return [region, copy(null, [...BLOCK, "regions", first], [...BLOCK, "regions", region], asItIs)];
    }),
  );
}

/** A new region is as far from another as the first one is; from the first one as that is from its nearest in the file. */
function linksOver(links: Readonly<Record<string, unknown>>, { given, wanted, added, first, copy }: Change): unknown {
  const written = Object.entries(links).map(([key, link]) => ({
    key,
    link,
    ends: key.split("|").map((end) => end.trim()),
  }));
  const between = (a: string, b: string) =>
    written.find(({ ends }) => ends.length === 2 && ends.includes(a) && ends.includes(b) && a !== b);
  const fromFirst = given.map((region) => between(first, region)).find((link) => link !== undefined);
  const stays = (end: string) => !given.includes(end) || wanted.includes(end);
  const kept = written.filter(({ ends }) => ends.every(stays)).map(({ key, link }) => [key, link] as const);
  const fresh = added.flatMap((region) => {
    const before = [EDGE, ...wanted.filter((one) => given.includes(one)), ...added.slice(0, added.indexOf(region))];
    return before.flatMap((zone) => {
      const like = zone === first || added.includes(zone) ? fromFirst : between(first, zone);
      if (like === undefined) return [];
      const key = `${zone} | ${region}`;
      const at = (key: string) => [...BLOCK, "links", key];
      return [[key, copy(like.link, at(like.key), at(key), asItIs)] as const];
    });
  });
  return Object.fromEntries([...kept, ...fresh]);
}

function routesOver(routes: Readonly<Record<string, unknown>>, change: Change): unknown {
  const { wanted, given, added, first, rename, copy } = change;
  const kept = Object.entries(routes).filter(
    ([, region]) => !given.includes(String(region)) || wanted.includes(String(region)),
  );
  const fresh = added.flatMap((region) =>
    Object.entries(routes).flatMap(([route, to]) => {
      const renamed = rename[region]!(route);
      if (to !== first || renamed === route || Object.hasOwn(routes, renamed)) return [];
      return [[renamed, copy(region, [...BLOCK, "routes", route], [...BLOCK, "routes", renamed], asItIs)] as const];
    }),
  );
  return Object.fromEntries([...kept, ...fresh]);
}

function steadyOver(steady: readonly unknown[], routes: unknown, change: Change): readonly unknown[] {
  const { wanted, given, added, first, rename, copy } = change;
  const known = (isMap(routes) ? routes : {}) as Readonly<Record<string, string>>;
  const entries = steady.map((line, i) => ({
    line,
    at: [...BLOCK, "steady", i],
    region: typeof line === "string" ? routed(line.split(" ")[1] ?? "", known) : undefined,
    rename: asItIs,
  }));
  const kept = entries.filter(
    ({ region }) => region === undefined || !given.includes(region) || wanted.includes(region),
  );
  const fresh = added.flatMap((region) =>
    entries
      .filter((entry) => entry.region === first && rename[region]!(String(entry.line)) !== entry.line)
      .map((entry) => ({ ...entry, rename: rename[region]! })),
  );
  return [...kept, ...fresh].map(({ line, at, rename }, i) => copy(line, at, [...BLOCK, "steady", i], rename));
}
