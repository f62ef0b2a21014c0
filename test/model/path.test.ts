// Paths into answers: what is there is found, what is not there is not, and nothing of JavaScript's own shines through.
import { describe, expect, it } from "vitest";
import { at } from "../../src/model/path.ts";

const answer = {
  status: 200,
  headers: { etag: '"us:1"', "x-served-by": "backend-us" },
  body: { version: 3, note: null, tags: ["a", { name: "b" }], Etag: "mine" },
};

describe("a path", () => {
  it("finds what is there", () => {
    expect(at(answer, "status")).toBe(200);
    expect(at(answer, "body.version")).toBe(3);
    expect(at(answer, "body.note")).toBeNull();
    expect(at(answer, "body.tags.1.name")).toBe("b");
    expect(at(answer, "body.tags.length")).toBe(2);
  });

  it("finds headers by either word, however their names are written", () => {
    for (const path of ["header.etag", "headers.etag", "header.ETag"]) expect(at(answer, path), path).toBe('"us:1"');
    expect(at(answer, "header.X-Served-By")).toBe("backend-us");
  });

  it("finds nothing else: a body's names are as they are written", () => {
    for (const path of ["body.Version", "body.etag", "header.Nope", "body.version.x", "body.note.x", "", "body."]) {
      expect(at(answer, path), path).toBeUndefined();
    }
    for (const path of ["body.constructor", "body.__proto__", "toString"]) expect(at(answer, path)).toBeUndefined();
    expect(at(undefined, "body")).toBeUndefined();
    expect(at("text", "length")).toBeUndefined();
  });

  it("takes a body's own `header` for what it says", () => {
    expect(at({ header: { Title: "x" } }, "header.Title")).toBe("x");
  });
});
