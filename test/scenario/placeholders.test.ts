import { describe, expect, it } from "vitest";
import { fill, placeholdersIn } from "../../src/scenario/placeholders.ts";

const saved = new Map<string, unknown>([
  ["version", 3],
  ["etag", '"us:1,eu:0"'],
  ["whole", { a: [1] }],
]);

describe("a placeholder", () => {
  it("alone keeps the type of its value, inside a text becomes its text", () => {
    expect(fill("${version}", saved)).toBe(3);
    expect(fill("${whole}", saved)).toEqual({ a: [1] });
    expect(fill("/items/${version}?state=${etag}", saved)).toBe('/items/3?state="us:1,eu:0"');
    expect(fill("${whole}!", saved)).toBe('{"a":[1]}!');
  });

  it("is filled in at any depth, and nothing else is touched", () => {
    const template = { body: { list: ["${version}", 7, null], "${version}": true }, text: "costs $5 {no}" };
    expect(fill(template, saved)).toEqual({ body: { list: [3, 7, null], "${version}": true }, text: "costs $5 {no}" });
  });

  it("that nobody saved is an error that names what was", () => {
    expect(() => fill("${versoin}", saved)).toThrow('nothing was saved as "versoin"; known are version, etag, whole');
    expect(() => fill("a ${b} c", new Map())).toThrow('nothing was saved as "b"; nothing was saved at all');
  });

  it("is found with the place where it stands", () => {
    expect(placeholdersIn({ a: ["x", "${b} and ${c}"] })).toEqual([
      { name: "b", written: "${b}", path: ["a", 1] },
      { name: "c", written: "${c}", path: ["a", 1] },
    ]);
  });
});
