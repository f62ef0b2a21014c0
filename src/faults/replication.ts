// replication: what a region does with what another one writes. Done by the receiving backends themselves, to the stream of one
// source: the broker and every other stream stay as they are.
import { z } from "zod";
import type { ReplicationFault } from "../model/fault.ts";
import { nodesOf, type Topology } from "../model/topology.ts";
import { formatDuration } from "../model/units.ts";
import type { Complaint } from "../model/vocabulary.ts";
import { duration } from "../verbs/duration.ts";
import { sayPercent, shareAboveZero } from "../verbs/measures.ts";
import { verb } from "../verbs/scene.ts";
import { CONTROLLED } from "./controls.ts";
import { sides } from "./sides.ts";
import { checkRegions } from "./targets.ts";

const expected = "expected a direction between two regions, e.g. us -> eu";
const aboveZero = duration.refine((ms) => ms > 0, "expected a duration above 0");

const target = sides.transform(({ left, right, oneWay }, context) => {
  const [source, receiver] = [left[0]!, right[0]!];
  if (oneWay && left.length === 1 && right.length === 1) return { source, receiver };
  context.addIssue({ code: "custom", message: expected });
  return z.NEVER;
});

const args = z.strictObject({
  target,
  pause: z.literal(true, { error: 'expected "true"' }).optional(),
  delay: aboveZero.optional(),
  duplicate: shareAboveZero.optional(),
  reorder: aboveZero.optional(),
});
type Args = z.output<typeof args>;

export const replication = verb<Args>({
  name: "replication",
  summary:
    "Pauses, delays, duplicates or reorders what one region applies of another's writes, until heal or the end of `for`.",
  example: "- replication: us -> eu\n  delay: 5s\n  for: 20s",
  args: args as unknown as z.ZodType<Args>,
  modifiers: ["for"],
  say: (args) =>
    `replication ${sayTarget(args)} ${Object.values(asked(args))
      .map(([, said]) => said)
      .join(", ")}`,
  check: (args, topology) => [...checkOne(args), ...checkTarget(args, topology)],
  async perform(scene, step) {
    const { source, receiver } = step.args.target;
    const fault = Object.fromEntries(Object.entries(asked(step.args)).map(([name, [value]]) => [name, value]));
    await scene.faults.begin(
      {
        kind: "replication",
        targets: receivers(receiver, scene.topology),
        regions: [receiver],
        parameters: { source, replication: fault },
      },
      { id: step.id, name: `replication ${sayTarget(step.args)}`, forMs: step.forMs },
    );
  },
});

const sayTarget = ({ target: { source, receiver } }: Args) => `${source} -> ${receiver}`;

const receivers = (region: string, topology: Topology) => nodesOf(topology, region, CONTROLLED).map(({ name }) => name);

/** What was asked for, and how it is said. */
function asked({ pause, delay, duplicate, reorder }: Args): Partial<Record<keyof ReplicationFault, [unknown, string]>> {
  return {
    ...(pause && { pause: [true, "paused"] }),
    ...(delay !== undefined && { delayMs: [delay, `delay ${formatDuration(delay)}`] }),
    ...(duplicate !== undefined && { duplicate: [duplicate, `duplicate ${sayPercent(duplicate)}`] }),
    ...(reorder !== undefined && { reorderMs: [reorder, `reorder within ${formatDuration(reorder)}`] }),
  };
}

const POSSIBLE = ["pause", "delay", "duplicate", "reorder"] as const;

function checkOne(args: Args): readonly Complaint[] {
  const given = POSSIBLE.filter((name) => args[name] !== undefined);
  if (given.length === 1) return [];
  const hint = "Write one of pause: true, delay: 5s, duplicate: 10%, reorder: 2s; several are several steps.";
  if (given.length === 0) return [{ path: ["target"], message: "what shall become of the stream is missing", hint }];
  return given.slice(1).map((name) => ({
    path: [name],
    message: `a replication has one fault, and this one has "${given[0]}" already`,
    hint,
  }));
}

function checkTarget({ target: { source, receiver } }: Args, topology: Topology): readonly Complaint[] {
  const unknown = checkRegions([...new Set([source, receiver])], topology);
  if (unknown.length > 0) return unknown;
  const complaint = (word: string, message: string) => [{ path: ["target"], word, message }];
  if (source === receiver) return complaint(source, `${source} does not receive what it writes itself`);
  const silent = [source, receiver].find((region) => receivers(region, topology).length === 0);
  if (silent === undefined) return [];
  return complaint(silent, `${silent} has no ${CONTROLLED}, and only those send and receive what is written`);
}
