// isolate: a region, or a node that talks over links alone, is cut off from everything else.
import { z } from "zod";
import { calledBy, crossingsOf, type Direction, zonesOf } from "../model/link.ts";
import { nodeNamed, type NodeSpec, type Topology } from "../model/topology.ts";
import type { Complaint } from "../model/vocabulary.ts";
import { verb } from "../verbs/scene.ts";
import { beginBetween } from "./begin.ts";
import { mode, sayMode } from "./partition.ts";
import { sayDirection } from "./rules.ts";
import { type Between, directions, isPlace, notAlone, type Place, placesOf, unknownPlace } from "./sides.ts";
import { targets } from "./targets.ts";

export const isolate = verb({
  name: "isolate",
  summary:
    "Cuts a region (or a node that talks over links alone) off from everything else, until heal or the end of `for`.",
  example: "- isolate: us\n  for: 10s",
  args: z.strictObject({ target: targets, mode }),
  modifiers: ["for"],
  say: ({ target, mode }) => `isolate ${target.join(", ")}${sayMode(mode)}`,
  check: ({ target }, topology) => target.flatMap((word) => checkPlace(word, topology)),
  perform: (scene, step) => {
    const { target, mode } = step.args;
    return beginBetween(scene, step, "isolate", target.join(", "), around(target, scene.topology), { mode });
  },
});

/** Every link to and from these places. What lies beyond is as well as before, so it is not touched. */
export function around(words: readonly string[], topology: Topology): Between {
  const places = placesOf(words, topology);
  const links = new Map(
    places.flatMap((place) => linksOf(place, topology)).map((link) => [sayDirection(link), link] as const),
  );
  const zones = new Set(places.map(({ zone }) => zone));
  return { links: [...links.values()], regions: topology.regions.filter((region) => zones.has(region)) };
}

function linksOf(place: Place, topology: Topology): readonly Direction[] {
  const crossings = crossingsOf(topology);
  const others = zonesOf(topology).filter((zone) => zone !== place.zone);
  return others.flatMap((zone) => [
    ...directions(place, { zone }, crossings),
    ...directions({ zone }, place, crossings),
  ]);
}

function checkPlace(word: string, topology: Topology): readonly Complaint[] {
  if (!isPlace(word, topology)) return [unknownPlace(word, topology)];
  const node = zonesOf(topology).includes(word) ? undefined : nodeNamed(topology, word);
  const inside = node === undefined ? [] : talksInside(node, topology);
  if (node !== undefined && inside.length > 0) return [notByLinks(node, inside)];
  const shared = crossingsOf(topology).find(({ callers }) => callers.includes(word) && callers.length > 1);
  if (node !== undefined && shared !== undefined) return [notAlone(word, shared)];
  if (around([word], topology).links.length > 0) return [];
  const message = `nothing crosses a link to or from ${word}, so cutting it off would change nothing`;
  return [{ path: ["target"], word, message, hint: `Use pause or kill: ${word} instead.` }];
}

/** Whom a node talks to in its own zone, where no link lies between. */
function talksInside(node: NodeSpec, topology: Topology): readonly string[] {
  return topology.nodes
    .filter((other) => other.region === node.region && other.name !== node.name)
    .filter((other) => calledBy(node, topology).includes(other) || calledBy(other, topology).includes(node))
    .map(({ name }) => name);
}

function notByLinks({ name, region }: NodeSpec, inside: readonly string[]): Complaint {
  return {
    path: ["target"],
    word: name,
    message: `${name} talks to ${inside.join(", ")} inside ${region}, where no link lies between them`,
    hint: `Use isolate: ${region}, or pause or kill: ${name} instead; partition cuts ${name} off from another region.`,
  };
}
