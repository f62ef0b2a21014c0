// Keys that are pressed faster than things can be done.
import { describe, expect, it } from "vitest";
import { takingTurns } from "../../../src/commands/watch/turns.ts";

function working() {
  const turns = takingTurns();
  const told: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const take = (kind: "begins" | "ends", name: string) =>
    turns
      .take(kind, () => {
        told.push(`${name} begins`);
        return new Promise<string>((resolve, reject) => {
          ends.set(name, (error) => (error === undefined ? resolve(name) : reject(error)));
        });
      })
      .finally(() => told.push(`${name} is over`));
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const end = async (name: string, error?: Error) => {
    ends.get(name)!(error);
    await settled();
  };
  return { take, told, end, settled };
}

describe("what is asked for by key", () => {
  it("begins together; what ends it waits until all that was asked for before is done, and holds up what comes later", async () => {
    const { take, told, end, settled } = working();
    const all = [take("begins", "kill a"), take("begins", "kill b"), take("ends", "heal"), take("begins", "kill c")];
    await settled();
    expect(told).toEqual(["kill a begins", "kill b begins"]);
    await end("kill b");
    expect(told).not.toContain("heal begins");
    await end("kill a");
    expect(told.slice(4)).toEqual(["heal begins"]);
    await end("heal");
    expect(told.slice(5)).toEqual(["heal is over", "kill c begins"]);
    await end("kill c");
    expect(await Promise.all(all)).toEqual(["kill a", "kill b", "heal", "kill c"]);
  });

  it("goes on after what failed, which is told to whoever asked for it", async () => {
    const { take, told, end, settled } = working();
    const failing = take("begins", "kill a");
    const next = take("ends", "heal");
    const why = expect(failing).rejects.toThrow("it did not go");
    await settled();
    await end("kill a", new Error("it did not go"));
    await why;
    expect(told).toContain("heal begins");
    await end("heal");
    expect(await next).toBe("heal");
  });
});
