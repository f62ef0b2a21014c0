// Every shipped scenario passes on the embedded runtime, and judging its run again says the same.
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { repository, sandbox } from "../support/cli.ts";

const scenarios = fs.readdirSync(path.join(repository, "scenarios")).filter((file) => file.endsWith(".yaml"));

/** The longest takes a minute and a half; a busy machine needs more. */
const PATIENCE_MS = 240_000;

interface RunFacts {
  verdict: string;
  directory: string;
  verdicts: readonly { name: string; valid: unknown; summary: string; knownGap?: string }[];
}

describe("shipped scenarios on the embedded runtime", () => {
  it.each(scenarios)(
    "%s passes, and its run judged again says the same",
    async (file) => {
      await using box = sandbox();
      const end = await box.run("scenario", "run", path.join(repository, "scenarios", file), "--json");
      const facts = JSON.parse(end.stdout) as RunFacts;
      // What a known gap names must fail, or the gap is closed and the scenario tells a story of the past.
      const surprises = facts.verdicts.filter(({ valid, knownGap }) => valid !== (knownGap === undefined));
      expect(surprises).toEqual([]);
      expect(end.code).toBe(0);

      const again = JSON.parse((await box.run("check", facts.directory, "--json")).stdout) as RunFacts;
      expect(again.verdicts).toEqual(facts.verdicts);
      expect(await box.facts("status")).toEqual([]);
    },
    PATIENCE_MS,
  );

  it("says in one sentence what each of them teaches, and every scenario's name is its file's", async () => {
    await using box = sandbox();
    const listed = await box.facts<readonly { name: string; about?: string }[]>("scenario", "list");
    const shipped = listed.filter(({ name }) => scenarios.includes(`${name}.yaml`));
    expect(shipped.map(({ name }) => `${name}.yaml`).toSorted()).toEqual(scenarios.toSorted());
    expect(shipped.filter(({ about }) => about === undefined || !about.endsWith("."))).toEqual([]);
  });
});
