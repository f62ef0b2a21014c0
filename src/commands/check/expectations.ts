// What is expected of a saved run or a history in place of what it says itself: a YAML expectation per --expect, or the list
// of another scenario file. The loader of scenarios reads both, so they are the same words with the same complaints.
import { Option } from "commander";
import { UsageError } from "../../model/problem.ts";
import type { Expectation } from "../../model/scenario.ts";
import type { Topology } from "../../model/topology.ts";
import { paintFor } from "../../reporters/paint.ts";
import { drawProblem } from "../../scenario/caret.ts";
import { expectationsOf } from "../../scenario/expectations.ts";
import { findScenario } from "../../scenario/find.ts";
import { isMap, openSource, type Path, readText, type Source, type Spot } from "../../topology/source.ts";
import { vocabulary } from "../files.ts";

export interface Asking {
  expect?: readonly string[];
  expectFrom?: string;
}

export const expectOption = () =>
  new Option(
    "--expect <expectation>",
    "judge this instead, in the words of a scenario, e.g. 'converges: { within: 5s }'; may be given several times",
  ).argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);

export const expectFromOption = () =>
  new Option("--expect-from <scenario>", 'judge what the "expect" of this scenario says instead');

export interface Asked {
  expect: readonly Expectation[];
  /** Where they stand, for whoever points at a line of it; "--expect" is no file. */
  file: string;
}

/** undefined when nothing else is asked. Throws UsageError with everything that is wrong. */
export function askedOf({ expect = [], expectFrom }: Asking, topology: Topology): Asked | undefined {
  if (expect.length > 0 && expectFrom !== undefined)
    throw new UsageError("What is expected comes from --expect or from --expect-from, not from both.");
  if (expectFrom !== undefined) return fromFile(findScenario(expectFrom), topology);
  if (expect.length === 0) return undefined;
  return { expect: expect.flatMap((text) => fromText(text, topology)), file: FLAG };
}

const FLAG = "--expect";

function fromFile(file: string, topology: Topology): Asked {
  const read = readText(file, "a scenario");
  if ("problem" in read) throw new UsageError(`${file}: ${read.problem.message}.`);
  const source = openSource(file, read.text);
  const expect = source.value === undefined ? [] : expectationsOf(source, { vocabulary, topology });
  refuseWrong(source);
  if (expect.length === 0) throw new UsageError(`${file} expects nothing: it has no "expect".`);
  return { expect, file };
}

/** One expectation, or a list of them. */
function fromText(text: string, topology: Topology): readonly Expectation[] {
  const source = openSource(FLAG, text);
  if (source.value !== undefined) {
    const isList = Array.isArray(source.value);
    const expect = expectationsOf(asExpect(source, isList ? 1 : 2), { vocabulary, topology });
    if (source.problems.length === 0 && expect.length > 0) return expect;
    if (source.problems.length === 0) source.say([], "expected an expectation, e.g. no-lost-writes");
  }
  refuseWrong(source);
  return [];
}

/** The text as if it stood in a scenario, below `expect` and, unless it is a list, as its only entry. */
function asExpect(source: Source, around: 1 | 2): Source {
  const inner = (path: Path) => path.slice(around);
  const entries = around === 1 ? source.value : [source.value];
  return {
    ...source,
    value: { expect: entries },
    say(spot: Spot | Path, message, hint, severity) {
      const own = "path" in spot ? { ...spot, path: inner(spot.path) } : inner(spot);
      source.say(own, message, isScenario(entries) ? FROM_FILE : hint, severity);
    },
    lineOf: (path) => source.lineOf(inner(path)),
  };
}

const FROM_FILE = "The expectations of a scenario are asked with --expect-from FILE.";

const isScenario = (entries: unknown): boolean =>
  Array.isArray(entries) &&
  entries.some((one) => (typeof one === "string" ? /\.ya?ml$/.test(one) : isMap(one) && "expect" in one));

function refuseWrong({ problems, text }: Source): void {
  if (problems.length === 0) return;
  const colour = paintFor("stderr").level > 0;
  throw new UsageError(problems.map((problem) => drawProblem(problem, text, { colour, folder: "" })).join("\n\n"));
}
