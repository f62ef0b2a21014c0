// A run directory: scenario.yaml, topology.yaml, events.ndjson, verdicts.json, logs/. Save and load.
import fs from "node:fs";
import path from "node:path";
import { judge, verdictOf } from "./checkers/index.ts";
import type { Cluster } from "./model/cluster.ts";
import { type Event, runOf } from "./model/event.ts";
import { StackError, UsageError } from "./model/problem.ts";
import type { Run } from "./model/run.ts";
import { fullDisk } from "./stack/files.ts";

const MAX_HISTORY_BYTES = 512 * 1024 * 1024;

/** Where a run is written while it goes on: every event at once, so that a crash leaves what was seen. */
export interface RunWriter {
  directory: string;
  /** Throws StackError when the disk is full. */
  write(event: Event): void;
  close(): void;
  /** Nothing was run: nothing stays behind. */
  discard(): void;
}

/** Makes `<out>/<id>`. Throws before anything starts when it cannot be written. */
export function createRun(out: string, id: string, files: { scenario: string; topology: string }): RunWriter {
  const directory = path.resolve(out, id);
  try {
    fs.mkdirSync(path.dirname(directory), { recursive: true });
    fs.mkdirSync(directory); // its own: of two runs that play at the same time neither writes into the other's
    fs.mkdirSync(path.join(directory, "logs"));
    fs.copyFileSync(files.scenario, path.join(directory, "scenario.yaml"));
    fs.copyFileSync(files.topology, path.join(directory, "topology.yaml"));
  } catch (error) {
    throw new StackError(
      `cannot write the run directory ${directory}: ${(error as Error).message}`,
      "Choose another place with --out DIR.",
      { cause: error },
    );
  }
  const file = path.join(directory, "events.ndjson");
  const fd = fs.openSync(file, "w", 0o644);
  return {
    directory,
    write(event) {
      try {
        const line = Buffer.from(`${JSON.stringify(event)}\n`);
        for (let written = 0; written < line.length;) written += fs.writeSync(fd, line, written);
      } catch (error) {
        throw fullDisk(error, file);
      }
    },
    close: () => fs.closeSync(fd),
    discard() {
      fs.closeSync(fd);
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** More than any node writes in a run, and bounded. */
const MOST_LOG_LINES = 1_000_000;

/** Keeps the nodes' logs: after `down` they are gone. They lie in the stack's directory, or the cluster has them. */
export async function keepLogs(directory: string, stack: { directory: string; cluster: Cluster }): Promise<void> {
  copyLogs(stack.directory, directory);
  for (const { spec, logTail } of stack.cluster.nodes) {
    const file = path.join(directory, "logs", `${spec.name}.log`);
    if (fs.existsSync(file)) continue;
    // That one cannot be had is no reason to lose the others; whoever looks for it finds why.
    const lines = await logTail(MOST_LOG_LINES).catch((error: Error) => [`this log is lost: ${error.message}`]);
    fs.writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
  }
}

/** Those that lie in a stack's directory. */
export function copyLogs(stackDirectory: string, directory: string): void {
  const [from, to] = [path.join(stackDirectory, "logs"), path.join(directory, "logs")];
  if (fs.existsSync(from)) fs.cpSync(from, to, { recursive: true });
}

export function saveVerdicts(run: Run): void {
  const { id, verdict, interrupted, verdicts } = run;
  fs.writeFileSync(
    path.join(run.directory, "verdicts.json"),
    `${JSON.stringify({ id, verdict, interrupted, verdicts }, null, 2)}\n`,
  );
}

/** Reads a run directory and judges its history again. Throws UsageError for what is not a run. */
export function loadRun(directory: string): Run {
  return judged(path.resolve(directory), readHistory(directory));
}

/** What happened in a run, judged by nobody. It begins with a run. Throws UsageError for what is not one. */
export function readHistory(directory: string): readonly Event[] {
  const file = path.join(directory, "events.ndjson");
  const isFolder = fs.statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
  const stat = isFolder ? fs.statSync(file, { throwIfNoEntry: false }) : undefined;
  if (!stat?.isFile()) {
    throw new UsageError(
      `${directory} is not a run: it has no events.ndjson.\nRuns are written by "regionctl scenario run", by default below ./runs.`,
    );
  }
  if (stat.size > MAX_HISTORY_BYTES) throw new UsageError(`${file} is larger than ${MAX_HISTORY_BYTES / 2 ** 20} MiB.`);
  const text = fs.readFileSync(file, "utf8");
  // A line without its end was torn by a full disk or a kill -9: what stands before it was seen all the same.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const history = whole
    .split("\n")
    .filter((line) => line !== "")
    .map((line, i) => parseEvent(line, file, i + 1));
  if (history[0]?.type !== "run")
    throw new UsageError(`${file} does not begin with a run: it is not a history of regionctl.`);
  return history;
}

/** A run from its history alone. */
export function judged(directory: string, history: readonly Event[]): Run {
  const last = history.at(-1);
  const interrupted = last?.type === "end" && last.reason === "interrupted";
  const verdicts = interrupted ? [] : judge(history).filter(({ name }) => name === "ended" || wasPlayed(history));
  return { id: runOf(history).id, directory, history, verdicts, verdict: verdictOf(verdicts), interrupted };
}

/** Of what was never played can only be said that it was not. */
const wasPlayed = (history: readonly Event[]) =>
  history.some(({ type }) => type !== "run" && type !== "log" && type !== "end");

function parseEvent(line: string, file: string, number: number): Event {
  try {
    const event = JSON.parse(line) as Event;
    if (typeof event.type === "string" && typeof event.seq === "number" && typeof event.at === "number") return event;
  } catch {
    // said below
  }
  throw new UsageError(`${file}:${number} is not an event: the file is damaged.`);
}
