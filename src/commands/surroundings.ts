// The one place that knows which runtimes there are and picks one.
import { Option } from "commander";
import { StackError } from "../model/problem.ts";
import type { Runtime } from "../model/cluster.ts";
import type { Topology } from "../model/topology.ts";
import { regionctlHome } from "../runtimes/embedded/home.ts";
import { embedded } from "../runtimes/embedded/cluster.ts";
import { alive, self } from "../runtimes/embedded/processes.ts";
import { runtimeNamed, type Surroundings } from "../stack.ts";
import { checkName } from "../stack/record.ts";

export function surroundings(): Surroundings {
  const home = regionctlHome();
  return { home, runtimes: [embedded({ home })], ownership: { me: self(), alive } };
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
  new Option("--runtime <name>", "embedded: nothing but Node.js").env("REGIONCTL_RUNTIME");

/** The runtime to use and a sentence that says why. Throws when it cannot provide the topology. */
export async function chooseRuntime(
  around: Surroundings,
  topology: Topology,
  choice: RuntimeChoice,
): Promise<{ name: Runtime["name"]; why: string }> {
  const runtime = runtimeNamed(around, choice.runtime ?? "embedded");
  const reason = await runtime.unavailable(topology);
  if (reason !== undefined) throw new StackError(reason);
  const why = choice.runtime === undefined ? "every node is a process of this machine; nothing to install" : "as asked";
  return { name: runtime.name, why: `runtime: ${runtime.name} (${why})` };
}
