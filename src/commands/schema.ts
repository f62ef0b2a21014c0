// regionctl schema: the JSON Schema of scenario files, for editors and other tools.
import { Command } from "commander";
import { schemaOf } from "../scenario/schema.ts";
import { vocabulary } from "./files.ts";

export function schema(): Command {
  return new Command("schema")
    .description("Print the JSON Schema of scenario files: completion and checks while you write, in most editors.")
    .addHelpText(
      "after",
      `
Editors that know the YAML language server take it from a comment in the first line of a scenario:
  # yaml-language-server: $schema=scenario.schema.json

Examples:
  regionctl schema > scenarios/scenario.schema.json`,
    )
    .action(() => {
      process.stdout.write(`${JSON.stringify(schemaOf(vocabulary), null, 2)}\n`);
    });
}
