// Where a name leads: scenarios and topologies by path, by name in the user's own folder, then among the shipped ones.
import fs from "node:fs";
import path from "node:path";
import { UsageError } from "../model/problem.ts";
import { didYouMean } from "../topology/words.ts";

export type Found = { file: string } | { message: string; hint: string };

const ENDINGS = ["", ".yaml", ".yml"];

/** A path, then scenarios/NAME of the folder, then the shipped one; `.yaml` may be left out. */
export function lookUpScenario(reference: string, folder: string = process.cwd()): Found {
  const places = [folder, path.join(folder, "scenarios"), path.join(packageRoot(), "scenarios")];
  const file = firstFile(places.flatMap((place) => ENDINGS.map((ending) => path.resolve(place, reference + ending))));
  if (file !== undefined) return { file };
  const names = listScenarios(folder).map(nameOf);
  return { message: `there is no scenario "${reference}"`, hint: didYouMean(reference, names, "Scenarios are") };
}

/** `property`: compose/property.yaml of the user's folder, then the shipped one; anything with / or .yaml: a path from `from`. */
export function lookUpTopology(reference: string, from: string, folder: string = process.cwd()): Found {
  if (/[/\\]|\.ya?ml$/.test(reference)) {
    const file = path.resolve(from, reference);
    return isFile(file)
      ? { file }
      : { message: `there is no file ${file}`, hint: "A path is relative to where it is written." };
  }
  const places = [folder, packageRoot()].map((root) => path.join(root, "compose"));
  const file = firstFile(
    places.flatMap((place) => ENDINGS.slice(1).map((ending) => path.join(place, reference + ending))),
  );
  if (file !== undefined) return { file };
  const names = listTopologies(folder).map(nameOf);
  return { message: `there is no topology "${reference}"`, hint: didYouMean(reference, names, "Topologies are") };
}

/** Absolute path of a scenario. Throws a UsageError that names what there is. */
export function findScenario(reference: string, folder?: string): string {
  return orThrow(lookUpScenario(reference, folder));
}

/** Absolute path of a topology named on the command line. Throws a UsageError that names what there is. */
export function findTopology(reference: string, folder: string = process.cwd()): string {
  return orThrow(lookUpTopology(reference, folder, folder));
}

/** Absolute paths of the folder's scenarios, then of the shipped ones that they do not hide, each in the order of names. */
export function listScenarios(folder: string = process.cwd()): readonly string[] {
  return listed("scenarios", folder);
}

/** The same of topologies. A Compose file has services; the files of workloads beside it, with a dot in their name, do not. */
export function listTopologies(folder: string = process.cwd()): readonly string[] {
  return listed("compose", folder).filter((file) => !nameOf(file).includes("."));
}

/** Absolute paths of the scenarios in a folder, in the order of names. */
export const scenariosIn = (folder: string): readonly string[] => yamlFiles(path.resolve(folder));

function listed(kind: string, folder: string): readonly string[] {
  const files = [folder, packageRoot()].map((root) => path.join(root, kind)).flatMap(yamlFiles);
  const seen = new Set<string>();
  return files.filter((file) => !seen.has(nameOf(file)) && seen.add(nameOf(file)));
}

function orThrow(found: Found): string {
  if ("file" in found) return found.file;
  throw new UsageError(`${found.message}. ${found.hint}`.trim());
}

const nameOf = (file: string) => path.basename(file).replace(/\.ya?ml$/, "");
const firstFile = (files: readonly string[]) => files.find(isFile);

function isFile(file: string): boolean {
  try {
    return fs.statSync(file).isFile();
  } catch {
    return false; // not there, not ours to see, or no name that a file could have
  }
}

function yamlFiles(folder: string): readonly string[] {
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  return names
    .toSorted()
    .map((name) => path.join(folder, name))
    .filter(isFile);
}

/** Where regionctl itself lies, whether it runs from src/ or as one file from dist/. */
function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!fs.existsSync(path.join(folder, "package.json"))) {
    const above = path.dirname(folder);
    if (above === folder) throw new Error(`regionctl does not find its own package.json above ${import.meta.dirname}`);
    folder = above;
  }
  return folder;
}
