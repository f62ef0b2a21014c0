// regionctl completion bash|zsh|fish: a script for the shell, generated from the commands there are. What only this
// machine knows (scenarios, nodes of the stack that is up) the script asks of the hidden command `__complete`.
import { Argument, Command, type Option } from "commander";
import { CUT_MODES } from "../model/link.ts";
import { bash, fish, zsh } from "./completion/scripts.ts";
import type { Completed, Words } from "./completion/scripts.ts";
import { KINDS, type Kind, wordsFor } from "./completion/words.ts";

const SHELLS = { bash, zsh, fish } as const;

export function completion(): Command {
  return new Command("completion")
    .description("Print a script that completes commands, options, scenarios and nodes in your shell.")
    .addArgument(new Argument("<shell>", "the shell you use").choices(Object.keys(SHELLS)))
    .addHelpText(
      "after",
      `
Examples:
  source <(regionctl completion bash)                                   in ~/.bashrc
  source <(regionctl completion zsh)                                    in ~/.zshrc, after compinit
  regionctl completion fish > ~/.config/fish/completions/regionctl.fish`,
    )
    .action((shell: keyof typeof SHELLS, _options: unknown, command: Command) => {
      process.stdout.write(SHELLS[shell](completed(rootOf(command))));
    });
}

/** Words of a kind, one per line. A shell asks this while somebody types: it never fails, it only has nothing to say. */
export function complete(): Command {
  return new Command("__complete")
    .addArgument(new Argument("<kind>").choices(KINDS))
    .option("--stack <name>", "", "default")
    .action((kind: Kind, options: { stack: string }) => {
      try {
        process.stdout.write(
          wordsFor(kind, options.stack)
            .map((word) => `${word}\n`)
            .join(""),
        );
      } catch {
        // A damaged file is for the command to complain about.
      }
    });
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

/** Every command by its path ("scenario run"), with all that can follow it. */
function completed(root: Command, path = ""): readonly Completed[] {
  const children = shown(root);
  const here: Completed = {
    path,
    commands: children.map((child) => ({ word: child.name(), about: child.description() })),
    options: [...root.options.filter((option) => !option.hidden).map(optionOf), HELP],
    argument: wordsOfArgument(root),
  };
  return [
    here,
    ...children.flatMap((child) => completed(child, path === "" ? child.name() : `${path} ${child.name()}`)),
  ];
}

const HELP: Completed["options"][number] = { flags: ["-h", "--help"], about: "how to use it" };

function shown(command: Command): readonly Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== "help");
}

function optionOf(option: Option): Completed["options"][number] {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  const takesValue = option.required || option.optional;
  if (!takesValue) return { flags, about: option.description };
  const value: Words = option.argChoices ? { words: option.argChoices } : (VALUES[option.long ?? ""] ?? { words: [] });
  return { flags, about: option.description, value };
}

/** What the value of an option may be. */
const VALUES: Readonly<Record<string, Words>> = {
  "--stack": { kind: "stacks" },
  "--topology": { kind: "topologies", files: true },
  "--tag": { kind: "tags" },
  "--runtime": { words: ["docker", "embedded"] },
  "--reporter": { words: ["terminal", "json", "markdown", "markdown=", "junit=", "html", "html=", "github"] },
  "--expect-from": { kind: "scenarios", files: true },
  "--out": { files: true },
  "--mode": { words: CUT_MODES },
};

/** What a command's arguments may be, by the names that they have in its help; the last one may be repeated. */
function wordsOfArgument({ registeredArguments }: Command): Words | undefined {
  const [first] = registeredArguments;
  if (first === undefined) return undefined;
  if (first.argChoices) return { words: first.argChoices };
  return ARGUMENTS[first.variadic ? `${first.name()}...` : first.name()];
}

const ARGUMENTS: Readonly<Record<string, Words>> = {
  node: { kind: "nodes" },
  "node...": { kind: "targets" },
  "backend...": { kind: "backends" },
  "region...": { kind: "regions" },
  "side...": { kind: "sides" },
  "place...": { kind: "sides" },
  database: { kind: "databases" },
  workload: { kind: "workloads" },
  scenario: { kind: "scenarios", files: true },
  "scenario...": { kind: "scenarios", files: true },
  run: { files: true },
};
