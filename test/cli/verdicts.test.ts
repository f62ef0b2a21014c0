// A small scenario for every exit code, on one stack that stays up; `check` says the same of each run again.
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sandbox } from "../support/cli.ts";
import { ONE_REQUEST, scenarioFile } from "./bad-days.ts";

const box = sandbox();
beforeAll(async () => void (await box.facts("up", "--stack", "mine")));
afterAll(() => box[Symbol.asyncDispose]());

const play = (file: string) => box.run("scenario", "run", file, "--stack", "mine", "--json");
interface RunFacts {
  verdict: string;
  exitCode: number;
  directory: string;
}

describe("exit codes", () => {
  it.each([
    ["passed", 0, ONE_REQUEST],
    ["failed", 1, ["steps:", "  - request: GET /us/health", "    expect: { served-by: backend-eu }"]],
    ["errored", 2, ["timeout: 500ms", "steps:", "  - wait: 1m"]],
    [
      "inconclusive",
      3,
      [
        "steps:",
        "  - when: lag(eu) > 50s",
        "    within: 300ms",
        "    request: GET /us/health",
        "    expect: { status: 200 }",
      ],
    ],
  ] as const)("%s is %i", async (verdict, exitCode, lines) => {
    const { code, stdout, stderr } = await play(scenarioFile(box, verdict, ...lines));
    expect({ code, stderr }).toEqual({ code: exitCode, stderr: "" });
    const run = JSON.parse(stdout) as RunFacts;
    expect(run).toMatchObject({ verdict, exitCode });
    const again = await box.run("check", run.directory, "--json");
    expect(again.code).toBe(exitCode);
    expect(JSON.parse(again.stdout)).toMatchObject({ verdict, exitCode });
  });

  it("several scenarios: the worst counts, and each is reported", async () => {
    const files = [
      scenarioFile(box, "failing", "steps:", "  - request: GET /us/health", "    expect: { status: 404 }"),
      scenarioFile(box, "passing", ...ONE_REQUEST),
    ];
    const { code, stdout } = await box.run("scenario", "run", ...files, "--stack", "mine", "--json");
    expect(code).toBe(1);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as RunFacts).verdict),
    ).toEqual(["failed", "passed"]);
  });

  it("a run that was torn off is judged by what stands there", async () => {
    const { stdout } = await play(scenarioFile(box, "torn", ...ONE_REQUEST));
    const { directory } = JSON.parse(stdout) as RunFacts;
    const file = path.join(directory, "events.ndjson");
    const text = fs.readFileSync(file, "utf8");
    fs.writeFileSync(file, text.slice(0, -20)); // in the middle of the last event, which is the end
    const { code, stdout: said } = await box.run("check", directory);
    expect(code).toBe(2);
    expect(said).toContain("the history stops without an end");
  });
});
