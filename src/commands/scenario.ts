// regionctl scenario run | check | list.
import path from "node:path";
import { Command } from "commander";
import type { Event } from "../model/event.ts";
import { UsageError } from "../model/problem.ts";
import type { Run } from "../model/run.ts";
import { EXIT, worst } from "../model/verdict.ts";
import { json } from "../reporters/json.ts";
import { paintFor } from "../reporters/paint.ts";
import { progressLine, statusLine, terminal } from "../reporters/terminal.ts";
import { run as runScenario } from "../run.ts";
import { listScenarios } from "../scenario/find.ts";
import { connect, up as startStack } from "../stack.ts";
import { drawProblems, loadScenarioOrThrow, readScenario } from "./files.ts";
import { interruptSignal } from "./interrupt.ts";
import { print, table } from "./print.ts";
import { chooseRuntime, runtimeOption, stackOption, surroundings } from "./surroundings.ts";
import { Interrupted } from "./trouble.ts";
import { versions } from "./version.ts";

export function scenario(): Command {
  return new Command("scenario")
    .description("Play, check and list scenario files.")
    .addCommand(run())
    .addCommand(check())
    .addCommand(listCommand());
}

interface RunOptions {
  stack?: string;
  runtime?: string;
  keep?: boolean;
  out: string;
  seed?: string;
  json?: boolean;
}

function run(): Command {
  return new Command("run")
    .description("Play scenarios, each on a stack of its own, and judge them.")
    .argument("<scenario...>", "files, or names of scenarios")
    .addOption(runtimeOption())
    .addOption(stackOption().default(undefined, "a new one, on free ports"))
    .option("--keep", "leave the stack up afterwards")
    .option("--seed <number>", "draw other operations than the file's seed does")
    .option("--out <dir>", "where run directories go", "runs")
    .option("--json", "one JSON object per run")
    .addHelpText(
      "after",
      "\nExamples:\n  regionctl scenario run failover\n  regionctl scenario run scenarios/*.yaml --json\n  regionctl scenario run failover --keep && regionctl status",
    )
    .action(async (names: string[], options: RunOptions) => {
      const signal = interruptSignal();
      const loaded = names.map((name) => loadScenarioOrThrow(name, seedOf(options.seed))); // all of them, before anything starts
      const runs: Run[] = [];
      for (const { scenario, topology, warnings } of loaded) {
        runs.push(await playOne(scenario, topology, warnings, options, signal));
        if (signal.aborted) throw new Interrupted("interrupted");
      }
      process.exit(EXIT[worst(runs.map((one) => one.verdict))]);
    });
}

type Loaded = ReturnType<typeof loadScenarioOrThrow>;

async function playOne(
  scenario: Loaded["scenario"],
  topology: Loaded["topology"],
  warnings: readonly string[],
  options: RunOptions,
  signal: AbortSignal,
): Promise<Run> {
  const around = surroundings();
  const runtime = await chooseRuntime(around, topology, options);
  const screen = progressScreen(options.json);
  for (const warning of warnings) screen.line(warning);
  screen.line(`${scenario.name}: ${scenario.about ?? "no description"}`);
  screen.line(runtime.why);
  const began = performance.now();
  const result = await runScenario({
    scenario,
    topology,
    takeDown: options.stack === undefined && !options.keep,
    out: options.out,
    versions: versions(),
    interrupt: signal,
    onEvent: screen.event,
    async stand(signal, onEvent) {
      if (options.stack !== undefined) {
        const stack = await connect(around, options.stack, signal);
        stack.events.listen(onEvent);
        return stack;
      }
      screen.line(`starting ${topology.nodes.length} nodes ...`);
      const name = `${scenario.name.slice(0, 30).replace(/-$/, "")}-${process.pid}`;
      const stack = await startStack(around, {
        name,
        topology,
        runtime: runtime.name,
        signal,
        owned: !options.keep,
        onEvent,
      });
      screen.line(
        `up in ${((performance.now() - began) / 1000).toFixed(1)} s: stack "${name}", gateway ${stack.record.gateway}`,
      );
      return stack;
    },
  }).finally(screen.end);
  if (result.interrupted) return result;
  const shown = path.relative(process.cwd(), result.directory) || ".";
  process.stdout.write(
    options.json
      ? `${json(result)}\n`
      : `\n${terminal(result, paintFor("stdout"), shown.startsWith("..") ? result.directory : shown)}`,
  );
  return result;
}

/** Progress goes to stderr: lines as things happen and, on a terminal, one line of numbers that is drawn anew. */
function progressScreen(json: boolean | undefined) {
  const paint = paintFor("stderr");
  const live = !json && process.stderr.isTTY === true;
  const width = () => Math.max(20, (process.stderr.columns ?? 80) - 1);
  const clear = live ? "\r\u001b[2K" : "";
  let status = "";
  const line = (text: string) => {
    if (!json) process.stderr.write(`${clear}${text}\n${status}`);
  };
  return {
    line,
    event(event: Event) {
      const text = progressLine(event, paint);
      if (text !== undefined) line(text);
      const numbers = live ? statusLine(event) : undefined;
      if (numbers === undefined) return;
      status = numbers.slice(0, width());
      process.stderr.write(`${clear}${status}`);
    },
    end() {
      status = "";
      if (live) process.stderr.write(clear);
    },
  };
}

function seedOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seed = Number(text);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new UsageError(`--seed takes a whole number, not "${text}".`);
  return seed;
}

function check(): Command {
  return new Command("check")
    .description("Say all that is wrong with scenario files, without starting anything.")
    .argument("<scenario...>", "files, or names of scenarios")
    .option("--json", "print the problems as JSON")
    .addHelpText("after", "\nExamples:\n  regionctl scenario check scenarios/*.yaml")
    .action((names: string[], options: { json?: boolean }) => {
      const files = names.map((name) => readScenario(name));
      const problems = files.flatMap((file) => file.problems);
      const wrong = problems.some((problem) => problem.severity === "error");
      print(options.json, problems, () => [
        ...files.flatMap((file) => drawProblems(file.problems, paintFor("stdout"))),
        ...files
          .filter((file) => file.scenario)
          .map(
            (file) =>
              `${file.shown}: ${file.scenario!.steps.length} steps, ${file.scenario!.expect.length} expectations, nothing wrong`,
          ),
      ]);
      process.exit(wrong ? EXIT.usage : EXIT.passed);
    });
}

function listCommand(): Command {
  return new Command("list")
    .description("List the scenarios there are.")
    .option("--json", "print them as JSON")
    .action((options: { json?: boolean }) => {
      const rows = listScenarios().map((file) => {
        const { scenario, shown } = readScenario(file);
        return {
          name: scenario?.name ?? path.basename(file, ".yaml"),
          file: shown,
          about: scenario?.about ?? "(wrong: regionctl scenario check says why)",
          tags: scenario?.tags ?? [],
        };
      });
      print(options.json, rows, () =>
        rows.length === 0 ? ["there are no scenarios here"] : table(rows.map((row) => [row.name, row.about])),
      );
    });
}
