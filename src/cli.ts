// The commander program; maps verdicts and errors to exit codes; nothing else.
import { Command, CommanderError } from "commander";
import { check } from "./commands/check.ts";
import { compare } from "./commands/compare.ts";
import { complete, completion } from "./commands/completion.ts";
import { doctor } from "./commands/doctor.ts";
import { down } from "./commands/down.ts";
import { finish, guardOutput } from "./commands/finish.ts";
import { images } from "./commands/images.ts";
import { link } from "./commands/link.ts";
import { logs } from "./commands/logs.ts";
import { psql } from "./commands/psql.ts";
import { render } from "./commands/render.ts";
import { scenario } from "./commands/scenario.ts";
import { schema } from "./commands/schema.ts";
import { status } from "./commands/status.ts";
import { traffic } from "./commands/traffic.ts";
import { explainError } from "./commands/trouble.ts";
import { up } from "./commands/up.ts";
import { url } from "./commands/url.ts";
import { verbCommands } from "./commands/verb.ts";
import { VERSION } from "./commands/version.ts";
import { watch } from "./commands/watch.ts";
import { dashboard } from "./commands/watch/dashboard.ts";
import { UsageError } from "./model/problem.ts";
import { EXIT } from "./model/verdict.ts";

guardOutput();

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
  regionctl partition us eu --for 10s               cut the cable between two regions
  regionctl status                                  what is up, what is broken
  regionctl watch                                   the same live, broken and mended by key
  regionctl down                                    end it

Exit codes: 0 passed, 1 failed, 2 errored, 3 inconclusive, 64 wrong arguments or files, 130 interrupted.`,
  );

const looking = [status(), watch(), logs(), url(), psql(), traffic()];
const judging = [scenario(), check(), compare(), schema()];
const building = [images(), render(), link()];
for (const command of [up(), down(), ...looking, ...verbCommands(), ...judging, ...building, doctor(), completion()]) {
  program.addCommand(inherit(command, "regionctl"));
}
for (const command of [complete(), dashboard()]) program.addCommand(inherit(command, "regionctl"), { hidden: true });

await finish(await main());

async function main(): Promise<number> {
  const json = process.argv.includes("--json");
  try {
    await program.parseAsync(process.argv);
    return Number(process.exitCode ?? EXIT.passed);
  } catch (error) {
    if (!(error instanceof CommanderError)) return explainError(error, json);
    if (error.exitCode === 0) return EXIT.passed; // help or the version was asked for
    if (json) explainError(new UsageError(error.message.replace(/^error: /, "")), json);
    return EXIT.usage;
  }
}

/** Sub-commands throw like the program, instead of exiting by themselves, and point at their own help. */
function inherit(command: Command, parent: string): Command {
  const name = `${parent} ${command.name()}`;
  command.copyInheritedSettings(program).showHelpAfterError(`(${name} --help shows what it takes)`);
  for (const child of command.commands) inherit(child as Command, name);
  return command;
}
