// regionctl schema [scenario|history]: the JSON Schema of scenario files, for editors, or of histories for `regionctl check`.
import { Argument, Command } from "commander";
import { historySchema } from "../archive/history-format.ts";
import { schemaOf } from "../scenario/schema.ts";
import { vocabulary } from "./files.ts";

const SCHEMAS = {
  scenario: () => schemaOf(vocabulary),
  history: historySchema,
} as const;

export function schema(): Command {
  return new Command("schema")
    .description("Print the JSON Schema of scenario files: completion and checks while you write, in most editors.")
    .addArgument(
      new Argument("[what]", "scenario files, or the histories that regionctl check judges")
        .choices(Object.keys(SCHEMAS))
        .default("scenario"),
    )
    .addHelpText(
      "after",
      `
Editors that know the YAML language server take it from a comment in the first line of a scenario:
  # yaml-language-server: $schema=scenario.schema.json

Examples:
  regionctl schema > scenarios/scenario.schema.json
  regionctl schema history > history.schema.json`,
    )
    .action((what: keyof typeof SCHEMAS) => {
      process.stdout.write(`${JSON.stringify(SCHEMAS[what](), null, 2)}\n`);
    });
}
