// Version vectors as text: "us:1,eu:0". One counter per region; a missing region counts 0.

export type Vector = Readonly<Record<string, number>>;

/** undefined when the text is not a vector (an opaque state). Quotes of an ETag are dropped. */
export function parseVector(text: string): Vector | undefined {
  const bare = text.replace(/^(W\/)?"(.*)"$/, "$2");
  if (!/^[a-z][a-z0-9-]*:\d{1,15}(,[a-z][a-z0-9-]*:\d{1,15})*$/.test(bare)) return undefined;
  return Object.fromEntries(
    bare
      .split(",")
      .map((part) => [part.slice(0, part.lastIndexOf(":")), Number(part.slice(part.lastIndexOf(":") + 1))]),
  );
}

/** a <= b in every counter: a is in b's past, or the same. */
export function covers(b: Vector, a: Vector): boolean {
  return Object.entries(a).every(([region, counter]) => counter <= (b[region] ?? 0));
}

export function equal(a: Vector, b: Vector): boolean {
  return covers(a, b) && covers(b, a);
}
