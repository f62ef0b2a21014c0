// The one place that knows which runtimes there are and picks one.
import { Option } from "commander";
import type { Topology } from "../model/topology.ts";
import { docker } from "../runtimes/docker/cluster.ts";
import { overridesOf } from "../runtimes/docker/images.ts";
import { regionctlHome } from "../runtimes/embedded/home.ts";
import { embedded } from "../runtimes/embedded/cluster.ts";
import { alive, self } from "../runtimes/embedded/processes.ts";
import { runtimeNamed, type Surroundings } from "../stack.ts";
import { checkName } from "../stack/record.ts";
import { type Chosen, chooseAmong } from "./runtime.ts";

/** `images`: what --image says, for commands that start something. */
export function surroundings(images: readonly string[] = []): Surroundings {
  const home = regionctlHome();
  const runtimes = [docker({ images: overridesOf(images) }), embedded({ home })];
  return { home, runtimes, ownership: { me: self(), alive } };
}

export interface RuntimeChoice {
  runtime?: string;
}

export const stackOption = () => new Option("--stack <name>", "which stack").default("default");

export const optionalStack = (otherwise: string) =>
  new Option("--stack <name>", `which stack (otherwise ${otherwise})`);

/** Throws UsageError for what is no name: before anything is said or started. */
export const stackName = checkName;

export const runtimeOption = () =>
  new Option(
    "--runtime <name>",
    "docker, or embedded: nothing but Node.js (otherwise: docker when it has every image)",
  ).env("REGIONCTL_RUNTIME");

/** `--image kafka=my/kafka:4`, as often as there are kinds; REGIONCTL_IMAGE_KAFKA says the same for every command. */
export const imageOption = () =>
  new Option("--image <kind=image>", "run this kind of node from another image (or REGIONCTL_IMAGE_<KIND>)")
    .argParser((value: string, before: readonly string[] = []): readonly string[] => [...before, value])
    .default([], "none");

/** The runtime to use and a sentence that says why. Throws when it cannot provide the topology. */
export async function chooseRuntime(around: Surroundings, topology: Topology, choice: RuntimeChoice): Promise<Chosen> {
  const asked = choice.runtime === undefined ? undefined : runtimeNamed(around, choice.runtime).name;
  return chooseAmong(around.runtimes, topology, asked);
}
