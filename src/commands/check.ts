// regionctl check RUN: judges a saved run again, from its history alone.
import { Command } from "commander";
import { loadRun } from "../archive.ts";
import { EXIT } from "../model/verdict.ts";
import { json } from "../reporters/json.ts";
import { paintFor } from "../reporters/paint.ts";
import { terminal } from "../reporters/terminal.ts";

export function check(): Command {
  return new Command("check")
    .description("Judge a saved run again, from its history alone.")
    .argument("<run>", "a run directory")
    .option("--json", "print the verdicts as JSON")
    .addHelpText("after", "\nExamples:\n  regionctl check runs/failover-20260101-120000-a1b2")
    .action((directory: string, options: { json?: boolean }) => {
      const run = loadRun(directory);
      process.stdout.write(options.json ? `${json(run)}\n` : terminal(run, paintFor("stdout"), directory));
      process.exitCode = run.interrupted ? EXIT.interrupted : EXIT[run.verdict];
    });
}
