// Clients in the background, as a scenario writes them: at the top of the file, and as the verb `traffic`.
import { z } from "zod";
import type { TrafficSpec } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";
import { parsePercent, parseRate } from "../model/units.ts";
import type { Complaint } from "../model/vocabulary.ts";
import { didYouMean } from "../topology/words.ts";
import { PERCENT, RATE } from "./patterns.ts";

export const MAX_CLIENTS = 64;
export const MAX_RATE_PER_SECOND = 5_000;
export const MAX_KEYS = 10_000;

const rateWords = "expected a rate with its unit, e.g. 200/s";
const rate = z
  .string({ error: rateWords })
  .meta(RATE)
  .transform((text, context) => {
    const perSecond = parseRate(text);
    const message =
      perSecond === undefined
        ? rateWords
        : perSecond <= 0
          ? "expected a rate above 0/s"
          : perSecond > MAX_RATE_PER_SECOND
            ? `expected a rate of at most ${MAX_RATE_PER_SECOND}/s`
            : undefined;
    if (message === undefined) return perSecond!;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });

const shareWords = "expected a percentage from 0% to 100%, e.g. 50%";
const share = z
  .string({ error: shareWords })
  .meta(PERCENT)
  .transform((text, context) => {
    const parsed = parsePercent(text);
    if (parsed !== undefined && parsed <= 1) return parsed;
    context.addIssue({ code: "custom", message: shareWords });
    return z.NEVER;
  });

const whole = (most: number) => {
  const error = `expected a whole number from 1 to ${most}`;
  return z.int({ error }).min(1, error).max(most, error);
};

const workload = z.string({ error: "expected the name of a workload" });
const fields = {
  regions: z.array(z.string(), { error: "expected a list of regions, e.g. [us, eu]" }).min(1).optional(),
  clients: whole(MAX_CLIENTS).default(8),
  rate: rate.default(100),
  keys: whole(MAX_KEYS).default(20),
  reads: share.default(0.5),
  repeats: share.default(0),
  roam: share.default(0),
};

/** The verb's arguments: `{target: <workload>, ...}`; `regions` is absent where the file leaves them to the topology. */
export const trafficArgs = z
  .strictObject({ target: workload, ...fields })
  .transform(({ rate, ...rest }) => ({ ...rest, ratePerSecond: rate }));

/** The same at the top of a file: `{workload: ..., ...}`. */
export const trafficEntry = z
  .strictObject({ workload, ...fields })
  .transform(({ workload, rate, ...rest }): TrafficArgs => ({ ...rest, target: workload, ratePerSecond: rate }));

export type TrafficArgs = z.infer<typeof trafficArgs>;

export function trafficSpec({ target, regions, roam, ...rest }: TrafficArgs, topology: Topology): TrafficSpec {
  const away = roam === 0 ? {} : { roam: { share: roam, regions: topology.regions } };
  return { workload: target, regions: regions ?? topology.regions, ...rest, ...away };
}

/** What the schema cannot see: the workload and the regions must exist, and there must be enough keys and clients. */
export function checkTraffic(args: TrafficArgs, topology: Topology): readonly Complaint[] {
  const complaints: Complaint[] = [];
  const known = Object.keys(topology.workloads);
  const workload = Object.hasOwn(topology.workloads, args.target) ? topology.workloads[args.target] : undefined;
  if (workload === undefined) {
    const message = `topology "${topology.name}" has no workload "${args.target}"`;
    complaints.push({
      path: ["target"],
      word: args.target,
      message,
      hint: didYouMean(args.target, known, "Its workloads are"),
    });
  } else {
    const range = workload.keys.to - workload.keys.from + 1;
    if (args.keys > range) {
      complaints.push({ path: ["keys"], message: `workload "${workload.name}" has ${range} keys, not ${args.keys}` });
    }
  }
  const regions = args.regions ?? topology.regions;
  for (const [i, region] of regions.entries()) {
    if (topology.regions.includes(region)) {
      if (regions.indexOf(region) < i) {
        complaints.push({ path: ["regions", i], message: `"${region}" stands here twice` });
      }
      continue;
    }
    const message = `topology "${topology.name}" has no region "${region}"`;
    const hint = didYouMean(region, topology.regions, "Its regions are");
    complaints.push({ path: ["regions", i], word: region, message, hint });
  }
  if (args.roam > 0 && topology.regions.length < 2) {
    const message = `topology "${topology.name}" has no other region that a client could ask`;
    complaints.push({ path: ["roam"], message });
  }
  if (args.clients < regions.length) {
    const message = `${args.clients} of them are too few for ${regions.length} regions: one would have none`;
    complaints.push({ path: ["clients"], message });
  }
  return complaints;
}
