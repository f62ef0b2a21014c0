// Shares, rates and offsets in a scenario file: units are mandatory.
import { z } from "zod";
import { parseBandwidth, parseOffset, parsePercent } from "../model/units.ts";
import { PERCENT } from "../scenario/patterns.ts";

const SHARE = "expected a percentage above 0% and up to 100%, e.g. 5%";
const RATE = "expected a bandwidth above 0 with its unit, e.g. 1mbit, 512kbit, 10MB/s";
const OFFSET = "expected an offset with its unit, e.g. -2m, +500ms, at most 24 days";

/** "5%" -> 0.05. */
export const shareAboveZero = measured(
  (text) => parsePercent(text),
  (share) => share > 0 && share <= 1,
  SHARE,
  PERCENT,
);

/** "1mbit" -> bytes per second. */
export const bandwidth = measured(parseBandwidth, (rate) => rate > 0, RATE, {
  pattern: "^\\d+(\\.\\d+)?(kbit|mbit|gbit|kB/s|MB/s|GB/s)$",
});

/** "-2m" -> milliseconds. */
export const offset = measured(parseOffset, () => true, OFFSET, {
  pattern: "^[+-]?(\\d+(\\.\\d+)?(ms|s|m|h))+$",
});

function measured(
  parse: (text: string) => number | undefined,
  fits: (value: number) => boolean,
  expected: string,
  meta: { pattern: string },
) {
  return z
    .string({ error: expected })
    .meta(meta)
    .transform((text, context) => {
      const value = parse(text);
      if (value !== undefined && fits(value)) return value;
      context.addIssue({ code: "custom", message: expected });
      return z.NEVER;
    });
}

/** 0.05 -> "5%". */
export const sayPercent = (share: number) => `${Number((share * 100).toFixed(2))}%`;
