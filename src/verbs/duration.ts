// A duration in a scenario file: units are mandatory.
import { z } from "zod";
import { parseDuration } from "../model/units.ts";
import { DURATION } from "../scenario/patterns.ts";

/** "80ms", "1.5s", "2m" -> milliseconds. */
export const duration = z
  .string({ error: "expected a duration with its unit, e.g. 80ms, 5s, 2m" })
  .meta(DURATION)
  .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined) return ms;
    context.addIssue({ code: "custom", message: "expected a duration with its unit, e.g. 80ms, 5s, 2m" });
    return z.NEVER;
  });
