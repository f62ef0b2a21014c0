// regionctl check RUN | HISTORY: judges a saved run again, or what the clients of any other system saw; from the history alone.
import fs from "node:fs";
import path from "node:path";
import { Command } from "commander";
import { judged, readHistory } from "../archive.ts";
import { loadHistory } from "../archive/history.ts";
import type { Event } from "../model/event.ts";
import { UsageError } from "../model/problem.ts";
import type { Run } from "../model/run.ts";
import { EXIT } from "../model/verdict.ts";
import { paintFor } from "../reporters/paint.ts";
import { askedOf, type Asking, expectFromOption, expectOption } from "./check/expectations.ts";
import { evidenceLines } from "./check/evidence.ts";
import { vocabulary } from "./files.ts";
import { openReports, reporterOption, type ReportOptions } from "./reports.ts";

export function check(): Command {
  return new Command("check")
    .description("Judge a saved run again, or the history of any other system, with other expectations if you like.")
    .argument(
      "<run>",
      "a run directory, or a history (HISTORY.json, HISTORY.ndjson; docs/history.md says how to write one)",
    )
    .addOption(expectOption())
    .addOption(expectFromOption())
    .addOption(reporterOption())
    .option("--json", "print the verdicts as JSON, as --reporter json")
    .addHelpText(
      "after",
      `
Examples:
  regionctl check runs/failover-20260101-120000-a1b2
  regionctl check runs/failover-20260101-120000-a1b2 --expect 'no-lost-writes: { losers: refused }'
  regionctl check runs/failover-20260101-120000-a1b2 --expect-from stricter.yaml --reporter junit=out/junit.xml
  regionctl check history.json --expect 'linearizable: { region: us }'
  regionctl schema history > history.schema.json`,
    )
    .action((reference: string, options: Asking & ReportOptions) => {
      const run = isFile(reference) ? checkHistory(reference, options) : checkRun(reference, options);
      process.exitCode = run.interrupted ? EXIT.interrupted : EXIT[run.verdict];
    });
}

const isFile = (reference: string) =>
  /\.(json|ndjson|jsonl)$/.test(reference) || fs.statSync(reference, { throwIfNoEntry: false })?.isFile() === true;

function checkRun(directory: string, options: Asking & ReportOptions): Run {
  const reports = openReports(options);
  const run = judged(path.resolve(directory), asAsked(readHistory(directory), options));
  reports.add(run, directory);
  reports.end();
  return run;
}

/** The same history, as if its scenario had expected something else. */
function asAsked(history: readonly Event[], options: Asking): readonly Event[] {
  const [first, ...rest] = history;
  if (first?.type !== "run") return history;
  const asked = askedOf(options, first.topology);
  if (asked === undefined) return history;
  return [{ ...first, scenario: { ...first.scenario, ...asked } }, ...rest];
}

function checkHistory(file: string, options: Asking & ReportOptions): Run {
  if (path.basename(file) === "events.ndjson")
    throw new UsageError(`${file} is the event log of a run: regionctl check ${path.dirname(file)}`);
  const reports = openReports(options);
  const { run, placeOf } = loadHistory(file, {
    vocabulary,
    asked: (topology) => askedOf(options, topology)?.expect,
    colour: paintFor("stderr").level > 0,
  });
  reports.add(run);
  reports.end();
  if (reports.forPeople) for (const line of evidenceLines(run, file, placeOf)) process.stdout.write(`${line}\n`);
  return run;
}
