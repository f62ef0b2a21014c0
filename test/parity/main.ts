// `npm run parity [-- failover smoke] [--report FILE]`: every shipped scenario, or those named, on both runtimes, one after the
// other. The same file must come to the same verdicts; a difference is a defect of one of the two.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { selectScenarios } from "../../src/commands/select.ts";
import { UsageError } from "../../src/model/problem.ts";
import { EXIT } from "../../src/model/verdict.ts";
import { docker } from "../../src/runtimes/docker/cluster.ts";
import { repository } from "../support/cli.ts";
import { type Compared, compare, countsOf, isGood, storyOf, tableOf } from "./compare.ts";
import { play, type RuntimeName } from "./play.ts";

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof UsageError) && !isArgumentError(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  return EXIT.usage;
});

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: { report: { type: "string" } }, allowPositionals: true });
  const chosen = selectScenarios(positionals.length > 0 ? positionals : [path.join(repository, "scenarios")], {});

  // Half of a comparison is none: without an engine nothing is played.
  for (const { scenario, topology } of chosen) {
    const reason = await docker().unavailable(topology);
    if (reason === undefined) continue;
    process.stderr.write(`parity: scenario "${scenario.name}" cannot be played on Docker: ${reason}\n`);
    return EXIT.errored;
  }

  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort());
  const out = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-parity-"));
  const all: Compared[] = [];
  try {
    for (const [i, { scenario }] of chosen.entries()) {
      const { name, file } = scenario;
      const on = async (runtime: RuntimeName) => {
        say(`${i + 1}/${chosen.length} ${name} on ${runtime} ...`);
        const played = await play({ file, runtime, out, signal: interrupted.signal });
        say(
          `${i + 1}/${chosen.length} ${name} on ${runtime}: ${played.verdict} ${(played.tookMs / 1_000).toFixed(1)} s`,
        );
        return played;
      };
      const embedded = await on("embedded");
      if (interrupted.signal.aborted) return EXIT.interrupted;
      const inDocker = await on("docker");
      if (interrupted.signal.aborted) return EXIT.interrupted;
      const compared = compare(name, [embedded, inDocker]);
      all.push(compared);
      for (const line of storyOf([compared])) say(`  ${line}`);
      settle(compared);
    }
  } finally {
    fs.rmSync(out, { recursive: true, force: true });
    if (values.report !== undefined) fs.writeFileSync(values.report, `${JSON.stringify(countsOf(all))}\n`);
  }

  const story = storyOf(all);
  const ending = story.length === 0 ? `${all.length} scenarios, the same verdicts on both runtimes` : story.join("\n");
  process.stdout.write(`\n${tableOf(all)}\n\n${ending}\n`);
  return story.length === 0 ? EXIT.passed : EXIT.failed;
}

/** Runs that agree have nothing more to tell; the others are kept where runs are. */
function settle(compared: Compared): void {
  for (const { directory, runtime } of compared.plays) {
    if (directory === undefined) continue;
    if (!isGood(compared)) {
      const kept = path.join(process.cwd(), "runs", `${path.basename(directory)}-${runtime}`);
      fs.cpSync(directory, kept, { recursive: true });
      say(`  kept: regionctl check ${path.relative(process.cwd(), kept)}`);
    }
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

function say(line: string): void {
  process.stderr.write(`parity: ${line}\n`);
}

function isArgumentError(error: unknown): error is Error {
  return error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS");
}
