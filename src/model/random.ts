/**
 * Chance with a seed: the same seed draws the same operations.
 * xoshiro128** (Blackman & Vigna 2018), seeded through splitmix32 from a string.
 */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** One element, uniformly. Throws on an empty list. */
  pick<T>(from: readonly T[]): T;
  /** An independent stream that depends only on this one's seed and the label, never on how much was drawn. */
  fork(label: string): Random;
}

export function seeded(seed: number | string): Random {
  const name = String(seed);
  let mix = hash(name);
  const splitmix = () => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix()];
  const next32 = () => {
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotl(d, 11);
    return result;
  };
  const next = () => next32() / 2 ** 32;
  return {
    next,
    pick(from) {
      if (from.length === 0) throw new Error("cannot pick from an empty list");
      return from[Math.floor(next() * from.length)]!;
    },
    fork: (label) => seeded(`${name}/${label}`),
  };
}

const rotl = (x: number, k: number) => (x << k) | (x >>> (32 - k));

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h | 0;
}
