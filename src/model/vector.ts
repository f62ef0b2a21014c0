// Version vectors as text: "us:1,eu:0". One counter per region; a missing region counts 0.

export type Vector = Readonly<Record<string, number>>;

/** undefined when the text is not a vector (an opaque state). Quotes of an ETag are dropped. */
export function parseVector(text: string): Vector | undefined {
  const bare = text.replace(/^(W\/)?"(.*)"$/, "$2");
  if (!/^[a-z][a-z0-9-]*:\d{1,15}(,[a-z][a-z0-9-]*:\d{1,15})*$/.test(bare)) return undefined;
  const counters = bare.split(",").map((part): [string, number] => {
    const colon = part.lastIndexOf(":");
    return [part.slice(0, colon), Number(part.slice(colon + 1))];
  });
  const vector = Object.fromEntries(counters);
  return Object.keys(vector).length === counters.length ? vector : undefined; // a region twice
}

/** a <= b in every counter: a is in b's past, or the same. */
export function covers(b: Vector, a: Vector): boolean {
  return Object.entries(a).every(([region, counter]) => counter <= (b[region] ?? 0));
}

export function equal(a: Vector, b: Vector): boolean {
  return covers(a, b) && covers(b, a);
}
