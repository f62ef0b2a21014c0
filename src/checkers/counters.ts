// The spelling of a version vector that backends use: every region, in their order. A run says it a million times, so it is
// read without regular expressions; any other spelling is left to the parser of the model.

const COLON = 58;
const COMMA = 44;
const ZERO = 48;
const MOST_DIGITS = 15;

/** Writes "us:3,eu:1" as 3 and 1 from `start` on. False, with anything written there, when it is spelt otherwise. */
export function readCounters(text: string, regions: readonly string[], into: Float64Array, start: number): boolean {
  let at = 0;
  for (let region = 0; region < regions.length; region++) {
    const name = regions[region]!;
    if (region > 0 && text.charCodeAt(at++) !== COMMA) return false;
    if (!text.startsWith(name, at)) return false;
    at += name.length;
    if (text.charCodeAt(at++) !== COLON) return false;
    const digits = at;
    let counter = 0;
    for (let digit = text.charCodeAt(at) - ZERO; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - ZERO)
      counter = counter * 10 + digit;
    if (at === digits || at - digits > MOST_DIGITS) return false;
    into[start + region] = counter;
  }
  return at === text.length && at > 0;
}
