// regionctl scenario new NAME: writes a scenario that runs as it is, to be changed.
import fs from "node:fs";
import path from "node:path";
import { Command } from "commander";
import { StackError, UsageError } from "../model/problem.ts";
import { HEAD, parseScenario } from "../scenario/load.ts";
import { starterScenario } from "../scenario/starter.ts";
import { loadTopologyOrThrow, vocabulary } from "./files.ts";
import { print } from "./print.ts";

const FOLDER = "scenarios";

export function newScenario(): Command {
  return new Command("new")
    .description("Write a scenario to begin with, below scenarios/; what is there already is never overwritten.")
    .argument("<name>", "lower-case letters, digits and dashes, e.g. my-failover")
    .option("-t, --topology <name|file>", "a Compose file, or the name of one in compose/", "property")
    .option("--json", "print the facts as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  regionctl scenario new my-failover\n  regionctl scenario new orders --topology ./compose.yaml",
    )
    .action((name: string, options: { topology: string; json?: boolean }) => {
      const file = path.join(FOLDER, `${nameOf(name)}.yaml`);
      if (fs.lstatSync(file, { throwIfNoEntry: false })) throw taken(file);
      const topology = loadTopologyOrThrow(options.topology);
      const text = starterScenario({ name, reference: referenceFrom(options.topology), topology });
      const { problems } = parseScenario(text, path.resolve(file), vocabulary, { env: process.env });
      const wrong = problems.filter(({ severity }) => severity === "error").map(({ message }) => message);
      if (wrong.length > 0) throw new Error(`a scenario for "${topology.name}" would be wrong: ${wrong.join("; ")}`);
      write(file, text);
      const next = `regionctl scenario run ${name}`;
      print(options.json, { file, next }, () => [
        `wrote ${file}`,
        "",
        `next: ${next}   regionctl scenario explain ${name}   regionctl scenario check ${name}`,
      ]);
    });
}

/** Throws UsageError for what is no scenario's name: above all for a path. */
function nameOf(name: string): string {
  if (HEAD.name.safeParse(name).success) return name;
  throw new UsageError(
    `"${name}" is not a scenario's name. Use up to 60 lower-case letters, digits and dashes, e.g. my-failover.`,
  );
}

/** A name stays a name; a path is written as it is seen from the scenario's folder. */
function referenceFrom(topology: string): string {
  if (!/[/\\]|\.ya?ml$/.test(topology)) return topology;
  return JSON.stringify(path.isAbsolute(topology) ? topology : path.join("..", topology));
}

function write(file: string, text: string): void {
  try {
    fs.mkdirSync(FOLDER, { recursive: true });
    fs.writeFileSync(file, text, { flag: "wx" }); // also when it came into being in the meantime
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && fs.lstatSync(file, { throwIfNoEntry: false })) throw taken(file);
    throw new StackError(`cannot write ${file}: ${message}`, "Run it in a folder of your own.", { cause: error });
  }
}

const taken = (file: string) => new UsageError(`${file} is there already. Choose another name, or remove it.`);
