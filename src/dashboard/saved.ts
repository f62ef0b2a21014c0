// A saved run as a source of events: its history is played, its logs are read from its directory.
import { constants, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { readHistory } from "../archive.ts";
import { LINKS } from "../model/cluster.ts";
import { type Event, runOf } from "../model/event.ts";
import { UsageError } from "../model/problem.ts";
import type { Clock } from "../model/time.ts";
import { printable } from "./clean.ts";
import type { Player, Source } from "./hands.ts";
import { createPlayer } from "./player.ts";
import { standing } from "./standing.ts";
import { EMPTY, foldAll } from "./state.ts";
import { idleClock } from "./store.ts";

const MOST_LOG_BYTES = 64 * 1024;
const MOST_CHARACTERS = 2_000;

/** Throws UsageError for what is not a run. It plays from the start on; to begin elsewhere, seek before `start`. */
export function savedRun(
  directory: string,
  { clock = idleClock }: { clock?: Clock } = {},
): Source & { player: Player } {
  refuseFile(directory);
  const history = readHistory(directory);
  const nodes = shownNodes(history, directory);
  const player = createPlayer(history, clock);
  let redraw = () => {};
  const expectations = standing(player.delivered, { judged: () => redraw(), clock });
  player.onLeap(expectations.leapt);
  return {
    mode: "saved",
    player,
    async start(deliver) {
      redraw = () => deliver([]);
      player.start(deliver);
    },
    log: async (node, lines) => (nodes.has(node) ? lastLines(path.join(directory, "logs", `${node}.log`), lines) : []),
    verdicts: expectations.verdicts,
    async [Symbol.asyncDispose]() {
      player.close();
      expectations.close();
    },
  };
}

/** A history on its own has neither a run nor a topology, so there is nothing to show it on. */
function refuseFile(directory: string): void {
  if (!statSync(directory, { throwIfNoEntry: false })?.isFile()) return;
  throw new UsageError(
    `${directory} is a file: what can be played is a run directory, as "regionctl scenario run" writes it below ./runs.\nA history alone is judged: regionctl check ${directory}`,
  );
}

/** Files come from anywhere: one that cannot be shown is said to be so before anything is drawn. */
function shownNodes(history: readonly Event[], directory: string): ReadonlySet<string> {
  try {
    foldAll(EMPTY, history);
    const names = [...runOf(history).topology.nodes.map(({ name }) => name), LINKS];
    return new Set(names.filter((name) => /^[\w.-]+$/.test(name))); // no name leads out of the directory
  } catch (error) {
    throw new UsageError(
      `${directory} cannot be shown: ${(error as Error).message}\nIs its events.ndjson damaged, or of another version? "regionctl check ${directory}" judges it.`,
    );
  }
}

/** The end of a file that may be large; empty where there is none. Only of a plain file: no link, and nothing that never ends. */
async function lastLines(file: string, lines: number): Promise<readonly string[]> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (!stat.isFile()) return [];
    const from = Math.max(0, stat.size - MOST_LOG_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MOST_LOG_BYTES), 0, MOST_LOG_BYTES, from);
    const all = buffer.toString("utf8", 0, bytesRead).split("\n");
    // What the cut has torn is no line.
    const whole = all.slice(from > 0 ? 1 : 0, all.at(-1) === "" ? -1 : undefined);
    return whole.slice(-Math.max(1, lines)).map((line) => printable(line, MOST_CHARACTERS));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ELOOP" || code === "ENOTDIR") return [];
    return [`this log cannot be read: ${(error as Error).message}`];
  } finally {
    await handle?.close();
  }
}
