// The arguments that expectations share: units as people write them, and regions that must exist.
import { z } from "zod";
import type { Topology } from "../model/topology.ts";
import { parseDuration, parsePercent } from "../model/units.ts";
import type { Complaint } from "../model/vocabulary.ts";
import { DURATION, PERCENT } from "../scenario/patterns.ts";
import { didYouMean } from "../topology/words.ts";

/** "10s" -> 10000. */
export const durationMs = z
  .string({ error: 'expected a duration with its unit, like "10s"' })
  .meta(DURATION)
  .transform((text, context) =>
    unit(parseDuration(text), text, 'a duration with its unit, like "10s" or "250ms"', context),
  )
  .describe("A duration with its unit: 250ms, 10s, 2m.");

/** "99.5%" -> 0.995. */
export const share = z
  .string({ error: 'expected a percentage, like "99%"' })
  .meta(PERCENT)
  .transform((text, context) => {
    const parsed = parsePercent(text);
    return unit(
      parsed !== undefined && parsed <= 1 ? parsed : undefined,
      text,
      'a percentage up to 100%, like "99%"',
      context,
    );
  })
  .describe("A percentage: 99%, 99.5%.");

/** `during: faults`: says what then counts. */
export const duringFaults = (meaning: string) =>
  z
    .literal("faults", { error: `expected "faults": ${meaning}` })
    .optional()
    .describe(`faults: ${meaning}.`);

/** How many of something: 0, 1, 2. */
export const howMany = z.int({ error: "expected a whole number, like 1" }).min(0, "expected a whole number, like 1");

export const regionName = z
  .string({ error: "expected the name of a region" })
  .min(1)
  .describe("A region of the topology.");

function unit(parsed: number | undefined, text: string, expected: string, context: z.RefinementCtx): number {
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: `expected ${expected}, not "${text}"` });
  return z.NEVER;
}

/** Complains about a region that the topology does not have. */
export function unknownRegion(region: string, topology: Topology): readonly Complaint[] {
  if (topology.regions.includes(region)) return [];
  return [
    {
      path: ["region"],
      word: region,
      message: `topology "${topology.name}" has no region "${region}"`,
      hint: didYouMean(region, topology.regions, "Its regions are"),
    },
  ];
}
