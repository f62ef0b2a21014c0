// The one place that knows which runtimes there are and picks one.
import { Option } from "commander";
import type { Topology } from "../model/topology.ts";
import { docker } from "../runtimes/docker/cluster.ts";
import { regionctlHome } from "../runtimes/embedded/home.ts";
import { embedded } from "../runtimes/embedded/cluster.ts";
import { alive, self } from "../runtimes/embedded/processes.ts";
import { runtimeNamed, type Surroundings } from "../stack.ts";
import { checkName } from "../stack/record.ts";
import { type Chosen, chooseAmong } from "./runtime.ts";

export function surroundings(): Surroundings {
  const home = regionctlHome();
  return { home, runtimes: [docker(), embedded({ home })], ownership: { me: self(), alive } };
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

/** The runtime to use and a sentence that says why. Throws when it cannot provide the topology. */
export async function chooseRuntime(around: Surroundings, topology: Topology, choice: RuntimeChoice): Promise<Chosen> {
  const asked = choice.runtime === undefined ? undefined : runtimeNamed(around, choice.runtime).name;
  return chooseAmong(around.runtimes, topology, asked);
}
