// Verdicts point at events by number, and a history that somebody else wrote has none: where each of them stands in its file.
import type { Run } from "../../model/run.ts";
import { consequence } from "../../model/verdict.ts";

const MOST = 12;

/** Of what did not pass; nothing when all did. */
export function evidenceLines(
  { verdicts }: Run,
  file: string,
  placeOf: (seq: number) => string | undefined,
): readonly string[] {
  const bad = verdicts.filter((verdict) => consequence(verdict) !== "passed");
  const said = bad.flatMap(({ story = [] }) => story.flatMap(eventsNamed));
  const numbers = [...new Set([...said, ...bad.flatMap(({ evidence }) => evidence)])].slice(0, MOST);
  const placed = numbers
    .toSorted((a, b) => a - b)
    .flatMap((seq) => {
      const place = placeOf(seq);
      return place === undefined ? [] : [`#${seq} ${place}`];
    });
  return placed.length === 0 ? [] : [`events in ${file}: ${placed.join(", ")}`];
}

/** "(event 12)", "(events 12 and 14)". */
function eventsNamed(sentence: string): readonly number[] {
  return [...sentence.matchAll(/\bevents? ((?:\d+(?:, | and )?)+)/g)].flatMap(([, list]) =>
    [...list!.matchAll(/\d+/g)].map(([number]) => Number(number)),
  );
}
