// A scenario that could not be played is reported, too: a CI that hears nothing of it takes it for passed.
import { judged } from "../../archive.ts";
import type { Happening } from "../../model/event.ts";
import type { Run } from "../../model/run.ts";
import type { LoadedScenario } from "../files.ts";
import { moreOf } from "../trouble.ts";

/** A history of two events, that says why there is no more of it. */
export function unplayed({ scenario, topology }: LoadedScenario, error: unknown): Run {
  const message = error instanceof Error ? error.message : String(error);
  const happenings: readonly Happening[] = [
    {
      type: "run",
      id: `${scenario.name}-unplayed`,
      scenario,
      topology,
      runtime: "none",
      versions: {},
      startedAt: new Date().toISOString(),
    },
    { type: "end", reason: "errored", error: message },
  ];
  const run = judged(
    "",
    happenings.map((happening, i) => ({ ...happening, seq: i + 1, at: 0 })),
  );
  // Of what was never played nothing else can be said.
  const verdicts = run.verdicts.filter(({ name }) => name === "ended");
  return { ...run, verdicts: verdicts.map((one) => ({ ...one, story: moreOf(error) })), verdict: "errored" };
}
