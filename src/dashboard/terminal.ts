// The terminal is lent: it is taken with all its settings, and given back with the same, also when this process is killed with
// -9. For that a shell waits beside it on a pipe whose other end dies with us.
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";

export interface Terminal {
  /** Twice is harmless. */
  giveBack(): Promise<void>;
}

const TAKE = "\u001b[?1049h\u001b[?25l\u001b[2J\u001b[H"; // the other screen, no cursor, empty
const GIVE = "\u001b[?25h\u001b[?1049l";

/**
 * $1: the settings before, $2: what brings the old screen back. Reads one word; its end without that word is our death. The
 * settings are put back only where they are still those of the dashboard: the user's own shell may have been faster.
 */
const GUARD = `
trap '' INT TERM HUP QUIT TSTP TTOU TTIN PIPE
ours=$(stty -g <&3)
read -r word
[ "$word" = done ] && exit 0
[ "$(stty -g <&3)" = "$ours" ] && [ -n "$1" ] && stty "$1" <&3
printf %s "$2" >&3
`;

const GUARD_WITHIN_MS = 500;

/** For the process's own stdin and stdout, which must be a terminal. */
export async function takeTerminal(): Promise<Terminal> {
  const before = settings();
  process.stdin.setRawMode(true);
  const guard = spawn("/bin/sh", ["-c", GUARD, "regionctl-terminal", before, GIVE], {
    stdio: ["pipe", "ignore", "ignore", process.stdout.fd],
  });
  const gone = new Promise<void>((resolve) => {
    guard.once("exit", () => resolve());
    guard.once("error", () => resolve()); // no shell: then only kill -9 leaves the terminal as it is
  });
  guard.stdin?.on("error", () => {});
  guard.unref();
  let isGiven = false;
  const give = () => {
    if (isGiven) return;
    isGiven = true;
    try {
      process.stdin.setRawMode(false);
      fs.writeSync(process.stdout.fd, GIVE);
    } catch {
      // The terminal was closed: there is nothing to give back.
    }
  };
  process.once("exit", give); // an end that nobody has foreseen
  process.stdout.write(TAKE);
  return {
    async giveBack() {
      process.off("exit", give);
      give();
      guard.stdin?.end("done\n");
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, GUARD_WITHIN_MS)));
      await Promise.race([gone, late]);
      clearTimeout(timer);
    },
  };
}

/** As stty writes them for itself; empty where there is no stty. */
function settings(): string {
  try {
    return execFileSync("stty", ["-g"], { stdio: ["inherit", "pipe", "ignore"], encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}
