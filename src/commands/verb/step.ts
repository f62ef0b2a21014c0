// argv -> a step, exactly as a scenario would say it: {target, ...parameters}, parsed by the verb's own schema and checked by
// its own check, so that a wrong word is answered here as it is there.
import { UsageError } from "../../model/problem.ts";
import type { ParsedStep } from "../../model/vocabulary.ts";
import type { Topology } from "../../model/topology.ts";
import { SCHEMAS } from "../../scenario/modifiers.ts";
import { parametersOf } from "../../scenario/words.ts";
import { parseAt } from "../../topology/issues.ts";
import type { Path, Source, Spot } from "../../topology/source.ts";
import type { Verb } from "../../verbs/scene.ts";
import { COMMANDS } from "./table.ts";

/** What commander made of the options: of --one-way "oneWay". */
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** Stands where a scenario has the number of a step. */
const PATH = "by hand";

/** Everything that can be known to be wrong before a stack is looked at. Throws UsageError. */
export function stepOf(verb: Verb, words: readonly string[], options: Flags): ParsedStep<never> {
  const flags = kebab(options);
  const target = COMMANDS[verb.name]!.targets.spelling(words, flags["one-way"] === true, verb.name);
  const given = Object.fromEntries(
    Object.entries({ target, ...flags }).filter(
      ([name, value]) => value !== undefined && (name === "target" || parametersOf(verb).includes(name)),
    ),
  );
  const source = commandLine(verb, { ...flags, ...given });
  const args = parseAt<unknown>(source, [], given, verb.args);
  const forMs = flags["for"] === undefined ? undefined : parseAt(source, ["for"], flags["for"], SCHEMAS.for);
  const id = flags["id"] === undefined ? undefined : parseAt(source, ["id"], flags["id"], SCHEMAS.id);
  source.refuse();
  const text = target === undefined ? verb.name : `${verb.name} ${target}`;
  return { path: PATH, verb: verb.name, args: args as never, text, line: 0, forMs, id };
}

const kebab = (flags: Flags): Flags =>
  Object.fromEntries(
    Object.entries(flags).map(([name, value]) => [name.replace(/[A-Z]/g, (big) => `-${big.toLowerCase()}`), value]),
  );

/** What only a topology can tell. Throws UsageError. */
export function checkStep(verb: Verb, step: ParsedStep<never>, topology: Topology, runtime: string): void {
  const reason = verb.unavailable?.(topology, runtime);
  if (reason !== undefined) throw new UsageError(reason);
  const source = commandLine(verb, {});
  for (const { path, message, hint } of verb.check?.(step.args, topology) ?? []) source.say(path, message, hint);
  source.refuse();
}

interface CommandLine extends Source {
  /** Throws when anything was said. */
  refuse(): void;
}

/** A source whose places are options: what is wrong is said of `--add`, not of a line and a column. */
function commandLine(verb: Verb, given: Readonly<Record<string, unknown>>): CommandLine {
  const said: string[] = [];
  return {
    file: "the command line",
    text: "",
    value: given,
    problems: [],
    lineOf: () => 0,
    say(spot: Spot | Path, message: string, hint?: string) {
      const [name] = "path" in spot ? spot.path : spot;
      const [sentence, advice] = [message, hint ?? ""].map((text) => asOptions(text, verb));
      said.push(complaint(name, sentence!, given), ...(advice === "" ? [] : [`  ${advice}`]));
    },
    refuse() {
      if (said.length > 0) throw new UsageError(said.join("\n"));
    },
  };
}

function complaint(
  name: string | number | undefined,
  message: string,
  given: Readonly<Record<string, unknown>>,
): string {
  if (name === undefined || message.startsWith("--")) return message;
  const takes = message.replace(/^expected /, "takes ");
  if (name === "target") return takes === message ? message : `the target: ${message}`;
  if (takes === message) return `--${name}: ${message}`;
  const value = given[name];
  return `--${name} ${takes}${typeof value === "string" ? `, not "${value}"` : ""}`;
}

/** The words of a file as those of a command line: `for` and "add" are options, and `delay: 5s` is --delay 5s. */
function asOptions(text: string, verb: Verb): string {
  const names = parametersOf(verb).join("|");
  const options = names === "" ? text : text.replaceAll(new RegExp(`\\b(${names}): (true\\b)?`, "g"), "--$1 ");
  return options
    .replace(/^"([a-z-]+)" is missing/, "--$1 is missing")
    .replaceAll(/`([a-z-]+)`/g, "--$1")
    .replaceAll(new RegExp(`\\b(${Object.keys(COMMANDS).join("|")}): `, "g"), "$1 ")
    .replaceAll(/ (?=[,;.])/g, "");
}
