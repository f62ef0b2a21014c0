// regionctl watch: the dashboard of a stack that is up, or of a saved run; and the same facts without a terminal.
import { Command, Option } from "commander";
import { watchStack } from "../dashboard/live.ts";
import { savedRun } from "../dashboard/saved.ts";
import { UsageError } from "../model/problem.ts";
import { formatDuration, parseDuration } from "../model/units.ts";
import { look } from "../stack.ts";
import { interruptSignal } from "./interrupt.ts";
import { optionalStack, surroundings } from "./surroundings.ts";
import { accessLogOf } from "./watch/access-log.ts";
import { handsOn } from "./watch/hands.ts";
import { refuseNoTerminal } from "./watch/screen.ts";
import { show, type Shown } from "./watch/show.ts";

interface WatchOptions extends Omit<Shown, "ended"> {
  stack?: string;
  at?: number;
}

const LEAST_EVERY_MS = 250;
const MOST_EVERY_MS = 60_000;
const DEFAULT_STACK = "default";

export function watch(): Command {
  return new Command("watch")
    .description("Watch a stack that is up, and break it by key; or play a saved run.")
    .argument("[run]", "a run directory, to be played (otherwise a stack that is up)")
    .addOption(optionalStack(`"${DEFAULT_STACK}"`))
    .option("--json", "print one JSON object per tick instead of drawing")
    .option("--once", "print one picture as text, and end")
    .addOption(everyOption())
    .addOption(durationOption("--at <duration>", "of a saved run: so long after its begin"))
    .addOption(sizeOption("--columns <count>", "how wide the picture of --once is", [20, 500]))
    .addOption(sizeOption("--rows <count>", "how many lines it has at most", [5, 200]))
    .addHelpText(
      "after",
      `
Examples:
  regionctl watch                                     the dashboard; ? shows its keys, q leaves it
  regionctl watch --once                              one picture, for scripts
  regionctl watch --json | jq -c '.regions[]'         the same facts, four times a second
  regionctl watch runs/failover-20260101-120000-a1b2  play a saved run: space, < and >, - and +
  regionctl watch runs/failover-20260101-120000-a1b2 --once --at 5s`,
    )
    .action(async (run: string | undefined, options: WatchOptions) => {
      refuseTogether(run, options);
      if (!options.json && !options.once) refuseNoTerminal("regionctl watch");
      const signal = interruptSignal();
      await (run === undefined ? watchLive(options, signal) : watchSaved(run, options, signal));
    });
}

async function watchLive(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const stack = await look(surroundings(), options.stack ?? DEFAULT_STACK, signal);
  try {
    const isDrawn = !options.json && !options.once;
    await using hands = isDrawn ? handsOn(stack, signal, process.cwd()) : undefined;
    await using source = watchStack({ stack, accessLog: accessLogOf(stack), hands, everyMs: options.every });
    await show(source, { ...options, ended: source.ended }, signal);
  } finally {
    stack.leave();
  }
}

async function watchSaved(run: string, options: WatchOptions, signal: AbortSignal): Promise<void> {
  await using source = savedRun(run);
  const { player } = source;
  const at = options.at ?? (options.once ? player.lengthMs : 0);
  if (at > player.lengthMs) {
    throw new UsageError(
      `--at ${formatDuration(at)} is after its end: the run took ${formatDuration(player.lengthMs)}.`,
    );
  }
  if (options.once) player.pause();
  player.seek(at);
  await show(source, options, signal);
}

function refuseTogether(run: string | undefined, { json, once, stack, at, columns, rows }: WatchOptions): void {
  if (json && once) throw new UsageError("--json goes on and --once does not: choose one of them.");
  if (run !== undefined && stack !== undefined)
    throw new UsageError("a saved run is no stack: give the run's directory, or --stack NAME.");
  if (at !== undefined && run === undefined)
    throw new UsageError("--at is a time in a saved run: regionctl watch RUN --at 5s.");
  if (!once && (columns !== undefined || rows !== undefined))
    throw new UsageError("--columns and --rows are for --once: a terminal has a size of its own.");
}

const everyOption = () =>
  new Option("--every <duration>", "how often it is drawn, or printed (250ms or more)")
    .argParser((text: string): number => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= LEAST_EVERY_MS && ms <= MOST_EVERY_MS) return ms;
      throw new UsageError(`--every takes a duration from 250ms to 60s, not "${text}".`);
    })
    .default(LEAST_EVERY_MS, "250ms");

const durationOption = (flags: string, meaning: string) =>
  new Option(flags, meaning).argParser((text: string): number => {
    const ms = parseDuration(text);
    if (ms !== undefined) return ms;
    throw new UsageError(`${flags.split(" ")[0]} takes a duration with its unit (5s, 1m30s), not "${text}".`);
  });

const sizeOption = (flags: string, meaning: string, [least, most]: readonly [number, number]) =>
  new Option(flags, meaning).argParser((text: string): number => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= least && count <= most) return count;
    throw new UsageError(`${flags.split(" ")[0]} takes a number from ${least} to ${most}, not "${text}".`);
  });
