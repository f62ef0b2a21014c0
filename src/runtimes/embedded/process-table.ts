// What the operating system says of its processes. Linux tells in /proc; macOS through `ps`, asked with fixed arguments.
import fs from "node:fs";
import { execaSync } from "execa";

/** A pid alone is no identity: pids are reused. Together with the moment it started it is. */
export interface Identity {
  pid: number;
  /** Text that equals only itself: never compared in any other way, never shown. */
  started: string;
}

export interface ProcessRow extends Identity {
  parent: number;
  state: "running" | "stopped" | "zombie";
}

interface System {
  /** undefined: there is no such process. */
  row(pid: number): ProcessRow | undefined;
  rows(): readonly ProcessRow[];
  /** The arguments of every process that this user may look at. */
  commandLines(): readonly { pid: number; argv: readonly string[] }[];
}

const linux: System = {
  row(pid) {
    const text = readProc(`/proc/${pid}/stat`);
    if (text === undefined) return undefined;
    // "pid (name) state ppid ... starttime": the name may hold spaces and parentheses, so count from its last one.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const state = stateOf(fields[0]!);
    // The first thread of a killed process is a zombie while the others still hold its files and its ports.
    const isEnding = state === "zombie" && Number(fields[17]) > 1;
    return {
      pid,
      parent: Number(fields[1]),
      state: isEnding ? "running" : state,
      // Ticks since boot repeat after a reboot; the boot's own id does not.
      started: `${bootId()}:${fields[19]}`,
    };
  },
  rows: () => pidsOfProc().flatMap((pid) => linux.row(pid) ?? []),
  commandLines: () =>
    pidsOfProc().flatMap((pid) => {
      const argv = readProc(`/proc/${pid}/cmdline`)?.split("\0");
      return argv === undefined ? [] : [{ pid, argv }];
    }),
};

/** `ps` separates arguments by blanks; what is looked for holds none. */
const darwin: System = {
  row: (pid) => psRows(["-p", String(pid)])[0],
  rows: () => psRows(["-ax"]),
  commandLines: () =>
    ps(["-axww", "-o", "pid=,args="]).map((line) => {
      const [, pid, args] = /^\s*(\d+)\s+(.*)$/.exec(line)!;
      // The whole line stands first, so that titles with blanks are found by their beginning.
      return { pid: Number(pid), argv: [args!, ...args!.split(/\s+/)] };
    }),
};

export const system: System = process.platform === "darwin" ? darwin : linux;

function stateOf(letter: string): ProcessRow["state"] {
  if (letter === "Z" || letter === "X" || letter === "x") return "zombie";
  return letter === "T" || letter === "t" ? "stopped" : "running";
}

function readProc(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "latin1");
  } catch {
    // It ended between the listing and the look, or belongs to somebody who hides it: not ours in both cases.
    return undefined;
  }
}

function pidsOfProc(): readonly number[] {
  return fs
    .readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid));
}

let boot: string | undefined;
function bootId(): string {
  boot ??= fs.readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  return boot;
}

function psRows(which: readonly string[]): readonly ProcessRow[] {
  return ps([...which, "-o", "pid=,ppid=,stat=,lstart="]).map((line) => {
    const [pid, parent, state, ...started] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), state: stateOf(state![0]!), started: started.join(" ") };
  });
}

function ps(args: readonly string[]): readonly string[] {
  // It answers 1 when no process matches: an empty list, not an error.
  const { stdout } = execaSync("/bin/ps", args, { reject: false, extendEnv: false, env: { LC_ALL: "C" } });
  return stdout.split("\n").filter((line) => line.trim() !== "");
}
