// regionctl down: ends stacks, whatever state they were left in, and nothing else.
import { Command } from "commander";
import { type Listed, list, stackFlag, takeDown } from "../stack.ts";
import { print, progress } from "./print.ts";
import { stackName, stackOption, surroundings } from "./surroundings.ts";

export function down(): Command {
  return new Command("down")
    .description("End a stack and remove what it left; stacks whose process was killed are removed too.")
    .addOption(stackOption())
    .option("--all", "every stack, also those of scenarios that are being played")
    .option("--json", "print the facts as JSON")
    .addHelpText("after", "\nExamples:\n  regionctl down\n  regionctl down --all")
    .action(async (options: { stack: string; all?: boolean; json?: boolean }) => {
      const around = surroundings();
      const named = stackName(options.stack);
      const there = list(around);
      const say = progress(options.json);
      const ended: string[] = [];
      const errors: unknown[] = [];
      for (const stack of there.filter((stack) => options.all || isLeftOver(stack) || stack.name === named)) {
        say(`ending stack "${stack.name}" ...`);
        try {
          await takeDown(around, stack.name, stack.record?.id ?? null);
          ended.push(stack.name);
        } catch (error) {
          errors.push(error); // the others are ended all the same
        }
      }
      if (errors.length > 0) throw errors[0];
      const others = there.map(({ name }) => name).filter((name) => !ended.includes(name));
      print(options.json, { ended, others }, () => [
        ended.length === 0
          ? others.length === 0
            ? "nothing is up"
            : `there is no stack "${named}"`
          : `ended ${quoted(ended)}; nothing is left of ${ended.length === 1 ? "it" : "them"}`,
        ...(others.length === 0 ? [] : [`still up: ${quoted(others)}; next: regionctl down${stackFlag(others[0]!)}`]),
      ]);
    });
}

/** Nobody else will end it: its process is gone, or had not yet written who it is, or was ending it when it was killed. */
function isLeftOver({ orphaned, record, trouble }: Listed): boolean {
  return orphaned || (record === undefined && trouble === undefined) || record?.state === "stopping";
}

const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(", ");
