// What `npm run parity` plays: all that is shipped.
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { repository, sandbox } from "../support/cli.ts";

describe("shipped scenarios", () => {
  it("say in one sentence what each of them teaches, and are called as their files", async () => {
    const files = fs.readdirSync(path.join(repository, "scenarios")).filter((file) => file.endsWith(".yaml"));
    await using box = sandbox();
    const listed = await box.facts<readonly { name: string; about?: string }[]>("scenario", "list");
    const shipped = listed.filter(({ name }) => files.includes(`${name}.yaml`));
    expect(shipped.map(({ name }) => `${name}.yaml`).toSorted()).toEqual(files.toSorted());
    expect(shipped.filter(({ about }) => about === undefined || !about.endsWith("."))).toEqual([]);
  });
});
