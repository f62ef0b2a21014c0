// The words of a command line as the target of a step. A shell takes `|` and `>` for itself, so two sides may be written
// without them: `us eu` is `us | eu`, and with --one-way `us -> eu`.
import { UsageError } from "../../model/problem.ts";

/** Words -> target, undefined for none. Throws UsageError for what cannot be meant. */
export type Spelling = (words: readonly string[], oneWay: boolean, command: string) => string | undefined;

export const listOf: Spelling = (words) => words.join(", ");

/** An id may have blanks: "kill backend-us". */
export const wordOf: Spelling = (words) => (words.length === 0 ? undefined : words.join(" "));

export const sidesOf: Spelling = (words, oneWay, command) => {
  const text = oneLine(words);
  const [first, second, ...more] = isSpelled(text) ? [text, ""] : text.split(" ");
  if (words.includes("-")) throw new UsageError(takenByShell(command));
  if (second === undefined) {
    throw new UsageError(
      `${command} takes two sides, and "${first}" is one. Write "regionctl ${command} us eu" for us | eu; a | that the shell shall not take has to be quoted.`,
    );
  }
  if (more.length > 0) {
    throw new UsageError(
      `${command} takes two sides, not ${more.length + 2}. Several on one side are written with commas: regionctl ${command} us,eu ap`,
    );
  }
  const sides = isSpelled(text) ? text : `${first} | ${second}`;
  return (oneWay ? sides.replace("|", "->") : sides).replaceAll(",", ", ");
};

/** What has one direction only is meant so, however it is written. */
export const directionOf: Spelling = (words, _oneWay, command) =>
  sidesOf(words, !oneLine(words).includes("|"), command);

/** One blank between words, none beside a comma. */
const oneLine = (words: readonly string[]) =>
  words
    .join(" ")
    .replace(/\s*(\||->)\s*/g, " $1 ")
    .replace(/\s*,\s*/g, ",")
    .replace(/\s+/g, " ")
    .trim();

const isSpelled = (text: string) => text.includes("|") || text.includes("->");

/** `us -> eu` without quotes is `us -`, written into a file "eu". */
const takenByShell = (command: string) =>
  `the shell took the > of -> for itself, and wrote into a file. Quote it: regionctl ${command} "us -> eu"; or write: regionctl ${command} us eu${command === "replication" ? "" : " --one-way"}`;
