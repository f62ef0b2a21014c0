// "Conflict now": reads a row once and writes it in two regions at the same instant, through the gateway, as two clients would
// who cannot know of each other.
import { conflictSteps } from "../../dashboard/conflict.ts";
import type { Deed } from "../../dashboard/hands.ts";
import { StackError } from "../../model/problem.ts";
import type { Reply } from "../../model/cluster.ts";
import type { Random } from "../../model/random.ts";
import { frontDoors, type Workload } from "../../model/topology.ts";
import type { Stack } from "../../stack.ts";
import { contentOf, fill, type FilledRequest } from "../../traffic/mapping.ts";
import { openWire } from "../../traffic/wire.ts";

export interface Conflict {
  /** What came of it. */
  said: string;
  deed: Deed;
}

/** Throws StackError when two regions cannot be asked. */
export async function makeConflict(
  stack: Pick<Stack, "topology" | "cluster" | "record">,
  workload: Workload,
  values: readonly [unknown, unknown],
  random: Random,
): Promise<Conflict> {
  const regions = await twoRegions(stack);
  const { from, to } = workload.keys;
  const key = String(from + Math.floor(random.next() * (to - from + 1)));
  const wire = openWire(stack.record.gateway, 2);
  try {
    const read = await wire.send(fill(workload, "read", { region: regions[0], key })).catch((error: Error) => {
      throw new StackError(`${regions[0]} cannot be asked for row ${key}: ${error.message}`);
    });
    if (read.status >= 300)
      throw new StackError(`${regions[0]} answers ${read.status} when it is asked for row ${key}`);
    const { state, version } = contentOf(workload, read);
    const writes = regions.map((region, i) =>
      fill(workload, "write", { region, key, value: values[i], state, version }),
    );
    const answers = await Promise.allSettled(writes.map((write) => wire.send(write)));
    const steps = conflictSteps({ workload, regions, key, values });
    return {
      said: `row ${key}: ${regions.map((region, i) => `${region} ${sayAnswer(answers[i]!)}`).join(", ")}; ${meaning(answers)}`,
      deed: {
        command: writes.map((write) => curl(stack.record.gateway, write)).join(" & "),
        step: steps.writes,
        before: [steps.read],
      },
    };
  } finally {
    await wire.cutOff();
  }
}

/** The first two that have a front door which is up. */
async function twoRegions({ topology, cluster }: Pick<Stack, "topology" | "cluster">): Promise<[string, string]> {
  const states = await cluster.states();
  const up = topology.regions.filter((region) =>
    frontDoors(topology, region).some(({ name }) => states.get(name) === "up"),
  );
  const [first, second] = up;
  if (first !== undefined && second !== undefined) return [first, second];
  throw new StackError(
    `a conflict needs two regions that answer${first === undefined ? "" : `, and only ${first} does`}`,
  );
}

function sayAnswer(answer: PromiseSettledResult<Reply>): string {
  if (answer.status === "rejected") return `gave no answer (${(answer.reason as Error).message})`;
  const by = answer.value.headers["x-served-by"];
  return `answered ${answer.value.status}${by === undefined ? "" : ` (${by})`}`;
}

function meaning(answers: readonly PromiseSettledResult<Reply>[]): string {
  const accepted = answers.filter((answer) => answer.status === "fulfilled" && answer.value.status < 300);
  const servers = new Set(
    accepted.map((answer) => answer.status === "fulfilled" && answer.value.headers["x-served-by"]),
  );
  if (accepted.length === 2 && servers.size === 2)
    return "both accepted: a conflict record follows when they hear of each other";
  if (accepted.length === 2) return "both accepted by one node: one followed the other";
  return accepted.length === 1 ? "one accepted: no conflict" : "none accepted: no conflict";
}

function curl(gateway: string, { method, path, headers, body }: FilledRequest): string {
  const given = Object.entries(headers).map(([name, text]) => ` -H ${quoted(`${name}: ${text}`)}`);
  const sent = body === undefined ? "" : ` -d ${quoted(JSON.stringify(body))}`;
  return `curl -X ${method} ${gateway}${path}${given.join("")}${sent}`;
}

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
