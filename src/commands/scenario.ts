// regionctl scenario run | check | list; explain and new are beside it.
import path from "node:path";
import { Command } from "commander";
import type { Event } from "../model/event.ts";
import { StackError, UsageError } from "../model/problem.ts";
import type { Run } from "../model/run.ts";
import { EXIT, type RunVerdict, worst } from "../model/verdict.ts";
import { paintFor } from "../reporters/paint.ts";
import { progressLine, statusLine } from "../reporters/terminal.ts";
import { run as runScenario } from "../run.ts";
import { listScenarios } from "../scenario/find.ts";
import { connect, type Stack, stackFlag, up as startStack } from "../stack.ts";
import { explain } from "./explain.ts";
import {
  drawProblems,
  type LoadedScenario,
  readScenario,
  regionsOption,
  type ScenarioFile,
  wanOption,
  type WithRegions,
} from "./files.ts";
import { interruptSignal } from "./interrupt.ts";
import { newScenario } from "./new.ts";
import { print, table } from "./print.ts";
import { openReports, reporterOption, type ReportOptions, type Reports } from "./reports.ts";
import { refuseAnother } from "./same.ts";
import { scenarioFiles, seedOption, type Selection, selectScenarios, tagOption, timeoutOption } from "./select.ts";
import { chooseRuntime, imageOption, optionalStack, runtimeOption, surroundings } from "./surroundings.ts";
import { explainError, Interrupted } from "./trouble.ts";
import { versions } from "./version.ts";

export function scenario(): Command {
  return new Command("scenario")
    .description("Play, check, explain, list and begin scenario files.")
    .addHelpText(
      "after",
      "\nExamples:\n  regionctl scenario list\n  regionctl scenario run failover\n  regionctl scenario check my.yaml",
    )
    .addCommand(run())
    .addCommand(check())
    .addCommand(explain())
    .addCommand(listCommand())
    .addCommand(newScenario());
}

interface RunOptions extends Selection, ReportOptions {
  image?: readonly string[];
  stack?: string;
  runtime?: string;
  keep?: boolean;
  out: string;
}

function run(): Command {
  return new Command("run")
    .description("Play scenarios, each on a stack of its own, and judge them.")
    .argument("[scenario...]", "files, folders, or names of scenarios; all there are when --tag chooses")
    .addOption(tagOption())
    .addOption(runtimeOption())
    .addOption(optionalStack("a new one, on free ports"))
    .option("--keep", "leave the stack up afterwards")
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
      "\nExamples:\n  regionctl scenario run failover\n  regionctl scenario run scenarios/*.yaml --json\n  regionctl scenario run failover --keep && regionctl status\n  regionctl scenario run failover --wan us-east-1,ap-southeast-2\n  regionctl scenario run scenarios --tag ci --reporter junit=out/junit.xml",
    )
    .action(async (names: string[], given: RunOptions) => {
      const signal = interruptSignal();
      const loaded = selectScenarios(names, given); // all of them, before anything starts
      const reports = openReports(given);
      const options = { ...given, json: reports.json };
      const verdicts: RunVerdict[] = [];
      for (const [i, one] of loaded.entries()) {
        try {
          const { verdict, interrupted } = await playOne(one, options, reports, signal);
          if (interrupted || signal.aborted) throw new Interrupted(leftBehind(options));
          verdicts.push(verdict);
        } catch (error) {
          if (!signal.aborted && !(error instanceof UsageError)) reports.addUnplayed(one, error);
          if (signal.aborted || i === loaded.length - 1 || error instanceof UsageError) throw error;
          explainError(error, options.json === true); // the others can still be played
          verdicts.push("errored");
        }
      }
      process.exitCode = EXIT[worst(verdicts)];
    });
}

/** What an interrupted run says of its stack. */
const leftBehind = ({ stack }: RunOptions) =>
  stack === undefined ? undefined : `interrupted; stack "${stack}" stays up, its faults are ended`;

async function playOne(
  { scenario, topology, warnings }: LoadedScenario,
  options: RunOptions,
  reports: Reports,
  signal: AbortSignal,
): Promise<Run> {
  const around = surroundings(options.image);
  const runtime = await chooseRuntime(around, topology, options);
  const screen = progressScreen(options.json);
  for (const warning of warnings) screen.line(warning);
  screen.line(`${scenario.name}: ${scenario.about ?? "no description"}`);
  if (options.stack === undefined) screen.line(runtime.why);
  let stands: Stack | undefined;
  const began = performance.now();
  const result = await runScenario({
    scenario,
    topology,
    afterwards: options.stack !== undefined ? "leave" : options.keep ? "keep" : "down",
    out: options.out,
    versions: versions(),
    interrupt: signal,
    onEvent: screen.event,
    async stand(signal, onEvent) {
      if (options.stack !== undefined) {
        const stack = await connect(around, options.stack, signal);
        refuseAnother(topology, stack.record, `in scenario "${scenario.name}"`);
        await refuseBroken(stack);
        screen.line(`on stack "${options.stack}", gateway ${stack.record.gateway}`);
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
        owned: true,
        onEvent,
      });
      stands = stack;
      screen.line(
        `up in ${((performance.now() - began) / 1000).toFixed(1)} s: stack "${name}", gateway ${stack.record.gateway}`,
      );
      return stack;
    },
  }).finally(screen.end);
  if (result.interrupted) return result;
  reports.add(result);
  if (options.keep && stands !== undefined) screen.line(keptLine(stands));
  return result;
}

/** Before anything is broken everything must be whole, or nothing that follows means anything. */
async function refuseBroken(stack: Stack): Promise<void> {
  const broken = await stack.faults.leftovers();
  if (broken.length === 0) return;
  const { name } = stack.record;
  throw new StackError(
    `stack "${name}" is not whole: ${broken.join(", ")}`,
    `Mend it first: regionctl heal${stackFlag(name)}`,
  );
}

const keptLine = ({ record: { name, gateway } }: Stack) =>
  `stack "${name}" is kept up at ${gateway}; next: regionctl status --stack ${name}   regionctl down --stack ${name}`;

/** Progress goes to stderr: lines as things happen and, on a terminal, one line of numbers that is drawn anew. */
function progressScreen(json: boolean | undefined) {
  const paint = paintFor("stderr");
  const live = !json && process.stderr.isTTY === true;
  const width = () => Math.max(20, (process.stderr.columns ?? 80) - 1);
  const clear = live ? "\r\u001b[2K" : "";
  let status = "";
  let began = 0; // a stack may have been up for long
  const line = (text: string) => {
    if (!json) process.stderr.write(`${clear}${text}\n${status}`);
  };
  return {
    line,
    event(happened: Event) {
      if (happened.type === "run") began = happened.at;
      const event = { ...happened, at: happened.at - began };
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

function check(): Command {
  return new Command("check")
    .description("Say all that is wrong with scenario files, without starting anything.")
    .argument("<scenario...>", "files, folders, or names of scenarios")
    .addOption(regionsOption())
    .addOption(wanOption())
    .option("--json", "print the problems as JSON")
    .addHelpText("after", "\nExamples:\n  regionctl scenario check scenarios/*.yaml")
    .action((names: string[], options: WithRegions & { json?: boolean }) => {
      const files = scenarioFiles(names).map((name) => readScenario(name, options));
      const problems = files.flatMap((file) => file.problems);
      const wrong = problems.some((problem) => problem.severity === "error");
      print(options.json, problems, () => [
        ...files.flatMap((file) => drawProblems(file.problems, paintFor("stdout")).flatMap((drawn) => [drawn, ""])),
        ...files.map(summary),
      ]);
      process.exitCode = wrong ? EXIT.usage : EXIT.passed;
    });
}

/** "failover.yaml: 10 steps, 6 expectations, nothing wrong". */
function summary({ shown, scenario, problems }: ScenarioFile): string {
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const warnings = problems.length - errors;
  const found = [count(errors, "problem"), count(warnings, "warning")].filter((text) => !text.startsWith("0"));
  const size = scenario && `${count(scenario.steps.length, "step")}, ${count(scenario.expect.length, "expectation")}, `;
  return `${shown}: ${size ?? ""}${found.join(", ") || "nothing wrong"}`;
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;

function listCommand(): Command {
  return new Command("list")
    .description("List the scenarios there are.")
    .option("--json", "print them as JSON")
    .addHelpText("after", "\nExamples:\n  regionctl scenario list")
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
