// `scenario run --watch` as a person has it, in a real terminal: the dashboard is a process of its own. However it or the run ends,
// the terminal is as it was, nothing is left running, and the run is told of as without it.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repository, sandbox } from "../support/cli.ts";
import { noTerminal, openTerminal, type Terminal } from "../support/terminal.ts";
import { ENDLESS, leftOf, marksOf, ONE_REQUEST, scenarioFile } from "./bad-days.ts";

/** CI has tmux, and says so: there a missing one is a failure. */
const reason = process.platform === "linux" ? noTerminal() : "processes are found in /proc";
const isRequired = process.env["REGIONCTL_TEST_TERMINAL"] === "required";

const PATIENCE_MS = 120_000;
const COMMAND = "__dashboard";

describe.skipIf(reason !== undefined && !isRequired)("scenario run --watch", { timeout: 300_000 }, () => {
  const box = sandbox();
  let terminal: Terminal;
  beforeAll(() => {
    terminal = openTerminal({
      columns: 120,
      rows: 60, // the whole of what a run came to
      directory: box.directory,
      environment: { REGIONCTL_HOME: box.home, REGIONCTL_RUNTIME: "embedded", TERM: "xterm-256color", NO_COLOR: "" },
    });
    type(`regionctl() { "${process.execPath}" "${repository}/bin/regionctl.js" "$@"; }; PS1='$ '; stty -a > before`);
  });
  afterAll(async () => {
    terminal[Symbol.dispose]();
    await box[Symbol.asyncDispose]();
  });

  const short = scenarioFile(box, "short", ...ONE_REQUEST, "  - kill: backend-us", "    for: 2s");
  const endless = scenarioFile(box, "endless", ...ENDLESS);

  const type = (text: string) => {
    terminal.type(text);
    terminal.press("Enter");
  };
  /** Of this run; its number is kept by the shell that becomes it. */
  const begin = (scenario: string) => {
    type(`clear; sh -c 'echo $$ > pid; exec "${process.execPath}" "${repository}/bin/regionctl.js" scenario run \
${scenario} --watch'; echo "it ended with $?"`);
  };
  const runPid = () => Number(fs.readFileSync(path.join(box.directory, "pid"), "utf8"));
  const drawn = (isIt: (screen: string) => boolean = (screen) => /wait 5m/.test(screen)) =>
    terminal.shows("the run in the dashboard", (screen) => terminal.state().alternate && isIt(screen), PATIENCE_MS);
  const said = (text: string | RegExp) =>
    terminal.shows(`"${text}"`, (screen) => new RegExp(text).test(screen), PATIENCE_MS);

  /** The shell is there again with its screen, its cursor and its settings, and of the dashboard no process is left. */
  async function isSane(): Promise<void> {
    await terminal.shows("its own screen again", () => !terminal.state().alternate);
    terminal.press("Enter");
    type("clear; stty -a > after; cmp before after && echo the same");
    await said(/^the same$/m);
    expect(terminal.state()).toEqual({ alternate: false, cursor: true });
    await terminal.shows("that the dashboard is gone", () => dashboardsOf(box.home).length === 0);
  }

  it("shows it, tells what it came to afterwards, and in its own process loads no React", async () => {
    const preload = path.join(box.directory, "loaded.mjs");
    fs.writeFileSync(preload, LOADED);
    type(`export NODE_OPTIONS="--import=${pathToFileURL(preload).href}" LOADED="${box.directory}/loaded"`);
    begin(short);
    const screen = await drawn((text) => /backend-us\W+DOWN/.test(text));
    expect(screen).toContain("kill backend-us for 2s");
    const pid = runPid();
    const end = await said(/it ended with \d+/);
    expect(end).toMatch(/PASSED +short[^]*it ended with 0/);
    expect(end).not.toContain("the dashboard");
    type("unset NODE_OPTIONS LOADED");
    await isSane();
    expect(leftIn()).toEqual([]);
    const loaded = fs.readFileSync(path.join(box.directory, "loaded"), "utf8").trim().split("\n");
    expect(loaded).toContain(`${pid} scenario draws with nothing`);
    expect(loaded.filter((line) => line.endsWith("draws with react"))).toEqual([
      expect.stringContaining(` ${COMMAND} `),
    ]);
  });

  it("is left by q, and the run goes on with plain lines to its verdict", async () => {
    begin(short);
    await drawn((text) => /backend-us\W+DOWN/.test(text));
    terminal.press("q");
    await said("the dashboard was left; the run goes on");
    expect(terminal.state()).toEqual({ alternate: false, cursor: true });
    expect(dashboardsOf(box.home)).toEqual([]);
    expect(await said(/it ended with \d+/)).toMatch(/up in .* s: stack[^]*PASSED +short[^]*it ended with 0/);
    await isSane();
    expect(leftIn()).toEqual([]);
  });

  it("shows the log of a node, which the run reads", async () => {
    begin(endless);
    await drawn();
    terminal.press("Enter");
    await terminal.shows("lines of a log", (screen) => /\d{4}-\d\d-\d\dT\d\d:\d\d/.test(screen));
    const marks = marksOf(box.home);
    terminal.press("C-c");
    await said("it ended with 130");
    await isSane();
    expect(leftOf(box.home, marks).filter(isOfStack)).toEqual([]);
  });

  it.each(["C-c", "TERM", "HUP"])("ended by %s: exit 130, and everything is given back", async (how) => {
    begin(endless);
    await drawn();
    const marks = marksOf(box.home);
    if (how === "C-c") terminal.press(how);
    else process.kill(runPid(), `SIG${how}`);
    expect(await said(/it ended with \d+/)).toMatch(/interrupted; everything it started is gone\s+it ended with 130/);
    await isSane();
    expect(leftOf(box.home, marks).filter(isOfStack)).toEqual([]);
  });

  it.each(["SIGINT", "SIGKILL"] as const)("ended by %s while the dashboard is only starting", async (signal) => {
    begin(endless);
    while (dashboardsOf(box.home).length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    const marks = marksOf(box.home);
    // All of them hear Ctrl-C where nobody has made a key of it.
    process.kill(signal === "SIGINT" ? -runPid() : runPid(), signal);
    const end = await said(/it ended with \d+/);
    expect(end).toContain(`it ended with ${signal === "SIGINT" ? 130 : 137}`);
    expect(end).not.toContain("the run goes on");
    await isSane();
    if (signal === "SIGKILL") expect((await box.run("down")).code).toBe(0);
    expect(leftOf(box.home, marks).filter(isOfStack)).toEqual([]);
  });

  it("killed with -9: its dashboard gives the terminal back and ends, and the next down removes the rest", async () => {
    begin(endless);
    await drawn();
    const marks = marksOf(box.home);
    process.kill(runPid(), "SIGKILL");
    await isSane();
    expect((await box.run("down")).code).toBe(0);
    expect(leftOf(box.home, marks).filter(isOfStack)).toEqual([]);
  });

  it.each(["KILL", "TERM"])("whose dashboard is ended by %s gets the terminal back, and goes on", async (signal) => {
    begin(short);
    await drawn((text) => /backend-us\W+DOWN/.test(text));
    const [dashboard] = dashboardsOf(box.home);
    process.kill(dashboard!, `SIG${signal}`);
    const why = signal === "KILL" ? "the dashboard is gone: it was ended by SIGKILL" : "the dashboard was left";
    await said(`${why}; the run goes on`);
    expect(terminal.state()).toEqual({ alternate: false, cursor: true });
    expect(await said(/it ended with \d+/)).toMatch(/PASSED +short[^]*it ended with 0/);
    await isSane();
    expect(leftIn()).toEqual([]);
  });

  it("whose dashboard is stopped is not held up by it, and ends it in the end", async () => {
    begin(short);
    await drawn((text) => /backend-us\W+DOWN/.test(text));
    const [dashboard] = dashboardsOf(box.home);
    process.kill(dashboard!, "SIGSTOP");
    expect(await said(/it ended with \d+/)).toMatch(/PASSED +short[^]*it ended with 0/);
    await isSane();
    expect(leftIn()).toEqual([]);
  });

  it("the dashboard's own command is not for people", async () => {
    const { code, stderr } = await box.run(COMMAND);
    expect([code, stderr]).toEqual([64, expect.stringContaining("regionctl scenario run NAME --watch")]);
  });

  /** Neither stacks nor processes of any. */
  const leftIn = () => leftOf(box.home, []).filter(isOfStack);
});

/** The terminal itself stays. */
const isOfStack = (line: string) => !line.startsWith("tmux ");

/** Processes that draw, of commands with this home (Linux). */
function dashboardsOf(home: string): readonly number[] {
  return fs.readdirSync("/proc").flatMap((name) => {
    try {
      if (!/^\d+$/.test(name)) return [];
      const words = fs.readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      const environment = fs.readFileSync(`/proc/${name}/environ`, "utf8").split("\0");
      return words[2] === COMMAND && environment.includes(`REGIONCTL_HOME=${home}`) ? [Number(name)] : [];
    } catch {
      return []; // it is gone
    }
  });
}

/** At the end of a process: which command it was, and what it draws with. */
const LOADED = `
import fs from "node:fs";
import { createRequire } from "node:module";
const { cache } = createRequire(import.meta.url);
process.on("exit", () => {
  const has = Object.keys(cache).some((file) => /node_modules.react./.test(file));
  fs.appendFileSync(process.env.LOADED, process.pid + " " + process.argv[2] + " draws with " + (has ? "react" : "nothing") + "\\n");
});
`;
