// Which scenarios a command means: files, names, whole folders, and of these only those with a tag.
import fs from "node:fs";
import { Option } from "commander";
import type { Scenario } from "../model/scenario.ts";
import { UsageError } from "../model/problem.ts";
import { parseDuration } from "../model/units.ts";
import { listScenarios, lookUpScenario, scenariosIn } from "../scenario/find.ts";
import { filesLike, isPattern } from "../scenario/glob.ts";
import { didYouMean } from "../topology/words.ts";
import { type LoadedScenario, loadScenariosOrThrow, type WithRegions } from "./files.ts";

export interface Selection extends WithRegions {
  tag?: readonly string[];
  /** Milliseconds. */
  timeout?: number;
  seed?: number;
}

export const tagOption = () =>
  new Option("--tag <tag>", "only scenarios with this tag; given again: or that one").argParser(
    (tag: string, before: readonly string[] | undefined) => [...(before ?? []), tag],
  );

/** Throws UsageError for what is no duration. */
export const timeoutOption = () =>
  new Option("--timeout <duration>", "how long a scenario may take, in place of what its file says").argParser(
    (text: string): number => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms > 0) return ms;
      throw new UsageError(`--timeout takes a duration with its unit (90s, 5m), not "${text}".`);
    },
  );

/** Throws UsageError for what is no seed. */
export const seedOption = () =>
  new Option("--seed <number>", "draw otherwise than the file's seed does").argParser((text: string): number => {
    const seed = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
    throw new UsageError(`--seed takes a whole number, not "${text}".`);
  });

/** Loaded, all of them, before anything starts. Throws UsageError when any is wrong, and when none is left. */
export function selectScenarios(
  references: readonly string[],
  { tag, timeout, seed, ...options }: Selection,
): readonly LoadedScenario[] {
  if (references.length === 0 && tag === undefined) {
    throw new UsageError(
      "Name scenarios or a folder of them, or choose some with --tag. There are: regionctl scenario list",
    );
  }
  const files = references.length === 0 ? listScenarios() : scenarioFiles(references);
  const loaded = loadScenariosOrThrow(files, seed, options);
  const chosen = tag === undefined ? loaded : loaded.filter(({ scenario }) => isTagged(scenario, tag));
  if (chosen.length === 0) throw new UsageError(noneWith(tag ?? [], loaded));
  return timeout === undefined ? chosen : chosen.map((one) => within(one, timeout));
}

/** A folder stands for the scenarios in it, a pattern for those that it matches. Throws UsageError when there are none, or there is no such thing. */
export function scenarioFiles(references: readonly string[]): readonly string[] {
  return references.flatMap((reference) => {
    if ("file" in lookUpScenario(reference)) return [reference];
    if (!isFolder(reference)) return isPattern(reference) ? matching(reference) : [reference];
    const files = scenariosIn(reference);
    if (files.length === 0) throw new UsageError(`there is no scenario (*.yaml) in ${reference}.`);
    return files;
  });
}

/** No shell has expanded it. Throws UsageError when nothing matches. */
function matching(pattern: string): readonly string[] {
  const files = filesLike(pattern, process.cwd()).filter((file) => /\.ya?ml$/.test(file));
  if (files.length === 0) throw new UsageError(`no scenario (*.yaml) matches "${pattern}" in ${process.cwd()}.`);
  return files;
}

const isFolder = (reference: string) => fs.statSync(reference, { throwIfNoEntry: false })?.isDirectory() === true;

const isTagged = ({ tags }: Scenario, wanted: readonly string[]) => wanted.some((tag) => tags.includes(tag));

const within = (one: LoadedScenario, timeoutMs: number): LoadedScenario => ({
  ...one,
  scenario: { ...one.scenario, timeoutMs },
});

function noneWith(tags: readonly string[], loaded: readonly LoadedScenario[]): string {
  const known = [...new Set(loaded.flatMap(({ scenario }) => scenario.tags))].toSorted();
  const wanted = tags.map((tag) => `"${tag}"`).join(" or ");
  const hint = known.length === 0 ? "None has any tag." : didYouMean(tags[0] ?? "", known, "Their tags are");
  return `none of ${loaded.length} scenarios has the tag ${wanted}. ${hint}`;
}
