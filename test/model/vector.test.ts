// Version vectors: parsing their text, and the order "is in the past of".
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { covers, equal, parseVector, type Vector } from "../../src/model/vector.ts";

const vector = fc.dictionary(fc.constantFrom("us", "eu", "ap-south-1"), fc.nat(5), { noNullPrototype: true });
const filled = vector.filter((some) => Object.keys(some).length > 0);
const write = (some: Vector) =>
  Object.entries(some)
    .map(([region, counter]) => `${region}:${counter}`)
    .join(",");
const join = (a: Vector, b: Vector): Vector => {
  const regions = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...regions].map((region) => [region, Math.max(a[region] ?? 0, b[region] ?? 0)]));
};

describe("a vector as text", () => {
  it("is read as it was written, also as an ETag", () => {
    fc.assert(
      fc.property(filled, (some) => {
        expect(parseVector(write(some))).toEqual(some);
        expect(parseVector(`"${write(some)}"`)).toEqual(some);
        expect(parseVector(`W/"${write(some)}"`)).toEqual(some);
      }),
    );
  });

  it("is no vector when it is anything else", () => {
    const opaque = [
      "",
      '""',
      "us",
      "us:",
      "us:-1",
      "us:1,",
      "us:1,,eu:2",
      "us:1 ,eu:2",
      "US:1",
      "7",
      "us:1.5",
      "us:1e3",
    ];
    opaque.push("us:1,us:2", `us:${"9".repeat(16)}`, '"us:1', "1us:1", "us:1\n");
    for (const text of opaque) expect(parseVector(text), JSON.stringify(text)).toBeUndefined();
    fc.assert(fc.property(fc.string(), (text) => void parseVector(text)));
  });

  it("holds every counter exactly", () => {
    expect(parseVector("us:999999999999999")).toEqual({ us: 999_999_999_999_999 });
  });
});

describe("covers", () => {
  it("is a partial order: reflexive, antisymmetric, transitive", () => {
    fc.assert(
      fc.property(vector, vector, vector, (a, b, c) => {
        expect(covers(a, a)).toBe(true);
        expect(covers(a, b) && covers(b, a)).toBe(equal(a, b));
        if (covers(a, b) && covers(b, c)) expect(covers(a, c)).toBe(true);
      }),
    );
  });

  it("has the join as the least that covers both", () => {
    fc.assert(
      fc.property(vector, vector, vector, (a, b, c) => {
        const both = join(a, b);
        expect(covers(both, a) && covers(both, b)).toBe(true);
        expect(covers(c, a) && covers(c, b)).toBe(covers(c, both));
      }),
    );
  });

  it("takes a missing region for 0, and tells concurrent writes from later ones", () => {
    expect(equal({ us: 1, eu: 0 }, { us: 1 })).toBe(true);
    expect(covers({ us: 2, eu: 1 }, { us: 1 })).toBe(true);
    expect(covers({ us: 1 }, { us: 2, eu: 1 })).toBe(false);
    const [left, right] = [
      { us: 2, eu: 1 },
      { us: 1, eu: 2 },
    ];
    expect([covers(left, right), covers(right, left), equal(left, right)]).toEqual([false, false, false]);
  });
});
