// A comparison for people: what makes the runs hard to compare first, then what broke, what got slower, what got better.
import type { ChalkInstance } from "chalk";
import { formatDuration } from "../../model/units.ts";
import { plain } from "../paint.ts";
import { fit, visible, widthOf, wrap } from "../text.ts";
import type { Change, Comparison, Unit, VerdictChange } from "./compare.ts";
import { NOISE, TIMES_THE_PROBES } from "./compare.ts";

/** Sentences are wrapped; rows of figures stay rows. */
export function sayComparison(found: Comparison, paint: ChalkInstance = plain, columns = 100): string {
  const { before, after, differences, verdicts, figures } = found;
  const worse = figures.filter(({ change }) => change === "worse");
  const better = figures.filter(({ change }) => change === "better");
  const of = (change: VerdictChange["change"]) => verdicts.filter((one) => one.change === change);
  /** The next lines of a sentence stand below its first word, but not quite. */
  const sentences = (texts: readonly string[]) =>
    texts.flatMap((text) => wrap(text, columns - 4).map((line, i) => (i === 0 ? line : `  ${line}`)));
  const title = found.regressed ? paint.bold.red("WORSE") : paint.bold.green("NO WORSE");
  const lines = [
    `${title}  ${visible(after.id)} (${after.verdict}) than ${visible(before.id)} (${before.verdict})`,
    ...section("what makes them hard to compare:", sentences(differences.map(visible)), paint.yellow),
    ...section("broke:", sentences(of("broke").map(sayVerdict)), paint.red),
    ...section("got slower:", rows(worse), paint.red),
    ...section("mended:", sentences(of("mended").map(sayVerdict)), paint.green),
    ...section("got faster:", rows(better), paint.green),
    ...section("judged in one of them only:", sentences(of("other").map(sayVerdict)), paint.yellow),
    "",
    ...(figures.length === 0
      ? ["There is nothing to measure in both."]
      : [`${figures.length - worse.length - better.length} of ${figures.length} figures are as before.`]),
    ...wrap(RULE, columns).map((line) => paint.dim(line)),
  ];
  return `${lines.join("\n")}\n`;
}

const RULE =
  `A figure counts as changed beyond ${NOISE.ms.share * 100} % and beyond ${NOISE.ms.amount} ms (latency), ` +
  `${formatDuration(NOISE.recovery.amount)} (recovery, convergence), ${NOISE["/s"].amount}/s (answers), ` +
  `${NOISE["%"].amount} point (share of unanswered); times also beyond ${TIMES_THE_PROBES} times what the probes' times ` +
  `changed, since the machine may have been busy, and what is counted beyond chance.`;

function section(head: string, lines: readonly string[], paint: (text: string) => string): readonly string[] {
  return lines.length === 0 ? [] : ["", paint(head), ...lines.map((line) => `  ${line}`)];
}

const sayVerdict = ({ text, before, after, summary }: VerdictChange) =>
  `${visible(text)}: ${before === "absent" ? `new, ${after}` : after === "absent" ? `was ${before}, is gone` : `${before} -> ${after}`}: ${visible(summary)}`;

function rows(changes: readonly Change[]): readonly string[] {
  const width = Math.max(0, ...changes.map(({ of }) => widthOf(visible(of))));
  return changes.map(({ of, unit, before, after }) => {
    const by =
      before === null || after === null || before === 0 ? "" : `  (${signed(((after - before) / before) * 100)} %)`;
    return `${fit(visible(of), width)}  ${figure(before, unit)} -> ${figure(after, unit)}${by}`;
  });
}

const SAID: Readonly<Record<Unit, (n: number) => string>> = {
  ms: (n) => (n < 100 ? `${Number(n.toFixed(1))} ms` : formatDuration(n)),
  recovery: formatDuration,
  "/s": (n) => `${Number(n.toFixed(1))}/s`,
  "%": (n) => `${Number(n.toFixed(2))} %`,
};

const figure = (n: number | null, unit: Unit) => (n === null ? "never" : SAID[unit](n));

const signed = (n: number) => `${n > 0 ? "+" : ""}${Math.round(n).toLocaleString("en")}`;
