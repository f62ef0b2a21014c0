// What somebody removed by hand, a container or a network, is made again as it was: from the same image and recipe, on the
// same disk. Only a disk that is gone cannot be made again: a node that came back empty would look like one that lost data.
import path from "node:path";
import type Docker from "dockerode";
import type { StackPlace } from "../../model/cluster.ts";
import { NodeFailed } from "../../model/problem.ts";
import type { NodeSpec } from "../../model/topology.ts";
import { readJson, writeJson } from "../embedded/directory.ts";
import { createContainer, createNetworks, volumesOf, zonesInUse } from "./containers.ts";
import { containerName, filterOf, networkName, type Site, volumeName } from "./site.ts";
import { asked, isGone } from "./trouble.ts";

const imagesFile = (place: StackPlace) => path.join(place.directory, "images.json");

/** Node -> image, for whoever makes one of them again from another shell. */
export function keepImages(place: StackPlace, images: ReadonlyMap<string, string>): void {
  writeJson(imagesFile(place), Object.fromEntries(images));
}

/** Makes what is missing of a node that is down. Throws NodeFailed when its disk is gone, and what the engine says. */
export async function mend(engine: Docker, spec: NodeSpec, site: Site): Promise<void> {
  const { place } = site;
  const container = engine.getContainer(containerName(place, spec.name));
  const [found, networks] = await asked(`look at ${spec.name}`, () =>
    Promise.all([
      container.inspect().catch((error: unknown) => {
        if (!isGone(error)) throw error;
      }),
      engine.listNetworks({ filters: filterOf(place) }),
    ]),
  );
  const there = new Map(networks.map(({ Name, Id }) => [Name, Id]));
  const wanted = zonesOf(spec, site);
  if (found !== undefined && wanted.every((zone) => isJoined(found, networkName(place, zone), there))) return;

  const image = found?.Config.Image ?? readJson<Record<string, string>>(imagesFile(place))?.[spec.name];
  const missing = image === undefined ? ["all of it"] : await missingVolumes(engine, spec, image, place);
  if (image === undefined || missing.length > 0)
    throw new NodeFailed(
      spec.name,
      `has no ${found === undefined ? "container" : "network"} any more: somebody removed it, and its disk`,
      [],
      'What was on it is lost. Begin anew: "regionctl down", "regionctl up".',
    );
  await createNetworks(
    engine,
    site,
    wanted.filter((zone) => !there.has(networkName(place, zone))),
  );
  if (found !== undefined) await asked(`make ${spec.name} again`, () => container.remove({ force: true }));
  await createContainer(engine, spec, image, site);
}

/** The link program is in every network. */
function zonesOf({ role, region }: NodeSpec, { topology }: Site): readonly string[] {
  return role === "link" ? zonesInUse(topology) : [region];
}

/** It joins by the network's own number when it starts: one that was made anew under the same name is another one for it. */
function isJoined(
  { NetworkSettings }: Docker.ContainerInspectInfo,
  network: string,
  there: ReadonlyMap<string, string>,
): boolean {
  const id = NetworkSettings.Networks[network]?.NetworkID;
  return id !== undefined && there.has(network) && (id === "" || id === there.get(network));
}

async function missingVolumes(
  engine: Docker,
  spec: NodeSpec,
  image: string,
  place: StackPlace,
): Promise<readonly string[]> {
  const [targets, { Volumes }] = await asked(`look at the disk of ${spec.name}`, () =>
    Promise.all([volumesOf(engine, image), engine.listVolumes({ filters: filterOf(place) })]),
  );
  const there = new Set((Volumes ?? []).map(({ Name }) => Name));
  return targets.map((_, index) => volumeName(place, spec.name, index)).filter((name) => !there.has(name));
}
