// regionctl compare RUN RUN: what got slower and what broke, from one run to the next.
import { Command } from "commander";
import { loadRun } from "../archive.ts";
import { EXIT } from "../model/verdict.ts";
import { compare as compareRuns } from "../reporters/compare/compare.ts";
import { sayComparison } from "../reporters/compare/say.ts";
import { columnsOfStdout, paintFor } from "../reporters/paint.ts";

export function compare(): Command {
  return new Command("compare")
    .description("Say what broke and what got slower from one run to another.")
    .argument("<run>", "the run directory of before")
    .argument("<other>", "the run directory of after")
    .option("--fail-on-regression", "exit with 1 when something broke or got slower")
    .option("--json", "print everything that was compared as JSON")
    .addHelpText(
      "after",
      `
Examples:
  regionctl compare runs/failover-20260101-120000-a1b2 runs/failover-20260102-120000-c3d4
  regionctl compare main-run this-run --fail-on-regression`,
    )
    .action((before: string, after: string, options: { json?: boolean; failOnRegression?: boolean }) => {
      const found = compareRuns(loadRun(before), loadRun(after));
      process.stdout.write(
        options.json ? `${JSON.stringify(found)}\n` : sayComparison(found, paintFor("stdout"), columnsOfStdout()),
      );
      process.exitCode = options.failOnRegression && found.regressed ? EXIT.failed : EXIT.passed;
    });
}
