// One process at a time, also after a kill -9; and a lock of somebody who lives is never taken away.
import { once } from "node:events";
import fs from "node:fs";
import { describe, expect, it } from "vitest";
import { withLock, withLockAsync } from "../../src/stack/lock.ts";
import { DEAD, ownership } from "./ownership.ts";
import { killed, place } from "./place.ts";

describe("a lock between processes", () => {
  const here = place();

  it("lets in one at a time, also while locks of the dead are taken over", async () => {
    const [lock, file] = [here.file("lock"), here.file("number")];
    fs.writeFileSync(file, "0");
    const counter = ["count", lock, file, "150"];
    await here.runAll(counter, counter, counter);
    expect(fs.readFileSync(file, "utf8")).toBe("450");
  });

  it("is taken over when its holder was killed, and not a moment before", async () => {
    const lock = here.file("lock");
    const holder = here.spawn("hold", lock);
    await once(holder.stdout!, "data");
    await expect(withLockAsync(lock, ownership(), 50, async () => "in")).rejects.toMatchObject({
      message: `${lock} is held by process ${holder.pid}`,
      hint: "Wait for it, or end it, and try again.",
    });
    await killed(holder);
    expect(withLock(lock, ownership(), () => "in")).toBe("in");
    expect(fs.readdirSync(here.directory)).toEqual([]);
  });

  it("is taken over when somebody was killed while taking it over", () => {
    const lock = here.file("lock");
    fs.symlinkSync(JSON.stringify(DEAD), lock);
    fs.symlinkSync(JSON.stringify(DEAD), `${lock}.takeover`);
    expect(withLock(lock, ownership(), () => "in")).toBe("in");
    expect(fs.readdirSync(here.directory)).toEqual([]);
  });

  it("is not this process's because a pid came round again", () => {
    const lock = here.file("lock");
    const mine = ownership();
    const reborn = { me: mine.me, alive: (owner: { started: string }) => owner.started === mine.me.started };
    fs.symlinkSync(JSON.stringify({ pid: process.pid, started: "in another life" }), lock);
    expect(withLock(lock, reborn, () => "in")).toBe("in");
  });
});

describe("a lock that names no owner", () => {
  const here = place();

  it("is left alone for two seconds, and then taken away", async () => {
    const lock = here.file("lock");
    const nameless: [string, () => void][] = [
      ["a file", () => fs.writeFileSync(lock, "")],
      ["a link to something else", () => fs.symlinkSync("elsewhere", lock)],
      ["a link that holds another value", () => fs.symlinkSync("7", lock)],
    ];
    for (const [what, make] of nameless) {
      make();
      const refused = withLockAsync(lock, ownership(), 50, async () => {});
      await expect(refused, what).rejects.toThrow(/held by another process/);
      const longAgo = new Date(Date.now() - 2_500);
      fs.lutimesSync(lock, longAgo, longAgo);
      expect(
        withLock(lock, ownership(), () => "in"),
        what,
      ).toBe("in");
    }
  });
});

describe("work under a lock", () => {
  const here = place();

  it("returns its value, hands on its error, and gives the lock back either way", async () => {
    const lock = here.file("lock");
    const broken = () => {
      throw new Error("the work failed");
    };
    expect(withLock(lock, ownership(), () => 7)).toBe(7);
    expect(() => withLock(lock, ownership(), broken)).toThrow("the work failed");
    expect(await withLockAsync(lock, ownership(), 0, async () => 8)).toBe(8);
    await expect(withLockAsync(lock, ownership(), 0, async () => broken())).rejects.toThrow("the work failed");
    expect(fs.readdirSync(here.directory)).toEqual([]);
  });

  it("is told at once when it takes its own lock again, instead of waiting for itself", () => {
    const lock = here.file("lock");
    const again = () => withLock(lock, ownership(), () => {});
    expect(() => withLock(lock, ownership(), again)).toThrow(/held by this very process/);
    expect(fs.readdirSync(here.directory)).toEqual([]);
  });

  it("that awaits has its turn after other work of this process", async () => {
    const lock = here.file("lock");
    const order: string[] = [];
    const work = (name: string) =>
      withLockAsync(lock, ownership(), 5_000, async () => {
        order.push(`${name} in`);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(`${name} out`);
      });
    await Promise.all([work("a"), work("b")]);
    expect(order).toEqual(["a in", "a out", "b in", "b out"]);
  });

  it("does not mind that `down` removed the directory meanwhile; the next one is told", () => {
    const lock = here.file("lock");
    withLock(lock, ownership(), () => fs.rmSync(here.directory, { recursive: true }));
    expect(() => withLock(lock, ownership(), () => {})).toThrow(/is gone: the stack was ended by another command/);
  });
});
