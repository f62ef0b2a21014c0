// regionctl scenario check | list; run, explain and new are beside it.
import path from "node:path";
import { Command } from "commander";
import { EXIT } from "../model/verdict.ts";
import { paintFor } from "../reporters/paint.ts";
import { listScenarios } from "../scenario/find.ts";
import { explain } from "./explain.ts";
import { drawProblems, readScenario, regionsOption, type ScenarioFile, wanOption, type WithRegions } from "./files.ts";
import { newScenario } from "./new.ts";
import { print, table } from "./print.ts";
import { run } from "./scenario/run.ts";
import { scenarioFiles } from "./select.ts";

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

function check(): Command {
  return new Command("check")
    .description("Say all that is wrong with scenario files, without starting anything.")
    .argument("<scenario...>", "files, folders, patterns or names of scenarios")
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
