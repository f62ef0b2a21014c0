// JSON that knows where its values stand: whatever is said of one is drawn there, and no text makes it throw.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openJson, sayPath } from "../../src/archive/json-source.ts";
import type { Path } from "../../src/topology/source.ts";

/** The text that a problem underlines; of a value of several lines, its first one. */
function underlined(text: string, path: Path, key = false): string {
  const source = openJson("h.json", text);
  source.say({ path, key }, "here");
  const { line, column, length } = source.problems.at(-1)!;
  return text.split("\n")[line - 1]!.slice(column - 1, column - 1 + length);
}

/** Every value of a document by its path. */
function valuesOf(value: unknown, path: Path = []): readonly (readonly [Path, unknown])[] {
  const inside = Array.isArray(value)
    ? value.flatMap((one, i) => valuesOf(one, [...path, i]))
    : typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([name, one]) => valuesOf(one, [...path, name]))
      : [];
  return [[path, value], ...inside];
}

describe("a place in JSON", () => {
  const text = '{\n  "a": [1, { "b": "x" }],\n  "a\\u0062": [ ],\n  "twice": 1, "twice": 2\n}';

  it.each<[Path, boolean, string]>([
    [["a", 0], false, "1"],
    [["a", 1, "b"], false, '"x"'],
    [["a", 1, "b"], true, '"b"'],
    [["ab"], false, "[ ]"], // however its key is written
    [["twice"], false, "2"], // as JSON.parse has it
    [["a", 7], false, '[1, { "b": "x" }]'], // there is none: what it should have been in
    [["a", 1, "c"], true, '{ "b": "x" }'],
    [["nowhere", 3, "at"], false, "{"],
  ])("%j (its key: %s) is where %s stands", (path, key, stands) => {
    expect(underlined(text, path, key)).toBe(stands);
  });

  it("is found for every value of every document, in whatever order they are asked for", () => {
    const document = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes("__proto__"));
    fc.assert(
      fc.property(document, fc.infiniteStream(fc.nat()), (value, order) => {
        const text = JSON.stringify(value);
        const source = openJson("h.json", text);
        const places = valuesOf(source.value).map((one) => ({ one, place: order.next().value as number }));
        for (const { one } of places.toSorted((a, b) => a.place - b.place)) {
          const [path, inner] = one;
          source.say(path, "here");
          const { column, length } = source.problems.at(-1)!;
          expect(JSON.parse(text.slice(column - 1, column - 1 + length))).toEqual(inner);
        }
      }),
    );
  });

  it("is written as one would ask for it", () => {
    expect(sayPath(["operations", 17, "outcome"])).toBe("operations[17].outcome");
    expect(sayPath([])).toBe("");
  });
});

describe("what is no JSON", () => {
  it.each([
    ['{"a": 1,}', 1, 9, /a key/],
    ['{"a" 1}', 1, 6, /":"/],
    ["[1 2]", 1, 4, /"," or "\]"/],
    ["[1,\n tru]", 2, 2, /a value is expected/],
    ["[01]", 1, 2, /a value is expected/],
    ['["a\nb"]', 1, 2, /not closed, or holds a character/],
    ["[1] [2]", 1, 5, /follows after its end/],
    ["[", 1, 1, /ends too early/],
    ["", 1, 1, /ends too early/],
  ])("%j is said at the place where it stops being that", (text, line, column, says) => {
    const { value, problems } = openJson("h.json", text);
    expect(value).toBeUndefined();
    expect(problems).toMatchObject([{ line, column, severity: "error" }]);
    expect(problems[0]!.message).toMatch(says);
  });

  it("never makes it throw, and it and the parser agree what that is", () => {
    const torn = fc.tuple(fc.json(), fc.nat(), fc.string()).map(([text, at, put]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + put + text.slice(place + 1);
    });
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), torn), (text) => {
        const { problems } = openJson("h.json", text);
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(problems.length).toBe(isJson ? 0 : 1);
        // The walk finds the same mistake by itself: then it does not repeat the parser's words.
        if (!isJson) expect(problems[0]!.message).not.toMatch(/in JSON|is not valid JSON/);
      }),
    );
  });

  it.each([["["], ['{"a":']])("nested without end (%s) is refused before anything walks it", (open) => {
    const close = open === "[" ? "]" : "}";
    const deep = `${open.repeat(60)}1${close.repeat(60)}`;
    expect(openJson("h.json", deep)).toMatchObject({
      value: undefined,
      problems: [{ message: expect.stringContaining("40 levels") as string }],
    });
    expect(openJson("h.json", open.repeat(200_000)).problems).toHaveLength(1);
  });
});
