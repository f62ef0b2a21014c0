// The verbs as commands on a stack that is up, with the same words: `kill: backend-us` with `for: 10s` in a scenario is
// `regionctl kill backend-us --for 10s`. One way for all: argv -> step -> the verb's own schema, check and deed -> print.
import { Command, Option } from "commander";
import { EXIT } from "../model/verdict.ts";
import { parametersOf } from "../scenario/words.ts";
import { connect } from "../stack.ts";
import type { Verb } from "../verbs/scene.ts";
import { interruptSignal } from "./interrupt.ts";
import { print, progress } from "./print.ts";
import { stackOption, surroundings } from "./surroundings.ts";
import { Interrupted } from "./trouble.ts";
import { isLasting, perform } from "./verb/perform.ts";
import { checkStep, type Flags, stepOf } from "./verb/step.ts";
import { COMMAND_VERBS, COMMANDS, OPTIONS, UNITS } from "./verb/table.ts";

/** `act` is what a command does once commander has read it. */
export function verbCommands(act: Act = actOnStack): readonly Command[] {
  return COMMAND_VERBS.map((verb) => commandOf(verb, act));
}

type Act = (verb: Verb, words: readonly string[], options: Options) => Promise<void>;

interface Options extends Flags {
  stack: string;
  json?: boolean;
}

function commandOf(verb: Verb, act: Act): Command {
  const { targets, summary, examples } = COMMANDS[verb.name]!;
  const command = new Command(verb.name)
    .description(summary ?? verb.summary.replaceAll(/`([a-z-]+)`/g, "--$1"))
    .argument(targets.argument, targets.meaning);
  const parameters = parametersOf(verb);
  for (const name of parameters) command.addOption(optionOf(name));
  if (targets.oneWay) command.option("--one-way", "only from the first side to the second");
  if (isLasting(verb)) {
    command
      .option("--for <duration>", "waits, then ends the fault")
      .option("--id <id>", "what the fault is called: regionctl heal <id> ends it");
  }
  return command
    .addOption(stackOption())
    .option("--json", "print the facts as JSON")
    .addHelpText("after", ["", "Examples:", ...examples.map((line) => `  regionctl ${line}`)].join("\n"))
    .addHelpText("after", unitsOf(isLasting(verb) ? [...parameters, "for"] : parameters))
    .action((words: readonly string[], options: Options) => act(verb, words, options));
}

function optionOf(name: string): Option {
  const { unit, meaning } = OPTIONS[name] ?? { unit: "value", meaning: `the verb's "${name}"` };
  return new Option(unit === undefined ? `--${name}` : `--${name} <${unit}>`, meaning);
}

/** How the values of these options are written. */
function unitsOf(parameters: readonly string[]): string {
  const known = parameters.map((name) => (name === "for" ? "duration" : OPTIONS[name]?.unit));
  const units = [...new Set(known)].filter((unit) => unit !== undefined && unit !== "mode");
  if (units.length === 0) return "";
  return ["", "Units:", ...units.map((unit) => `  ${unit!.padEnd(10)}${UNITS[unit!]}`)].join("\n");
}

/** Connects, checks, acts, prints. */
async function actOnStack(verb: Verb, words: readonly string[], options: Options): Promise<void> {
  const { stack: name, json, ...flags } = options;
  const signal = interruptSignal();
  const step = stepOf(verb, words, flags);
  const stack = await connect(surroundings(), name, signal);
  try {
    checkStep(verb, step, stack.topology, stack.record.runtime);
    const { effective, facts, lines } = await perform(verb, step, stack, { signal, say: progress(json) });
    print(json, facts, () => lines);
    if (!effective) process.exitCode = EXIT.inconclusive;
  } finally {
    stack.leave();
  }
  if (signal.aborted) throw new Interrupted("interrupted, but it was done already");
}
