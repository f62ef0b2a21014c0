// regionctl scenario run: plays scenarios one after the other or several at a time, and tells what they came to.
import path from "node:path";
import { Command } from "commander";
import { judged } from "../../archive.ts";
import { UsageError } from "../../model/problem.ts";
import type { Run } from "../../model/run.ts";
import { EXIT, worst } from "../../model/verdict.ts";
import { paintFor } from "../../reporters/paint.ts";
import { NotPlayed, unplayed } from "../../run/unplayed.ts";
import { type LoadedScenario, regionsOption, wanOption } from "../files.ts";
import { interruptSignal } from "../interrupt.ts";
import { openReports, reporterOption, type ReportOptions, type Reports } from "../reports.ts";
import { seedOption, type Selection, selectScenarios, tagOption, timeoutOption } from "../select.ts";
import { imageOption, optionalStack, runtimeOption } from "../surroundings.ts";
import { explainError, Interrupted } from "../trouble.ts";
import { versions } from "../version.ts";
import { inJobs, jobsOption } from "./jobs.ts";
import { playOne, type PlayOptions } from "./play.ts";
import { playing, refuseWatch } from "../watch/playing.ts";
import { openScreens } from "./screen.ts";
import { partOf, type Shard, shardOption } from "./shard.ts";
import { type Ended, tally } from "./tally.ts";

interface RunOptions extends Selection, ReportOptions, PlayOptions {
  jobs: number;
  shard?: Shard;
  watch?: boolean;
}

export function run(): Command {
  return new Command("run")
    .description("Play scenarios, each on a stack of its own, and judge them.")
    .argument("[scenario...]", "files, folders, patterns or names of scenarios; all there are when --tag chooses")
    .addOption(tagOption())
    .addOption(jobsOption())
    .addOption(shardOption())
    .addOption(runtimeOption())
    .addOption(optionalStack("a new one, on free ports"))
    .option("--keep", "leave the stack up afterwards")
    .option("--watch", "show the dashboard while it plays")
    .addOption(regionsOption())
    .addOption(wanOption())
    .addOption(imageOption())
    .addOption(seedOption())
    .addOption(timeoutOption())
    .option("--out <dir>", "where run directories go", "runs")
    .addOption(reporterOption())
    .option("--json", "one JSON object per run, as --reporter json")
    .addHelpText(
      "after",
      `
Examples:
  regionctl scenario run failover
  regionctl scenario run scenarios/*.yaml --json
  regionctl scenario run failover --keep && regionctl status
  regionctl scenario run failover --wan us-east-1,ap-southeast-2
  regionctl scenario run scenarios --tag ci --reporter junit=out/junit.xml
  regionctl scenario run 'scenarios/**/*.yaml' --jobs 2 --shard 1/4`,
    )
    .action(async (names: string[], given: RunOptions) => {
      const signal = interruptSignal();
      refuseTogether(given);
      const all = selectScenarios(names, given); // all of them, before anything starts
      const { shard } = given;
      const loaded = shard === undefined ? all : partOf(all, ({ scenario }) => scenario.file, shard);
      const reports = openReports(given, { runs: loaded.length, played: true });
      if (given.watch) refuseWatch({ json: reports.json, jobs: given.jobs });
      if (shard !== undefined && !reports.json) process.stderr.write(`${sayShard(shard, loaded, all)}\n`);
      if (loaded.length === 0) reports.end();
      else await playAll(loaded, given, reports, signal);
    });
}

function refuseTogether({ jobs, stack }: RunOptions): void {
  if (jobs > 1 && stack !== undefined)
    throw new UsageError(
      `--jobs ${jobs} plays each scenario on a stack of its own, and --stack ${stack} is one. Leave out one of the two.`,
    );
}

function sayShard({ index, of }: Shard, loaded: readonly LoadedScenario[], all: readonly LoadedScenario[]): string {
  const scenarios = `${all.length} scenario${all.length === 1 ? "" : "s"}`;
  if (loaded.length === 0) return `shard ${index}/${of} of ${scenarios} is empty: there is nothing to play`;
  return `shard ${index}/${of}: ${loaded.length} of ${scenarios}`;
}

async function playAll(
  loaded: readonly LoadedScenario[],
  given: RunOptions,
  reports: Reports,
  signal: AbortSignal,
): Promise<void> {
  const { json } = reports;
  const jobs = Math.min(given.jobs, loaded.length);
  const screens = openScreens({ json, several: jobs > 1 });
  const ended: Ended[] = [];
  const play = async (one: LoadedScenario, index: number): Promise<void> => {
    const { name } = one.scenario;
    const plain = screens.open(shownAs(loaded, index));
    const screen = given.watch ? playing(plain, signal) : plain;
    if (loaded.length > 1)
      screen.line(`[${index + 1}/${loaded.length}] ${path.relative(process.cwd(), one.scenario.file)}`);
    let result: Run;
    try {
      result = await playOne(one, given, screen, signal).finally(() => screen.end());
    } catch (error) {
      if (error instanceof UsageError) throw error;
      if (signal.aborted) {
        reports.addUnplayed(neverBegun(one));
        throw error;
      }
      const { run, cause } = error instanceof NotPlayed ? error : { run: neverBegun(one, error), cause: error };
      if (jobs > 1) plain.line("could not be played:");
      screens.apart(() => explainError(cause, json)); // the others can still be played
      reports.addUnplayed(run);
      if (run.directory !== "") plain.line(`what there is of it: ${path.relative(process.cwd(), run.directory)}`);
      ended.push({ name, verdict: "errored" });
      return;
    }
    if (result.interrupted) reports.addInterrupted(result);
    else {
      // Also when it is the last one that is told of: it went to its end before it was interrupted.
      screens.apart(() => reports.add(result));
      ended.push({ name, verdict: result.verdict });
    }
    if (signal.aborted) throw new Interrupted(leftBehind(given));
  };
  const errors = await inJobs(loaded, jobs, play);
  reports.end();
  // That something could not be given back is worth more than that it was interrupted.
  if (errors.length > 0) throw errors.find((error) => !(error instanceof Interrupted)) ?? errors[0];
  if (loaded.length > 1 && reports.forPeople) process.stdout.write(`\n${tally(ended, paintFor("stdout"))}\n`);
  process.exitCode = EXIT[worst(ended.map(({ verdict }) => verdict))];
}

/** Without an error: it was interrupted before it began. */
const neverBegun = ({ scenario, topology }: LoadedScenario, error?: unknown): Run =>
  judged("", unplayed({ id: `${scenario.name}-unplayed`, scenario, topology, versions: versions() }, error));

/** What an interrupted run says of its stack. */
const leftBehind = ({ stack }: RunOptions) =>
  stack === undefined ? undefined : `interrupted; stack "${stack}" stays up, its faults are ended`;

/** Its name, and a number where several are called so. */
function shownAs(loaded: readonly LoadedScenario[], index: number): string {
  const { name } = loaded[index]!.scenario;
  const before = loaded.slice(0, index).filter(({ scenario }) => scenario.name === name).length;
  return before === 0 ? name : `${name} (${before + 1})`;
}
