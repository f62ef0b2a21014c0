// The commander program; maps verdicts and errors to exit codes; nothing else.
import { Command, CommanderError } from "commander";
import { check } from "./commands/check.ts";
import { doctor } from "./commands/doctor.ts";
import { down } from "./commands/down.ts";
import { logs } from "./commands/logs.ts";
import { scenario } from "./commands/scenario.ts";
import { status } from "./commands/status.ts";
import { explainError } from "./commands/trouble.ts";
import { up } from "./commands/up.ts";
import { verbCommands } from "./commands/verb.ts";
import { VERSION } from "./commands/version.ts";
import { EXIT } from "./model/verdict.ts";

const program = new Command("regionctl")
  .description(
    "Stand a multi-region system up on this machine, break it on purpose, and let checkers judge what its clients saw.",
  )
  .version(VERSION)
  .showHelpAfterError("(regionctl --help shows what there is)")
  .exitOverride()
  .addHelpText(
    "after",
    `
Examples:
  regionctl scenario run scenarios/failover.yaml    play a scenario on a stack of its own, and judge it
  regionctl up                                      start the property system and leave it up
  regionctl kill backend-us --for 10s               break it by hand
  regionctl status                                  what is up, what is broken
  regionctl down                                    end it

Exit codes: 0 passed, 1 failed, 2 errored, 3 inconclusive, 64 wrong arguments or files, 130 interrupted.`,
  );

for (const command of [up(), down(), status(), logs(), scenario(), check(), doctor(), ...verbCommands()]) {
  program.addCommand(inherit(command));
}

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
  else process.exitCode = explainError(error, process.argv.includes("--json"));
}

/** Sub-commands throw like the program, instead of exiting by themselves. */
function inherit(command: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) inherit(child as Command);
  return command;
}
