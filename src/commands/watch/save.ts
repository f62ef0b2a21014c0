// Writes down what was done as a scenario file, where the dashboard was started; what is there already is never overwritten.
import fs from "node:fs";
import path from "node:path";
import type { Story } from "../../dashboard/scenario-file.ts";
import { StackError } from "../../model/problem.ts";
import type { Topology } from "../../model/topology.ts";
import { lookUpTopology } from "../../scenario/find.ts";
import { parseScenario } from "../../scenario/load.ts";
import { loadTopology } from "../../topology/load.ts";
import { vocabulary } from "../files.ts";

/** As many as anybody writes in a second. */
const MOST_OF_A_NAME = 100;

/** Resolves with the path as a person would write it from there. */
export async function saveScenario(
  topology: Topology,
  directory: string,
  write: (head: Pick<Story, "name" | "reference" | "on">) => string,
): Promise<string> {
  const on = new Date();
  const stamp = on.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  const reference = referenceTo(topology, directory);
  for (let number = 1; number <= MOST_OF_A_NAME; number++) {
    const name = `watch-${stamp}${number === 1 ? "" : `-${number}`}`;
    const file = path.join(directory, `${name}.yaml`);
    if (fs.lstatSync(file, { throwIfNoEntry: false })) continue;
    const text = write({ name, reference, on });
    refuseWrong(text, file);
    try {
      fs.writeFileSync(file, text, { flag: "wx" }); // also when it came into being in the meantime
      return path.relative(directory, file);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "EEXIST") throw new StackError(`cannot write ${file}: ${message}`, undefined, { cause: error });
    }
  }
  throw new StackError(`cannot write watch-${stamp}.yaml: that name is taken again and again`);
}

/** A file that does not run is worse than none. */
function refuseWrong(text: string, file: string): void {
  const { problems } = parseScenario(text, file, vocabulary, { env: process.env });
  const wrong = problems.filter(({ severity }) => severity === "error").map(({ message }) => message);
  if (wrong.length > 0) throw new Error(`what was done cannot be written as a scenario: ${wrong.join("; ")}`);
}

/** The topology as a scenario in that folder names it: with what the stack has otherwise than its file says. */
function referenceTo(topology: Topology, directory: string): Story["reference"] {
  const name = path.basename(topology.file).replace(/\.ya?ml$/, "");
  const found = lookUpTopology(name, directory, directory);
  const isNamed = "file" in found && path.resolve(found.file) === path.resolve(topology.file);
  const file = isNamed ? name : path.relative(directory, topology.file);
  const { topology: written } = loadTopology(topology.file, { env: process.env });
  const { regions, conflicts, places } = topology;
  const other = {
    ...(regions.join() !== written?.regions.join() && { regions }),
    ...(conflicts !== written?.conflicts && { conflicts }),
    ...(places !== undefined && { wan: regions.map((region) => places[region]) }),
  };
  return Object.keys(other).length === 0 ? file : { file, ...other };
}
