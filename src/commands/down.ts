// regionctl down: ends stacks, whatever state they were left in, and nothing else.
import { Command } from "commander";
import { list, takeDown } from "../stack.ts";
import { print, progress } from "./print.ts";
import { stackOption, surroundings } from "./surroundings.ts";

export function down(): Command {
  return new Command("down")
    .description("End a stack and remove what it left; stacks whose process was killed are removed too.")
    .addOption(stackOption())
    .option("--all", "every stack")
    .option("--json", "print the facts as JSON")
    .addHelpText("after", "\nExamples:\n  regionctl down\n  regionctl down --all")
    .action(async (options: { stack: string; all?: boolean; json?: boolean }) => {
      const around = surroundings();
      const stacks = list(around).filter((stack) => options.all || stack.orphaned || stack.name === options.stack);
      const say = progress(options.json);
      const names: string[] = [];
      const errors: unknown[] = [];
      for (const stack of stacks) {
        say(`ending stack "${stack.name}" ...`);
        try {
          await takeDown(around, stack.name, stack.record?.id);
          names.push(stack.name);
        } catch (error) {
          errors.push(error); // the others are ended all the same
        }
      }
      if (errors.length > 0) throw errors[0];
      print(options.json, { ended: names }, () => [
        names.length === 0
          ? "nothing is up"
          : `ended ${names.map((name) => `"${name}"`).join(", ")}; nothing is left of ${names.length === 1 ? "it" : "them"}`,
      ]);
      process.exit(0);
    });
}
