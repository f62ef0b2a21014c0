// Version vectors: what a row has seen, and how they are written for clients ("us:1,eu:0").
// Reading them from text and comparing them is the model's (model/vector.ts); growing them is the backend's.
import { covers, type Vector } from "../../model/vector.ts";

export { covers, equal, parseVector, type Vector } from "../../model/vector.ts";

/** version = 1 + every write that was merged: a local PUT adds exactly 1, and equal states have equal versions. */
export function versionOf(seen: Vector): number {
  return Object.values(seen).reduce((sum, counter) => sum + counter, 1);
}

/** The state after one more write by `region`. */
export function raised(seen: Vector, region: string): Vector {
  return { ...seen, [region]: (seen[region] ?? 0) + 1 };
}

/** The pointwise maximum. */
export function merged(a: Vector, b: Vector): Vector {
  const both: Record<string, number> = { ...a };
  for (const [region, counter] of Object.entries(b)) both[region] = Math.max(both[region] ?? 0, counter);
  return both;
}

/** Neither is in the other's past. */
export function concurrent(a: Vector, b: Vector): boolean {
  return !covers(a, b) && !covers(b, a);
}

/** Every region, in the order of the configuration, so that equal states are equal texts everywhere. */
export function formatVector(vector: Vector, regions: readonly string[]): string {
  return regions.map((region) => `${region}:${vector[region] ?? 0}`).join(",");
}

export function etagOf(vector: Vector, regions: readonly string[]): string {
  return `"${formatVector(vector, regions)}"`;
}
