// Which runtime a stack gets: Docker when its engine answers and has every image already, otherwise embedded, at once and
// without waiting for a network. Somebody who asks for one by name gets that one or a reason.
import { StackError } from "../model/problem.ts";
import type { Runtime } from "../model/cluster.ts";
import type { Topology } from "../model/topology.ts";

export interface Chosen {
  name: Runtime["name"];
  /** Why, and how to get the other one: the first line that is printed. */
  why: string;
}

/** What was found out about a runtime; undefined: it can provide the topology. */
export type Reasons = Readonly<Record<Runtime["name"], string | undefined>>;

/** Pure. `asked`: the name that somebody gave (by flag or by REGIONCTL_RUNTIME). Throws StackError when nothing can run it. */
export function choose(reasons: Reasons, asked?: Runtime["name"]): Chosen {
  if (asked !== undefined) {
    const reason = reasons[asked];
    if (reason === undefined) return { name: asked, why: line(asked, "as asked") };
    const other = OTHER[asked];
    throw new StackError(
      reason,
      reasons[other] === undefined ? `Or use the other runtime: --runtime ${other}` : undefined,
    );
  }
  if (reasons.docker === undefined)
    return {
      name: "docker",
      why: line("docker", "its engine answers and has every image; --runtime embedded needs neither"),
    };
  if (reasons.embedded === undefined)
    return { name: "embedded", why: line("embedded", `no Docker, because ${reasons.docker}`) };
  throw new StackError(
    `no runtime can provide this topology. embedded: ${reasons.embedded}. docker: ${reasons.docker}`,
  );
}

const OTHER = { docker: "embedded", embedded: "docker" } as const;

const line = (name: Runtime["name"], why: string) => `runtime: ${name} (${why})`;

/** Asks only those that may be taken: a runtime that somebody named is never passed over. */
export async function chooseAmong(
  runtimes: readonly Runtime[],
  topology: Topology,
  asked?: Runtime["name"],
): Promise<Chosen> {
  const reasonOf = async (name: Runtime["name"]) => {
    const runtime = runtimes.find((one) => one.name === name);
    return runtime === undefined ? `this version has no runtime "${name}"` : await runtime.unavailable(topology);
  };
  const docker = asked === "embedded" ? undefined : await reasonOf("docker");
  const embedded = asked === "docker" && docker === undefined ? undefined : await reasonOf("embedded");
  return choose({ docker, embedded }, asked);
}
