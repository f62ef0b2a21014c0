// Loading what a user names, and refusing it readably: everything that is wrong, at once, each with its line and caret.
import fs from "node:fs";
import path from "node:path";
import type { ChalkInstance } from "chalk";
import { Option } from "commander";
import { expectations } from "../checkers/index.ts";
import { type Problem, UsageError } from "../model/problem.ts";
import type { Scenario } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";
import type { Vocabulary } from "../model/vocabulary.ts";
import { paintFor } from "../reporters/paint.ts";
import { drawProblem } from "../scenario/caret.ts";
import { findScenario, findTopology } from "../scenario/find.ts";
import { loadScenario } from "../scenario/load.ts";
import { loadTopology } from "../topology/load.ts";
import { placesProblem, type Wan } from "../topology/places.ts";
import { regionsProblem } from "../topology/regions.ts";
import { verbs } from "../verbs/index.ts";

export const vocabulary: Vocabulary = { verbs, expectations };

export interface ScenarioFile {
  file: string;
  /** The file as a person would write its path from here. */
  shown: string;
  scenario?: Scenario;
  topology?: Topology;
  problems: readonly Problem[];
}

/** What can be asked of a topology in place of what its file says. */
export interface WithRegions {
  /** All regions that are wanted. */
  regions?: readonly string[];
  /** The round trips between places: those of the file (true), or one for each region. */
  wan?: Wan;
}

/** Throws UsageError for what is no list of regions. */
export const regionsOption = () =>
  new Option("--regions <list>", "all regions wanted, e.g. us,eu,ap: new ones are made like the first").argParser(
    (text: string): readonly string[] => {
      const regions = text.split(",").map((region) => region.trim());
      const wrong = regionsProblem(regions);
      if (wrong !== undefined) throw new UsageError(`--regions ${text}: ${wrong}.`);
      return regions;
    },
  );

/** Throws UsageError for what is no list of places. */
export const wanOption = () =>
  new Option(
    "--wan [places]",
    "real round trips between the regions: where the topology says they lie, or e.g. us-east-1,eu-west-1",
  ).argParser((text: string): Wan => {
    const places = text.split(",").map((place) => place.trim());
    const wrong = placesProblem(places);
    if (wrong === undefined) return places;
    throw new UsageError(
      `--wan ${text}: ${wrong}. For the places that the topology says, --wan stands last and alone.`,
    );
  });

/** A scenario by path or name, with all that is wrong with it. Throws UsageError only when there is no such file. */
export function readScenario(reference: string, { regions, wan }: WithRegions = {}): ScenarioFile {
  const file = findScenario(reference);
  const relative = path.relative(process.cwd(), file);
  return {
    file,
    shown: relative.startsWith("..") ? file : relative,
    ...loadScenario(file, vocabulary, { env: process.env, regions, wan }),
  };
}

export interface LoadedScenario {
  scenario: Scenario;
  topology: Topology;
  /** Drawn, for people. */
  warnings: readonly string[];
}

/** Throws UsageError with every problem of all files drawn when anything is wrong. */
export function loadScenariosOrThrow(
  references: readonly string[],
  seed?: number,
  options: WithRegions = {},
): readonly LoadedScenario[] {
  const files = references.map((reference) => readScenario(reference, options));
  const draw = (problems: readonly Problem[]) => drawProblems(problems, paintFor("stderr"));
  const wrong = files.filter(({ scenario, topology }) => scenario === undefined || topology === undefined);
  if (wrong.length > 0) throw new UsageError(wrong.flatMap(({ problems }) => draw(problems)).join("\n\n"));
  return files.map(({ scenario, topology, problems }) => ({
    scenario: seed === undefined ? scenario! : { ...scenario!, seed },
    topology: topology!,
    warnings: draw(problems),
  }));
}

/** A topology by path or name. Throws UsageError with every problem drawn when anything is wrong. */
export function loadTopologyOrThrow(reference: string, { regions, wan }: WithRegions = {}): Topology {
  const { topology, problems } = loadTopology(findTopology(reference), { env: process.env, regions, wan });
  if (topology === undefined) throw new UsageError(drawProblems(problems, paintFor("stderr")).join("\n\n"));
  return topology;
}

export function drawProblems(problems: readonly Problem[], paint: ChalkInstance): readonly string[] {
  const texts = new Map<string, string>();
  const textOf = (file: string) => {
    if (!texts.has(file)) texts.set(file, fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "");
    return texts.get(file)!;
  };
  return problems.map((problem) => drawProblem(problem, textOf(problem.file), { colour: paint.level > 0 }));
}
