// Bad days: what was to be started cannot be, or ends while it is used. Always: the first error, the last lines of the
// node's log, what to type next, and nothing left running.
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { repository, type Sandbox, sandbox } from "../support/cli.ts";
import { ENDLESS, leftOf, marksOf, ONE_REQUEST, scenarioFile, stacksOf, topologyFile } from "./bad-days.ts";

const box = sandbox();
afterAll(() => box[Symbol.asyncDispose]());

describe("what cannot be started", () => {
  it("a node that ends while it starts: its name, the last lines of its log, what to type", async () => {
    const file = topologyFile(box, ["NODE_NAME: backend-eu\n", "NODE_NAME: backend-eu\n      BROKEN: nonsense\n"]);
    const running = box.start("up", "--topology", file);
    await running.said("starting 6 nodes");
    const marks = marksOf(box.home);
    const { code, stdout, stderr } = await running.done;
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("backend-eu exited with code 1 while it was starting\n");
    expect(stderr).toMatch(/The last lines of its log:\n.*BROKEN is "nonsense", but must be one of/);
    expect(stderr).toContain('"regionctl doctor"');
    expect(leftOf(box.home, marks)).toEqual([]);
  });

  it("a scenario whose stack would not stand leaves a run behind that says why, with the logs", async () => {
    topologyFile(box, ["NODE_NAME: backend-eu\n", "NODE_NAME: backend-eu\n      BROKEN: nonsense\n"]);
    const file = path.join(box.directory, "broken.yaml");
    fs.writeFileSync(file, ["name: broken", "topology: ./changed.yaml", ...ONE_REQUEST, ""].join("\n"));
    const { code, stderr } = await box.run("scenario", "run", file, "--out", "out", "--reporter", "junit=j.xml");
    expect(code).toBe(2);
    const [, directory = ""] = /^what there is of it: (out\/broken-\S+)$/m.exec(stderr) ?? [];
    const read = (name: string) => fs.readFileSync(path.join(box.directory, directory, name), "utf8");
    expect(read("logs/backend-eu.log")).toContain('BROKEN is "nonsense"');
    expect(read("scenario.yaml")).toContain("name: broken");
    expect(read("report.html")).toContain("<title>errored: broken");
    const again = await box.run("check", directory);
    expect(again.code).toBe(2);
    expect(again.stdout).toMatch(/^ERRORED {2}broken/);
    expect(again.stdout.replaceAll(/\s+/g, " ")).toContain(
      "errored before it began: backend-eu exited with code 1 while it was starting",
    );
    expect(again.stdout).toContain('BROKEN is "nonsense"');
    expect(again.stdout).not.toContain("healthy at first"); // nobody looked
    const xml = fs.readFileSync(path.join(box.directory, "j.xml"), "utf8");
    expect(xml).toContain('tests="1" failures="0" errors="1"');
    expect(xml).toContain(`regionctl check ${path.join(fs.realpathSync(box.directory), directory)}`);
  });

  it("a program that is not there: which file, how to get it, and the same from doctor", () => {
    const copy = path.join(box.directory, "copy");
    for (const part of ["bin", "dist", "compose", "seeds", "package.json"])
      fs.cpSync(path.join(repository, part), path.join(copy, part), { recursive: true });
    fs.symlinkSync(path.join(repository, "node_modules"), path.join(copy, "node_modules"));
    const missing = path.join(copy, "dist/programs/backend.cjs");
    fs.rmSync(missing);
    const run = (...args: readonly string[]) =>
      spawnSync(process.execPath, [path.join(copy, "bin/regionctl.js"), ...args], {
        cwd: box.directory,
        env: { ...process.env, NO_COLOR: "1", REGIONCTL_HOME: box.home },
        encoding: "utf8",
      });
    const up = run("up");
    expect(up.status).toBe(2);
    expect(up.stderr).toContain(`the program ${missing} is missing`);
    expect(up.stderr).toContain(`Run "npm run build" in ${copy}`);
    expect(stacksOf(box.home)).toEqual([]);
    const doctor = run("doctor");
    expect(doctor.status).toBe(2);
    expect(doctor.stdout).toContain(`✗ programs    the program ${missing} is missing`);
    fs.rmSync(path.join(copy, "dist/cli.js"));
    expect(run("up")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("regionctl is not built yet") as string,
    });
  });
});

describe("other commands meanwhile", () => {
  it("`down --all` ends also what a scenario plays on; the run says so and does not hang", async () => {
    const running = box.start("scenario", "run", scenarioFile(box, "endless", ...ENDLESS));
    await running.said("wait 5m");
    const marks = marksOf(box.home);
    const plain = await box.run("down");
    expect(plain.stdout).toContain('there is no stack "default"'); // without --all a living run is nobody else's
    const { ended } = await box.facts<{ ended: string[] }>("down", "--all");
    expect(ended).toEqual([expect.stringMatching(/^endless-\d+$/)]);
    const { code, stderr } = await running.done;
    expect(code).toBe(2);
    expect(stderr).toContain("the stack was ended by another command");
    expect(leftOf(box.home, marks)).toEqual([]);
  });

  it("`down` while a stack starts: both end, and the start says why", async () => {
    const running = box.start("up");
    await running.said("starting 6 nodes");
    const marks = marksOf(box.home);
    const down = await box.facts<{ ended: string[] }>("down");
    expect(down.ended).toEqual(["default"]);
    const { code, stderr } = await running.done;
    // It may have come up just before.
    if (code !== 0)
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('stack "default" was ended by another command while it started') as string,
      });
    expect(leftOf(box.home, marks)).toEqual([]);
  });

  it("two runs side by side both pass", async () => {
    const lines = [
      "traffic:",
      "  - { workload: edit-properties, clients: 4, rate: 50/s, keys: 5, reads: 50% }",
      "steps:",
      "  - kill: backend-us",
      "    for: 300ms",
      "  - wait: 1s",
      "expect: [no-lost-writes, { converges: { within: 20s } }]",
    ];
    const file = scenarioFile(box, "beside", ...lines);
    const both = await Promise.all([box.run("scenario", "run", file), box.run("scenario", "run", file)]);
    for (const { code, stdout, stderr } of both) expect(code, stdout + stderr).toBe(0);
    expect(stacksOf(box.home)).toEqual([]);
  });
});

/** A small disk of our own; undefined where that is not allowed. */
function smallDisk(
  directory: string,
  size: string,
): { grow(size: string): void; fill(): void; end(): void } | undefined {
  fs.mkdirSync(directory, { recursive: true });
  const mount = (...args: readonly string[]) =>
    execFileSync("mount", [...args, "tmpfs", directory], { stdio: "ignore" });
  try {
    mount("-t", "tmpfs", "-o", `size=${size},mode=755`);
  } catch {
    return undefined;
  }
  return {
    grow: (size) => mount("-o", `remount,size=${size}`),
    fill() {
      const fd = fs.openSync(path.join(directory, "filler"), "w");
      const mebibyte = Buffer.alloc(1 << 20);
      try {
        for (;;) if (fs.writeSync(fd, mebibyte) < mebibyte.length) return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      } finally {
        fs.closeSync(fd);
      }
    },
    end: () => void execFileSync("umount", ["-l", directory]),
  };
}

const canMount = (() => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-disk-"));
  const disk = smallDisk(directory, "64k");
  disk?.end();
  fs.rmdirSync(directory);
  return disk !== undefined;
})();

describe(canMount ? "a full disk" : "a full disk (NOT TRIED: this takes root on Linux, to mount a small one)", () => {
  /** A sandbox whose home, or whose run directories, lie on a small disk. */
  async function onSmallDisk(
    part: "home" | "runs",
    size: string,
    story: (small: Sandbox, disk: NonNullable<ReturnType<typeof smallDisk>>) => Promise<void>,
  ) {
    await using small = sandbox();
    const disk = smallDisk(part === "home" ? small.home : path.join(small.directory, "runs"), size)!;
    try {
      await story(small, disk);
      await small.run("down", "--all");
    } finally {
      disk.end();
    }
  }

  const endless = (small: Sandbox) => small.start("scenario", "run", scenarioFile(small, "endless", ...ENDLESS));

  it.runIf(canMount)("while a stack starts, and while a scenario is played", () =>
    onSmallDisk("home", "3m", async (small, disk) => {
      const up = await small.run("up");
      expect(up).toMatchObject({ code: 2, stdout: "" });
      expect(up.stderr).toMatch(/could not be started: .*no space left on device/i);
      expect(up.stderr).toContain(`free some space for ${small.home}, or set REGIONCTL_HOME`);
      expect(leftOf(small.home, [])).toEqual([]);

      disk.grow("300m");
      const running = endless(small);
      await running.said("wait 5m");
      const marks = marksOf(small.home);
      disk.fill();
      const { code, stderr } = await running.done;
      expect(code).toBe(2);
      expect(stderr).toContain("the disk is full: ");
      expect(stderr).toContain("Free some space and try again.");
      expect(leftOf(small.home, marks)).toEqual([]);
    }),
  );

  it.runIf(canMount)("where the run directory is", () =>
    onSmallDisk("runs", "4m", async (small, disk) => {
      const running = endless(small);
      await running.said("wait 5m");
      const marks = marksOf(small.home);
      disk.fill();
      const { code, stderr } = await running.done;
      expect(code).toBe(2);
      expect(stderr).toMatch(/the disk is full: .*\/runs\/endless-.*\/events\.ndjson cannot be written/);
      expect(leftOf(small.home, marks)).toEqual([]);
      // What was seen until then can still be judged.
      const run = fs.readdirSync(path.join(small.directory, "runs")).find((name) => name.startsWith("endless-"));
      expect(await small.run("check", `runs/${run}`)).toMatchObject({
        code: 2,
        stdout: expect.stringContaining("ERRORED") as string,
      });
    }),
  );
});
