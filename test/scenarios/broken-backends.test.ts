// A checker that cannot fail proves nothing: backends that are broken on purpose, and the shipped scenario must catch each of
// them, with the right expectation.
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { repository, sandbox } from "../support/cli.ts";

/** What is broken -> the expectations of which at least one must fail, and what must not be blamed. */
const BROKEN: readonly { word: string; scenario: string; caughtBy: readonly string[] }[] = [
  { word: "ack-before-commit", scenario: "failover", caughtBy: ["no-lost-writes"] },
  { word: "skip-dedup", scenario: "failover", caughtBy: ["no-duplicates"] },
  { word: "drop-event", scenario: "failover", caughtBy: ["converges", "steps"] },
];

interface Facts {
  verdict: string;
  verdicts: readonly { name: string; valid: unknown; summary: string }[];
}

describe("a deliberately broken backend on the embedded runtime", () => {
  it.each(BROKEN)("$word is caught by $caughtBy", async ({ word, scenario, caughtBy }) => {
    await using box = sandbox();
    const file = brokenCopy(box.directory, scenario, word);
    const end = await box.run("scenario", "run", file, "--json");
    const facts = JSON.parse(end.stdout) as Facts;
    const failed = facts.verdicts.filter((verdict) => verdict.valid === false).map((verdict) => verdict.name);
    expect(end.code, end.stderr).toBe(1);
    expect(failed.filter((name) => caughtBy.includes(name))).not.toEqual([]);
  });
});

/** The shipped scenario and topology, with every backend broken. */
function brokenCopy(directory: string, scenario: string, word: string): string {
  const compose = fs
    .readFileSync(path.join(repository, "compose/property.yaml"), "utf8")
    .replaceAll("CONFLICTS: hybrid-clock", `CONFLICTS: hybrid-clock\n      BROKEN: ${word}`)
    .replaceAll("../seeds/", `${repository}/seeds/`)
    .replaceAll("./property.workloads.yaml", `${repository}/compose/property.workloads.yaml`)
    .replaceAll("./property.nginx.conf", `${repository}/compose/property.nginx.conf`);
  fs.writeFileSync(path.join(directory, "broken.yaml"), compose);
  const text = fs
    .readFileSync(path.join(repository, "scenarios", `${scenario}.yaml`), "utf8")
    .replace("topology: property", "topology: ./broken.yaml");
  const file = path.join(directory, "scenario.yaml");
  fs.writeFileSync(file, text);
  return file;
}
