// Every shipped scenario passes on the embedded runtime, and judging its run again says the same.
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { repository, sandbox } from "../support/cli.ts";

const scenarios = fs.readdirSync(path.join(repository, "scenarios")).filter((file) => file.endsWith(".yaml"));

interface RunFacts {
  verdict: string;
  directory: string;
  verdicts: readonly { name: string; valid: unknown; summary: string }[];
}

describe("shipped scenarios on the embedded runtime", () => {
  it.each(scenarios)("%s passes, and its run judged again says the same", async (file) => {
    await using box = sandbox();
    const end = await box.run("scenario", "run", path.join(repository, "scenarios", file), "--json");
    const facts = JSON.parse(end.stdout) as RunFacts;
    expect(facts.verdicts.filter((verdict) => verdict.valid !== true)).toEqual([]);
    expect(end.code).toBe(0);

    const again = JSON.parse((await box.run("check", facts.directory, "--json")).stdout) as RunFacts;
    expect(again.verdicts).toEqual(facts.verdicts);
    expect(await box.facts("status")).toEqual([]);
  });
});
