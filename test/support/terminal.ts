// A real pseudo-terminal, by tmux on a server of its own: what is typed goes to the shell in it, and the screen can be read.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";

/** A reason why there can be none here. */
export const noTerminal = (): string | undefined =>
  spawnSync("tmux", ["-V"]).status === 0 ? undefined : "there is no tmux";

export interface Terminal extends Disposable {
  /** Types text as it stands. */
  type(text: string): void;
  /** Presses keys by tmux's names: "Enter", "Down", "C-c". */
  press(...keys: readonly string[]): void;
  /** What the screen shows: lines without trailing blanks; with `colours` the escape codes stand in it. */
  screen(options?: { colours?: boolean }): string;
  /** Resolves with the screen once it is as asked. Rejects with what it shows instead when that takes too long. */
  shows(what: string, isSo: (screen: string) => boolean, withinMs?: number): Promise<string>;
  /** Is a program's own screen shown, is the cursor? */
  state(): { alternate: boolean; cursor: boolean };
  resize(columns: number, rows: number): void;
  /** Of what was started in it. */
  pid(): number;
}

export interface TerminalOptions {
  columns: number;
  rows: number;
  directory: string;
  environment: Readonly<Record<string, string>>;
  /** In place of a shell; a word must not need quoting. */
  command?: readonly string[];
}

const SHELL = ["bash", "--norc", "--noprofile"];

/** Generous: it only decides how long a failing test takes. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 50;

export function openTerminal(options: TerminalOptions): Terminal {
  const { columns, rows, directory, environment, command = SHELL } = options;
  const server = `regionctl-test-${randomBytes(6).toString("hex")}`;
  const tmux = (...args: readonly string[]) =>
    execFileSync("tmux", ["-L", server, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const given = Object.entries(environment).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const size = ["-x", String(columns), "-y", String(rows)];
  tmux("-f", "/dev/null", "new-session", "-d", "-s", "t", ...size, ...given, "-c", directory, ...command);
  const guard = guardOf(server);
  tmux("set-option", "-g", "status", "off");
  tmux("set-option", "-s", "escape-time", "0");

  const screen: Terminal["screen"] = ({ colours = false } = {}) =>
    tmux("capture-pane", "-p", "-t", "t", ...(colours ? ["-e"] : []))
      .split("\n")
      .map((line) => line.trimEnd())
      .join("\n");

  return {
    type: (text) => void tmux("send-keys", "-t", "t", "-l", text),
    press: (...keys) => void tmux("send-keys", "-t", "t", ...keys),
    screen,
    async shows(what, isSo, withinMs = PATIENCE_MS) {
      const deadline = performance.now() + withinMs;
      for (;;) {
        const shown = screen();
        if (isSo(shown)) return shown;
        if (performance.now() > deadline) throw new Error(`the terminal never showed ${what}, but:\n${shown}`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    },
    state() {
      const [alternate, cursor] = tmux("display-message", "-p", "-t", "t", "#{alternate_on} #{cursor_flag}")
        .trim()
        .split(" ");
      return { alternate: alternate === "1", cursor: cursor === "1" };
    },
    resize: (x, y) => void tmux("resize-window", "-t", "t", "-x", String(x), "-y", String(y)),
    pid: () => Number(tmux("display-message", "-p", "-t", "t", "#{pane_pid}").trim()),
    [Symbol.dispose]() {
      spawnSync("tmux", ["-L", server, "kill-server"]);
      guard.end();
    },
  };
}

/** Ends the server when this process is gone, also by kill -9: then nobody holds the other end of the guard's pipe any more. */
function guardOf(server: string): { end(): void } {
  const waiting = ["-c", 'read -r _; exec tmux -L "$0" kill-server', server];
  const guard = spawn("sh", waiting, { stdio: ["pipe", "ignore", "ignore"], detached: true });
  guard.unref();
  return { end: () => guard.stdin.end() };
}
