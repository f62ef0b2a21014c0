// A checker that cannot fail proves nothing: backends that are broken on purpose, one promise each, and a shipped scenario must
// catch every one of them, with the right expectation. That the same scenarios pass otherwise is shown by shipped.test.ts.
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { BROKEN, type Broken } from "../../src/backend/broken.ts";
import { repository, sandbox } from "../support/cli.ts";

interface Caught {
  /** The shipped scenario. */
  scenario: string;
  /** The expectations that must fail, besides whatever else does. */
  by: readonly string[];
}

const CAUGHT: Readonly<Record<Broken, Caught>> = {
  "ack-before-commit": { scenario: "failover", by: ["no-lost-writes"] },
  "publish-before-commit": { scenario: "failover", by: ["converges"] },
  "skip-dedup": { scenario: "idempotency", by: ["no-duplicates"] },
  "drop-event": { scenario: "smoke", by: ["converges"] },
  "arrival-order": { scenario: "concurrent-conflict", by: ["converges"] },
  "no-stamps": { scenario: "concurrent-conflict", by: ["no-lost-writes"] },
  "remember-before-effect": { scenario: "idempotency", by: ["no-lost-writes"] },
  "relay-by-greatest-id": { scenario: "smoke", by: ["converges"] },
  "lag-lies": { scenario: "node-kills", by: ["lag"] },
  "stale-read-after-failover": { scenario: "sessions-failover", by: ["read-your-writes", "monotonic-reads"] },
  "lagging-replica": { scenario: "linearizable-home", by: ["linearizable"] },
  "non-atomic-idempotency": { scenario: "idempotency", by: ["no-duplicates"] },
};

interface Facts {
  verdict: string;
  verdicts: readonly { name: string; valid: unknown; summary: string; evidence: readonly number[]; line?: number }[];
}

describe("a deliberately broken backend on the embedded runtime", () => {
  const cases = Object.entries(CAUGHT).map(([word, { scenario, by }]) => ({ word: word as Broken, scenario, by }));

  it.each(cases)("$word is caught by $by of $scenario", async ({ word, scenario, by }) => {
    await using box = sandbox();
    const file = brokenCopy(box.directory, scenario, word);
    const end = await box.run("scenario", "run", file, "--json");
    const facts = JSON.parse(end.stdout) as Facts;
    const failed = facts.verdicts.filter((verdict) => verdict.valid === false);
    for (const name of by) {
      const caught = failed.filter((verdict) => verdict.name === name && verdict.line !== undefined);
      expect(caught, `what failed: ${BROKEN[word]}\n${JSON.stringify(failed, null, 1)}`).not.toEqual([]);
      expect(caught.flatMap(({ evidence }) => evidence)).not.toEqual([]);
    }
    expect(end.code, end.stderr).toBe(1);
  });
});

/** The shipped scenario and topology, with every backend broken. */
function brokenCopy(directory: string, scenario: string, word: Broken): string {
  const shipped = path.join(repository, "compose");
  const compose = fs
    .readFileSync(path.join(shipped, "property.yaml"), "utf8")
    .replaceAll("CONFLICTS: hybrid-clock", `CONFLICTS: hybrid-clock\n      BROKEN: ${word}`)
    .replaceAll("../seeds/", `${repository}/seeds/`)
    .replaceAll("./property.", `${shipped}/property.`);
  fs.writeFileSync(path.join(directory, "broken.yaml"), compose);
  const text = fs
    .readFileSync(path.join(repository, "scenarios", `${scenario}.yaml`), "utf8")
    .replace(/topology: (\{ file: )?property/, "topology: $1./broken.yaml");
  const file = path.join(directory, "scenario.yaml");
  fs.writeFileSync(file, text);
  return file;
}
