// The same facts for programs: one object per run.
import { runOf } from "../model/event.ts";
import type { Run } from "../model/run.ts";
import { EXIT } from "../model/verdict.ts";

export function json(run: Run): string {
  const { scenario, topology, runtime, versions, startedAt } = runOf(run.history);
  return JSON.stringify({
    id: run.id,
    scenario: scenario.name,
    file: scenario.file,
    topology: topology.name,
    runtime,
    seed: scenario.seed,
    startedAt,
    durationMs: Math.round(run.history.at(-1)!.at - run.history[0]!.at),
    versions,
    verdict: run.interrupted ? "interrupted" : run.verdict,
    exitCode: run.interrupted ? EXIT.interrupted : EXIT[run.verdict],
    directory: run.directory,
    verdicts: run.verdicts,
  });
}
