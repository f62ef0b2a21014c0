// The picture of who may import whom, held against the import lines. Data goes one way; nothing to the right calls to the left.
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const SRC = path.resolve(import.meta.dirname, "../src");

/** Folder or file of src/ -> layer. The programs run somewhere else: they import the model and their own folder. */
const LAYERS: Readonly<Record<string, number>> = {
  model: 1,
  runtimes: 2,
  scenario: 3,
  topology: 3,
  verbs: 3,
  faults: 3,
  traffic: 3,
  checkers: 3,
  reporters: 3,
  run: 4,
  stack: 4,
  archive: 4,
  dashboard: 4,
  commands: 5,
  cli: 5,
};
const PROGRAMS: ReadonlySet<string> = new Set(["backend", "gateway", "broker", "network"]);
/** Pure renderings that a runtime needs. */
const RENDERINGS: ReadonlySet<string> = new Set(["gateway/route.ts", "gateway/nginx.ts", "network/effect.ts"]);

interface Import {
  from: string;
  to: string;
}

function importsOf(file: string): Import[] {
  const text = fs.readFileSync(path.join(SRC, file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)].map((match) => ({
    from: file,
    to: path.relative(SRC, path.resolve(SRC, path.dirname(file), match[1]!)),
  }));
}

const place = (file: string) => file.split(path.sep)[0]!.replace(/\.ts$/, "");

function isAllowed({ from, to }: Import): boolean {
  if (to === "../package.json") return true;
  const [here, there] = [place(from), place(to)];
  if (here === there || there === "model") return true;
  if (PROGRAMS.has(here)) return false;
  if (PROGRAMS.has(there)) return here === "runtimes" && RENDERINGS.has(to);
  const [mine, theirs] = [LAYERS[here], LAYERS[there]];
  if (mine === undefined || theirs === undefined) return false;
  return mine === 3 ? theirs === 3 : mine > theirs || (mine === 4 && theirs === 4) || (mine === 5 && theirs === 5);
}

describe("layers", () => {
  const files = fs.readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file));

  it("know only what stands below them", () => {
    const against = files.flatMap(importsOf).filter((one) => !isAllowed(one));
    expect(against.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it("give every folder of src/ a place", () => {
    const places = new Set(files.map(place));
    expect([...places].filter((name) => LAYERS[name] === undefined && !PROGRAMS.has(name))).toEqual([]);
  });

  it("would notice an arrow that points upwards", () => {
    expect(isAllowed({ from: "checkers/index.ts", to: "run.ts" })).toBe(false);
    expect(isAllowed({ from: "verbs/kill.ts", to: "runtimes/embedded/cluster.ts" })).toBe(false);
    expect(isAllowed({ from: "checkers/index.ts", to: "backend/conflict/vector.ts" })).toBe(false);
    expect(isAllowed({ from: "run.ts", to: "checkers/index.ts" })).toBe(true);
  });

  it("keep a runtime's choice in commands/", () => {
    const outside = files
      .flatMap(importsOf)
      .filter(({ from, to }) => to.startsWith("runtimes/") && !["commands", "runtimes"].includes(place(from)));
    expect(outside).toEqual([]);
  });
});
