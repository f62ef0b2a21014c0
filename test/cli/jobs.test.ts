// Many scenarios: patterns that no shell expanded, parts for several machines, several at a time, and what they came to together.
import fs from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Option } from "commander";
import { inJobs, jobsOption } from "../../src/commands/scenario/jobs.ts";
import { partOf, shardOption } from "../../src/commands/scenario/shard.ts";
import { tally } from "../../src/commands/scenario/tally.ts";
import { UsageError } from "../../src/model/problem.ts";
import { plain } from "../../src/reporters/paint.ts";
import { filesLike, isPattern, matches } from "../../src/scenario/glob.ts";
import { sandbox } from "../support/cli.ts";
import { leftOf, marksOf } from "./bad-days.ts";

const box = sandbox();
const at = (...names: readonly string[]) => path.join(box.directory, ...names);
const scenario = (name: string, ...lines: readonly string[]) =>
  [`name: ${name}`, "topology: property", ...lines, ""].join("\n");
const ASKING = ["steps:", "  - request: GET /us/health", "    expect: { status: 200 }"];
const FAILING = ["steps:", "  - request: GET /us/health", "    expect: { status: 404 }"];
const ENDLESS = ["timeout: 10m", "steps:", "  - wait: 5m"];

beforeAll(() => {
  for (const folder of ["some/deep/er", "some/.hidden", "some/node_modules", "long"])
    fs.mkdirSync(at(folder), { recursive: true });
  const write = (file: string, ...lines: readonly string[]) =>
    fs.writeFileSync(at(file), scenario(path.basename(file).replace(/\.\w+$/, ""), ...lines));
  write("some/b.yaml", ...FAILING);
  write("some/a.yaml", ...ASKING);
  write("some/deep/er/c.yml", ...ASKING);
  write("some/.hidden/d.yaml", ...ASKING);
  write("some/node_modules/e.yaml", ...ASKING);
  write("long/one.yaml", ...ENDLESS);
  write("long/two.yaml", ...ENDLESS);
  fs.writeFileSync(at("some/notes.txt"), "no scenario");
  fs.symlinkSync(at(), at("some/deep/around"));
});
afterAll(() => box[Symbol.asyncDispose]());

describe("a pattern", () => {
  it.each([
    ["some/*.yaml", ["some/a.yaml", "some/b.yaml"]],
    ["./some/?.yaml", ["some/a.yaml", "some/b.yaml"]],
    ["some/**/*.y*ml", ["some/a.yaml", "some/b.yaml", "some/deep/er/c.yml"]],
    ["**/c.yml", ["some/deep/er/c.yml"]],
    ["some/**", ["some/a.yaml", "some/b.yaml", "some/deep/er/c.yml", "some/notes.txt"]],
    ["some/**/**/er/*", ["some/deep/er/c.yml"]],
    ["*/a.yaml", ["some/a.yaml"]],
    ["some/.hidden/*.yaml", ["some/.hidden/d.yaml"]], // named, so meant
    ["some/*.json", []],
    ["nowhere/*.yaml", []],
  ])("%s means the files below this folder, in the order of their names", (pattern, files) => {
    const found = filesLike(pattern, at()).map((file) => path.relative(at(), file));
    expect(found).toEqual(files);
    expect(isPattern(pattern)).toBe(true);
  });

  it.each(["../*.yaml", "some/../../*.yaml", "/etc/*"])("%s leads out of it and is refused", (pattern) => {
    expect(() => filesLike(pattern, at())).toThrow(UsageError);
  });

  it("of one name means what a shell means by it, and is never slow", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", ".") });
    const patterns = fc.string({ unit: fc.constantFrom("a", "b", ".", "*", "?") });
    fc.assert(
      fc.property(letters, patterns, (name, pattern) => {
        const source = pattern.replaceAll(".", "\\.").replaceAll(/\*+/g, ".*").replaceAll("?", ".");
        expect(matches(name, pattern)).toBe(new RegExp(`^${source}$`).test(name));
      }),
    );
    expect(matches("a".repeat(5_000), `${"*a".repeat(2_000)}b`)).toBe(false); // a regular expression would never end
  });

  it("that matches nothing is wrong, and says where was looked", async () => {
    const { code, stderr } = await box.run("scenario", "run", "some/x*.yaml");
    expect(stderr).toContain(`no scenario (*.yaml) matches "some/x*.yaml" in ${box.directory}`);
    expect(code).toBe(64);
  });

  it("names the scenarios of `scenario check`, too", async () => {
    const { code, stdout } = await box.run("scenario", "check", "some/**");
    expect(stdout.split("\n").filter((line) => line.includes("nothing wrong"))).toHaveLength(3);
    expect(code).toBe(0);
  });
});

describe("a shard", () => {
  it("is disjoint from the others, and together they are all, in whatever order they were named", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 12 }), (all, of) => {
        const parts = Array.from({ length: of }, (_, i) => partOf(all, (one) => one, { index: i + 1, of }));
        expect(parts.flat().toSorted()).toEqual(all.toSorted());
        const sizes = parts.map((part) => part.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        const turned = Array.from({ length: of }, (_, i) =>
          partOf(all.toReversed(), (one) => one, { index: i + 1, of }),
        );
        expect(turned).toEqual(parts);
      }),
    );
  });

  it("without a scenario is no failure: it says so, and a CI finds its file", async () => {
    const args = ["scenario", "run", "some/*.yaml", "--shard", "3/3", "--reporter", "junit=out/3.xml"];
    const { code, stdout, stderr } = await box.run(...args);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toBe("shard 3/3 of 2 scenarios is empty: there is nothing to play\n");
    expect(fs.readFileSync(at("out/3.xml"), "utf8")).toContain('<testsuites name="regionctl" tests="0"');
  });
});

describe("jobs", () => {
  it("are so many at a time, each is begun in its turn, and all are awaited", async () => {
    const [open, begun, most] = [new Map<number, () => void>(), [] as number[], { now: 0, ever: 0 }];
    const all = inJobs([10, 11, 12, 13], 2, async (one) => {
      begun.push(one);
      most.ever = Math.max(most.ever, ++most.now);
      await new Promise<void>((resolve) => open.set(one, resolve));
      most.now--;
    });
    for (const [finished, then] of [
      [11, [10, 11, 12]],
      [12, [10, 11, 12, 13]],
    ] as const) {
      open.get(finished)!();
      await new Promise((resolve) => setImmediate(resolve));
      expect(begun).toEqual(then);
    }
    open.get(10)!();
    open.get(13)!();
    expect(await all).toEqual([]);
    expect(most.ever).toBe(2);
  });

  it("begin nothing more after an error, and do not leave what they had begun", async () => {
    const begun: number[] = [];
    let isOver = false;
    const errors = await inJobs([1, 2, 3], 2, async (one) => {
      begun.push(one);
      if (one === 1) throw new Error("one");
      await new Promise((resolve) => setImmediate(resolve));
      isOver = true;
    });
    expect(errors).toEqual([new Error("one")]);
    expect(begun).toEqual([1, 2]);
    expect(isOver).toBe(true);
  });

  it("come to one line: the worst named first", () => {
    const runs = [
      { name: "flapping-link", verdict: "inconclusive" },
      { name: "smoke", verdict: "passed" },
      { name: "split-brain", verdict: "failed" },
      { name: "failover", verdict: "passed" },
      { name: "chaos", verdict: "errored" },
    ] as const;
    expect(tally(runs, plain)).toBe(
      "2 passed, 1 errored, 1 failed, 1 inconclusive: chaos errored, split-brain failed, flapping-link inconclusive",
    );
    expect(tally(runs.slice(1, 2), plain)).toBe("1 passed");
  });

  it("play at the same time, each on a stack of its own, and one that fails does not hide the others", async () => {
    const args = ["scenario", "run", "some/**/*", "some/a.yaml", "--jobs", "2", "--reporter", "junit=out/all.xml"];
    const { code, stdout, stderr } = await box.run(...args);
    expect(code).toBe(1);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("3 passed, 1 failed: b failed");

    const lines = stderr.trimEnd().split("\n");
    expect(lines.filter((line) => !/^(a|b|c|a \(2\)) \| /.test(line))).toEqual([]); // each says whose it is
    const place = (text: string) => lines.findIndex((line) => line.startsWith(text));
    expect(place("b | starting")).toBeLessThan(place("a | up in")); // they were begun together
    const stacks = lines.flatMap((line) => /: stack "([^"]+)"/.exec(line)?.[1] ?? []);
    expect(new Set(stacks).size).toBe(4); // also of the one that was played twice
    expect(fs.readdirSync(at("runs"))).toHaveLength(4);
    for (const run of fs.readdirSync(at("runs"))) expect(fs.existsSync(at("runs", run, "report.html"))).toBe(true);

    const xml = fs.readFileSync(at("out/all.xml"), "utf8");
    expect(xml.match(/<testsuite name="[abc]"/g)).toHaveLength(4);
    expect(xml).toMatch(/<testsuites name="regionctl" tests="4" failures="1" errors="0"/);
    expect(leftOf(box.home, [])).toEqual([]);
  });

  it("end together by Ctrl-C: nothing is left of any of them", async () => {
    const running = box.start(
      "scenario",
      "run",
      "long/*.yaml",
      "--jobs",
      "2",
      "--out",
      "ended",
      "--reporter",
      "junit=ended.xml",
    );
    await running.said("one | up in");
    await running.said("two | up in");
    const marks = marksOf(box.home);
    expect(marks).toHaveLength(2);
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.done;
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toContain("interrupted; everything it started is gone\n");
    expect(leftOf(box.home, marks)).toEqual([]);
    // Who reads the file would take two tests that are missing for a good end.
    const xml = fs.readFileSync(path.join(box.directory, "ended.xml"), "utf8");
    expect(xml).toMatch(/<testsuites name="regionctl" tests="\d+" failures="0" errors="2"/);
    expect(xml.match(/<error message="the run was interrupted" type="interrupted">/g)).toHaveLength(2);
  });

  it.each([
    [["--jobs", "0"], "--jobs takes a number from 1 to 16"],
    [["--jobs", "two"], '"two"'],
    [["--shard", "0/4"], "--shard takes which part of how many"],
    [["--shard", "5/4"], '"5/4"'],
    [["--shard", "1"], "e.g. 1/4"],
    [["--jobs", "2", "--stack", "mine"], "--stack mine is one"],
    [["--reporter", "html=all.html"], "html=FILE holds one run"],
  ])("%j is refused before anything starts", async (args, says) => {
    const { code, stderr } = await box.run("scenario", "run", "some/*.yaml", ...args);
    expect(stderr).toContain(says);
    expect(code).toBe(64);
    expect(leftOf(box.home, [])).toEqual([]);
  });

  it("are one at a time unless said, and their options take what they say", () => {
    const parsed = ({ parseArg }: Option, value: string): unknown => parseArg!(value, undefined);
    expect(jobsOption().defaultValue).toBe(1);
    expect(parsed(jobsOption(), "16")).toBe(16);
    expect(parsed(shardOption(), "2/2")).toEqual({ index: 2, of: 2 });
  });
});
