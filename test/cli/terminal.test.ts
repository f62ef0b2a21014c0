// The dashboard as a person has it, in a real terminal: a stack is started, a backend killed by a key and healed by another, and the
// terminal is as it was afterwards, however it ended.
import { describe, expect, it } from "vitest";
import { propertyTopology } from "../conformance/topology.ts";
import { withDocker } from "../runtimes/docker/engine.ts";
import { processesOf, repository, sandbox } from "../support/cli.ts";
import { noTerminal, openTerminal, type Terminal } from "../support/terminal.ts";

const RED = "\u001b[31m";
const GREEN = "\u001b[32m";

/** CI has tmux, and says so: there a missing one is a failure. */
const reason = noTerminal();
const isRequired = process.env["REGIONCTL_TEST_TERMINAL"] === "required";

describe.skipIf(reason !== undefined && !isRequired)("watch in a terminal, on the embedded runtime", () =>
  story("embedded"),
);

await withDocker("watch in a terminal, on Docker", propertyTopology(), () => story("docker"));

function story(runtime: "embedded" | "docker"): void {
  it("shows a kill by key in red, the heal in green, and leaves the terminal sane", { timeout: 300_000 }, async () => {
    await using box = sandbox({ REGIONCTL_RUNTIME: runtime });
    using terminal = open(box, runtime);
    terminal.type("stty -a > before; regionctl up && echo stands");
    terminal.press("Enter");
    await terminal.shows("that the stack stands", (screen) => /^stands$/m.test(screen));

    terminal.type("regionctl watch");
    terminal.press("Enter");
    await terminal.shows("both backends up", (screen) => isUp(screen, "backend-us") && isUp(screen, "backend-eu"));
    expect(terminal.state()).toEqual({ alternate: true, cursor: false });

    await terminal.shows("that backend-us is chosen", (screen) => screen.includes("› backend-us"));
    terminal.press("k");
    await terminal.shows("backend-us down", (screen) => isDown(screen, "backend-us"));
    await showsInColour(terminal, { node: "backend-us", word: "DOWN", colour: RED });
    const taught = await terminal.shows("what the key did", (screen) => screen.includes("✓ regionctl kill backend-us"));
    expect(taught).toMatch(/kill: backend-us/);
    expect(isDown(taught, "backend-eu"), taught).toBe(false);
    await terminal.shows("backend-eu up", (screen) => isUp(screen, "backend-eu"));

    terminal.press("h");
    await terminal.shows("backend-us up again", (screen) => isUp(screen, "backend-us"));
    await showsInColour(terminal, { node: "backend-us", word: "up", colour: GREEN });
    // The node is up a moment before its fault is over: whoever quits in between leaves the rest to the next command.
    await terminal.shows("that it is healed", (screen) => screen.includes("✓ regionctl heal"));

    terminal.press("q");
    await isSane(terminal);
    const { stdout } = await box.run("status", "--json");
    expect(JSON.parse(stdout)).toMatchObject([{ state: "up", faults: [] }]);
    await box.run("down");
    expect(await box.facts("status")).toEqual([]);
    expect(processesOf(box.home).filter((line) => !line.startsWith("tmux "))).toEqual([]); // the terminal itself stays
  });

  it(
    "gives the terminal back also when it is ended by Ctrl-C, by SIGTERM, and by kill -9",
    { timeout: 300_000 },
    async () => {
      await using box = sandbox({ REGIONCTL_RUNTIME: runtime });
      await box.facts("up");
      using terminal = open(box, runtime);
      terminal.type("stty -a > before");
      terminal.press("Enter");
      for (const end of ["C-c", "TERM", "KILL"]) {
        terminal.type(
          `clear; sh -c 'echo $$ > pid; exec "${process.execPath}" "${repository}/bin/regionctl.js" watch'`,
        );
        terminal.press("Enter");
        await terminal.shows("the dashboard", (screen) => isUp(screen, "backend-us"));
        if (end === "C-c") terminal.press("C-c");
        else {
          using other = open(box, runtime);
          other.type(`kill -${end} $(cat pid) && echo sent`);
          other.press("Enter");
          await other.shows("that the signal was sent", (screen) => /^sent$/m.test(screen));
        }
        await isSane(terminal);
      }
      expect(await box.facts("status")).toMatchObject([{ state: "up" }]);
    },
  );
}

function open(box: { home: string; directory: string }, runtime: string): Terminal {
  const terminal = openTerminal({
    columns: 120,
    rows: 40,
    directory: box.directory,
    environment: {
      REGIONCTL_HOME: box.home,
      REGIONCTL_RUNTIME: runtime,
      TERM: "xterm-256color",
      NO_COLOR: "",
      CI: "true",
    }, // a terminal is one also in a CI job
  });
  terminal.type(`regionctl() { "${process.execPath}" "${repository}/bin/regionctl.js" "$@"; }; PS1='$ '; clear`);
  terminal.press("Enter");
  return terminal;
}

const isUp = (screen: string, node: string) => new RegExp(`${node}\\W+up\\b`).test(screen);
const isDown = (screen: string, node: string) => new RegExp(`${node}\\W+DOWN\\b`).test(screen);

/** The colours that stand before a word, on the lines that name a node. */
function coloursOf(terminal: Terminal, node: string, word: string): readonly string[] {
  const lines = terminal
    .screen({ colours: true })
    .split("\n")
    .filter((line) => line.includes(node));
  return lines.flatMap((line) => {
    const before = line.slice(line.indexOf(node)).split(word);
    // oxlint-disable-next-line no-control-regex -- escape codes are what it looks for
    return before.length < 2 ? [] : (before[0]!.match(/\u001b\[[\d;]*m/g) ?? []).slice(-1);
  });
}

/** Waits for the colour too: a line that is just being drawn anew is seen half. */
async function showsInColour(
  terminal: Terminal,
  { node, word, colour }: { node: string; word: string; colour: string },
): Promise<void> {
  const seen = () => coloursOf(terminal, node, word);
  await terminal
    .shows(`${node} ${word} in its colour`, () => seen().includes(colour))
    .catch((error: Error) => expect.fail(`${error.message}\nthe colours before "${word}": ${JSON.stringify(seen())}`));
}

/** The shell is there again with its screen and cursor, and the terminal's settings are those from before. */
async function isSane(terminal: Terminal): Promise<void> {
  await terminal.shows("its own screen again", () => !terminal.state().alternate);
  // After a kill -9 the shell says its prompt on the screen that is being left.
  terminal.press("Enter");
  await terminal.shows("the shell", (screen) => /\$ ?$/.test(screen.trimEnd()));
  terminal.type("stty -a > after; cmp before after && echo the same");
  terminal.press("Enter");
  await terminal.shows("the same settings", (screen) => /^the same$/m.test(screen));
  expect(terminal.state()).toEqual({ alternate: false, cursor: true });
}
