// A saved run is judged again, with other expectations if one likes, and told wherever it is wanted: to people, programs, CIs.
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cutTo } from "../../src/commands/reports/summary.ts";
import { Story, expecting, traffic } from "../checkers/story.ts";
import { type Sandbox, sandbox } from "../support/cli.ts";

/** A run in which everything went well, but for one write that lost a conflict that was recorded. */
function story(): Story {
  const story = new Story({ traffic: [traffic()], expect: [expecting("no-lost-writes")] });
  story.probes("us", true, 500).at(0).probes("eu", true, 500);
  for (let i = 1; i <= 30; i++) {
    story
      .at(500 + i * 20)
      .write("us", 100 + i, i)
      .ok("us:1,eu:0", { version: 1 });
    story
      .at(510 + i * 20)
      .read("eu", 100 + i)
      .ok("us:1,eu:0", { value: i });
  }
  story.at(2_000).write("us", 1, 900, { id: "a" }).ok("us:1,eu:0", { version: 1 });
  story.at(2_001).write("eu", 1, 901, { id: "b" }).ok("us:0,eu:1", { version: 1 });
  const [winner, loser] = [
    { state: "us:0,eu:1", value: 901, id: "b" },
    { state: "us:1,eu:0", value: 900, id: "a" },
  ];
  story.at(3_000).conflict("us", 1, winner, loser).healed().round([]).finals(1, 901, "us:1,eu:1");
  for (let i = 1; i <= 30; i++) story.finals(100 + i, i, "us:1,eu:0");
  return story.leftovers().end();
}

function saveIn(box: Sandbox): void {
  fs.mkdirSync(path.join(box.directory, "run"));
  const text = story()
    .events.map((event) => `${JSON.stringify(event)}\n`)
    .join("");
  fs.writeFileSync(path.join(box.directory, "run/events.ndjson"), text);
}

const box = sandbox();
beforeAll(() => saveIn(box));
afterAll(() => box[Symbol.asyncDispose]());

interface Facts {
  verdict: string;
  exitCode: number;
  file: string;
  verdicts: { name: string; text: string; line?: number; valid: unknown }[];
}

describe("regionctl check RUN", () => {
  const factsOf = async (...args: readonly string[]) => {
    const { code, stdout } = await box.run("check", "run", "--json", ...args);
    const facts = JSON.parse(stdout) as Facts;
    expect(facts.exitCode).toBe(code);
    return facts;
  };

  it("judges what its scenario expected", async () => {
    const { verdict, verdicts } = await factsOf();
    expect(verdict).toBe("passed");
    expect(verdicts[0]).toMatchObject({ name: "no-lost-writes", valid: true, line: 20 });
  });

  it("judges what is asked instead, and what every run is asked all the same", async () => {
    const strict = "no-lost-writes: { losers: refused }";
    const { verdict, verdicts } = await factsOf("--expect", strict, "--expect", "conflicts: { counted: 1 }");
    expect(verdict).toBe("failed");
    expect(verdicts.filter(({ line }) => line !== undefined)).toMatchObject([
      { text: strict, valid: false },
      { text: "conflicts: { counted: 1 }", valid: true },
    ]);
    expect(verdicts.map(({ name }) => name)).toContain("nothing-left");
  });

  it("takes a list, a gap that is known, and what a scenario file expects", async () => {
    const listed = await factsOf("--expect", "[no-lost-writes, no-duplicates]");
    expect(listed.verdicts.slice(0, 2).map(({ text }) => text)).toEqual(["no-lost-writes", "no-duplicates"]);

    const gap = "no-lost-writes: { losers: refused, known-gap: a conflict decides }";
    expect((await factsOf("--expect", gap)).verdict).toBe("passed");

    const file = path.join(box.directory, "other.yaml");
    fs.writeFileSync(file, "expect:\n\n  - no-lost-writes: { losers: refused }\n");
    const other = await factsOf("--expect-from", "other.yaml");
    expect(other).toMatchObject({
      verdict: "failed",
      file,
      verdicts: expect.arrayContaining([expect.objectContaining({ line: 3, valid: false })]),
    });
  });

  it("refuses what a file expects wrongly, with the line", async () => {
    fs.writeFileSync(path.join(box.directory, "wrong.yaml"), "expect:\n  - available: { region: ap, at-least: 1% }\n");
    const wrong = await box.run("check", "run", "--expect-from", "wrong.yaml");
    expect(wrong.stderr).toMatch(/wrong\.yaml:2:26\n.*\n.*\^\^ topology "property" has no region "ap"/);
    expect(wrong.code).toBe(64);
    fs.writeFileSync(path.join(box.directory, "nothing.yaml"), "steps: [settle]\n");
    const nothing = await box.run("check", "run", "--expect-from", "nothing.yaml");
    expect(nothing.stderr).toContain("expects nothing");
    expect(nothing.code).toBe(64);
  });

  it("leaves the run as it was", async () => {
    const before = fs.readFileSync(path.join(box.directory, "run/events.ndjson"));
    await factsOf("--expect", "no-duplicates");
    expect(fs.readFileSync(path.join(box.directory, "run/events.ndjson"))).toEqual(before);
    expect(fs.readdirSync(path.join(box.directory, "run"))).toEqual(["events.ndjson"]);
  });
});

describe("several reporters at once", () => {
  it("write a file each, and the terminal's report stands on stdout all the same", async () => {
    const files = ["junit=out/a.xml", "markdown=out/a.md", "html=out/deep/a.html"];
    const { code, stdout } = await box.run("check", "run", ...files.flatMap((file) => ["--reporter", file]));
    expect(stdout).toMatch(/^PASSED {2}story/);
    expect(code).toBe(0);
    const read = (file: string) => fs.readFileSync(path.join(box.directory, "out", file), "utf8");
    expect(read("a.xml")).toContain('<testsuite name="story"');
    expect(read("a.md")).toContain("story");
    expect(read("deep/a.html")).toMatch(/^<!doctype html>[^]*passed: story/i);
  });

  it("html without a file stands beside the run", async () => {
    await using own = sandbox();
    saveIn(own);
    const { code, stdout } = await own.run("check", "run", "--reporter", "html");
    expect(fs.readFileSync(path.join(own.directory, "run/report.html"), "utf8")).toContain("<title>passed: story");
    expect(stdout).toContain("run/report.html");
    expect(code).toBe(0);
  });

  it("html follows no link out of a run directory that came from elsewhere", async () => {
    fs.cpSync(path.join(box.directory, "run"), path.join(box.directory, "theirs"), { recursive: true });
    const at = (name: string) => path.join(box.directory, name);
    fs.writeFileSync(at("mine.txt"), "mine");
    fs.writeFileSync(at("secret.yaml"), "password: hunter2");
    fs.rmSync(at("theirs/report.html"), { force: true });
    fs.symlinkSync(at("mine.txt"), at("theirs/report.html"));
    fs.symlinkSync(at("secret.yaml"), at("theirs/scenario.yaml"));
    const { code } = await box.run("check", "theirs", "--reporter", "html");
    expect(code).toBe(0);
    expect(fs.readFileSync(at("mine.txt"), "utf8")).toBe("mine");
    const page = fs.readFileSync(at("theirs/report.html"), "utf8");
    expect(page).toContain("<title>");
    expect(page).not.toContain("hunter2");
  });

  it("Markdown without a file has stdout for itself", async () => {
    const { stdout } = await box.run("check", "run", "--reporter", "markdown");
    expect(stdout).toMatch(/^### regionctl: /);
    expect(stdout).not.toContain("PASSED");
  });
});

describe("where GitHub plays it", () => {
  const STRICT = ["check", "run", "--expect-from", "strict.yaml"] as const;
  const inGithub = (): Sandbox & { summary: string } => {
    const folder = sandbox();
    const summary = path.join(folder.directory, "summary.md");
    const actions = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary, GITHUB_WORKSPACE: "/" };
    const own = sandbox(actions);
    saveIn(own);
    fs.writeFileSync(path.join(own.directory, "strict.yaml"), "expect:\n  - no-lost-writes: { losers: refused }\n");
    const both = async () => {
      await own[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    };
    return { ...own, summary, [Symbol.asyncDispose]: both };
  };

  it("it is told where the scenario is wrong, and gets a summary", async () => {
    await using own = inGithub();
    fs.writeFileSync(own.summary, "before\n");
    const { code, stdout } = await own.run(...STRICT);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED {2}story/);
    expect(stdout).toMatch(/^::error file=[^,]*strict\.yaml,line=2,/m);
    const summary = fs.readFileSync(own.summary, "utf8");
    expect(summary).toMatch(/^before\n/);
    expect(summary).toContain("story");
  });

  it("it is not told when stdout is meant for something else", async () => {
    await using own = inGithub();
    for (const reporter of ["json", "markdown"]) {
      const { stdout } = await own.run(...STRICT, "--reporter", reporter);
      expect(stdout).not.toContain("::error");
    }
    expect(fs.existsSync(own.summary)).toBe(false);
  });

  it("it can be told elsewhere as well, and reads files beside it", async () => {
    const { stdout } = await box.run("check", "run", "--reporter", "github", "--expect", "conflicts: { counted: 5 }");
    expect(stdout).toMatch(/^::error /m);
    await using own = inGithub();
    const written = await own.run(...STRICT, "--reporter", "junit=j.xml");
    expect(written.stdout).toMatch(/^::error /m);
    const asked = await own.run(...STRICT, "--reporter", "terminal"); // which stands there anyway
    expect(asked.stdout).toMatch(/^::error /m);
  });

  it("its summary is cut where it would be refused as a whole", () => {
    const line = "é".repeat(10);
    const text = `${line}\n`.repeat(100);
    expect(cutTo(10_000, text)).toBe(text);
    const cut = cutTo(500, text);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(500);
    expect(cut.split("\n").slice(0, 19)).toEqual(Array(19).fill(line));
    expect(cut).toContain("This summary was cut");
    expect(cutTo(10, text)).toBe("");
  });
});
