// Faults begin, prove themselves and end: by time, by `start`, by `heal`, in another shell, after a crash.
import { describe, expect, it } from "vitest";
import { kill, pause, shell } from "./shell.ts";

/** Settled or not, without waiting. */
async function isOver(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol("open");
  const now = new Promise((resolve) => setImmediate(resolve, open));
  return (await Promise.race([promise.catch(() => {}), now])) !== open;
}

describe("a fault", () => {
  it("begins, is in force and proved, and ends", async () => {
    const { faults, cluster, note, clock } = shell();
    await clock.advance(1_500);
    const fault = await faults.begin(kill("backend-us"));
    expect(fault).toEqual({ id: "kill backend-us", ...kill("backend-us"), since: 1_500, until: undefined });
    expect(faults.active()).toEqual([fault]);
    expect(cluster.troubled()).toEqual({ "backend-us": "down" });
    await faults.end([fault.id], "start");
    expect(note.story()).toEqual([
      "begun kill backend-us",
      "backend-us down",
      "proved kill backend-us: true",
      "backend-us starting",
      "backend-us up",
      "ended kill backend-us by start: backend-us",
    ]);
    expect(faults.active()).toEqual([]);
    expect(cluster.troubled()).toEqual({});
  });

  it("that does not take effect says so", async () => {
    const { faults, cluster, note } = shell();
    cluster.node("db-us").stubborn = true;
    await faults.begin(kill("db-us", "db-eu"));
    const proof = note.events.find((event) => event.type === "fault" && event.phase === "proved");
    expect(proof).toMatchObject({
      effective: false,
      measured: expect.stringMatching(/^db-us has no process, but still answers; db-eu has no process, no answer/),
    });
  });

  it("has an id that no other fault of this history has", async () => {
    const { faults } = shell();
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) {
      ids.push((await faults.begin(kill("db-us"))).id, (await faults.begin(pause("db-us"), { id: "freeze" })).id);
      await faults.heal();
    }
    ids.push((await faults.begin(kill("db-us"))).id);
    expect(ids).toEqual(["kill db-us", "freeze", "kill db-us #2", "freeze #2", "kill db-us #3"]);
  });

  it("does not take the id of a fault that another shell began", async () => {
    const mine = shell();
    await mine.anotherShell().faults.begin(kill("db-us"));
    expect((await mine.faults.begin(kill("db-us"))).id).toBe("kill db-us #2");
  });

  it("whose nodes cannot be brought into it stays on the list, so that heal finds it", async () => {
    const { faults, cluster } = shell();
    cluster.before = () => {
      throw new Error("the kill failed");
    };
    await expect(faults.begin(kill("db-us"), { forMs: 100 })).rejects.toThrow("the kill failed");
    expect(faults.active()).toHaveLength(1);
    cluster.before = () => {};
    await faults.heal();
    expect(faults.active()).toEqual([]);
  });
});

describe("overlapping faults", () => {
  it("leave the graver of the rest when one ends", async () => {
    const { faults, cluster } = shell();
    const killed = await faults.begin(kill("backend-us"));
    const paused = await faults.begin(pause("backend-us"));
    const again = await faults.begin(kill("backend-us"));
    expect(cluster.troubled()).toEqual({ "backend-us": "down" });
    await faults.end([killed.id], "heal");
    expect(cluster.troubled()).toEqual({ "backend-us": "down" });
    await faults.end([again.id], "heal");
    expect(cluster.troubled()).toEqual({ "backend-us": "paused" });
    await faults.end([paused.id], "heal");
    expect(cluster.troubled()).toEqual({});
    expect(cluster.moves).toEqual(["kill backend-us", "start backend-us", "pause backend-us", "resume backend-us"]);
  });

  it("end one by one where only some of the targets are released", async () => {
    const { faults, cluster, note } = shell();
    await faults.begin(kill("backend-us", "backend-eu"), { id: "both" });
    await faults.release(["backend-us"], ["kill", "stop"], "start");
    expect(cluster.troubled()).toEqual({ "backend-eu": "down" });
    expect(faults.active()).toMatchObject([{ id: "both", targets: ["backend-eu"] }]);
    await faults.release(["backend-eu", "kafka"], ["kill", "stop"], "start");
    expect(cluster.troubled()).toEqual({});
    expect(faults.active()).toEqual([]);
    expect(note.story().filter((line) => line.startsWith("ended"))).toEqual([
      "ended both by start: backend-us",
      "ended both by start: backend-eu",
    ]);
  });

  it("of another kind are not released", async () => {
    const { faults, cluster } = shell();
    await faults.begin(kill("kafka"));
    await faults.begin(pause("kafka"));
    await faults.release(["kafka"], ["kill", "stop"], "start");
    expect(cluster.troubled()).toEqual({ kafka: "paused" });
  });
});

describe("`for`", () => {
  it("ends the fault when the time is over, and not before", async () => {
    const { faults, cluster, clock, note } = shell();
    const fault = await faults.begin(kill("backend-us"), { forMs: 2_000 });
    expect(fault.until).toBe(2_000);
    const timed = faults.timed();
    await clock.advance(1_999);
    expect(cluster.troubled()).toEqual({ "backend-us": "down" });
    expect(await isOver(timed)).toBe(false);
    await clock.advance(1);
    await timed;
    expect(cluster.troubled()).toEqual({});
    expect(note.story().at(-1)).toBe("ended kill backend-us by time: backend-us");
    expect(note.events.at(-1)!.at).toBe(2_000);
  });

  it("counts from the wish, however long it took to come into force", async () => {
    const { faults, cluster, clock } = shell();
    cluster.before = (move) => (move === "stop" ? clock.sleep(1_500) : undefined);
    const begun = faults.begin({ kind: "stop", targets: ["db-us"], parameters: { graceMs: 5_000 } }, { forMs: 2_000 });
    await clock.advance(1_500);
    await begun;
    expect(cluster.troubled()).toEqual({ "db-us": "down" });
    await clock.advance(500);
    await faults.timed();
    expect(cluster.troubled()).toEqual({});
  });

  it("is over at once when the fault is ended by hand, and nothing ends twice", async () => {
    for (const endEarly of ["heal", "start"] as const) {
      const { faults, clock, note } = shell();
      await faults.begin(kill("backend-us"), { forMs: 60_000 });
      const timed = faults.timed();
      await (endEarly === "heal" ? faults.heal() : faults.release(["backend-us"], ["kill"], "start"));
      await timed;
      expect(clock.asleep()).toBe(0);
      await clock.advance(60_000);
      expect(note.story().filter((line) => line.startsWith("ended"))).toEqual([
        `ended kill backend-us by ${endEarly}: backend-us`,
      ]);
    }
  });

  it("goes on for the targets that were not released", async () => {
    const { faults, cluster, clock } = shell();
    await faults.begin(kill("backend-us", "db-us"), { forMs: 1_000 });
    await faults.release(["backend-us"], ["kill"], "start");
    const timed = faults.timed();
    expect(await isOver(timed)).toBe(false);
    expect(cluster.troubled()).toEqual({ "db-us": "down" });
    await clock.advance(1_000);
    await timed;
    expect(cluster.troubled()).toEqual({});
  });

  it("is waited for by timed() for every fault, and an end that failed is told there", async () => {
    const { faults, cluster, clock } = shell();
    await faults.begin(kill("backend-us"), { forMs: 1_000 });
    await faults.begin(kill("db-us"), { forMs: 3_000 });
    cluster.before = (move, node) => {
      if (move === "start" && node === "backend-us") throw new Error("backend-us does not start");
    };
    await clock.advance(3_000);
    await expect(faults.timed()).rejects.toThrow("backend-us does not start");
    expect(cluster.troubled()).toEqual({ "backend-us": "down" });
    expect(await faults.leftovers()).toEqual(["backend-us is down, it should be up"]);
    cluster.before = () => {};
    await faults.heal();
    expect(await faults.leftovers()).toEqual([]);
  });

  it("waits for the nodes also when another shell was quicker", async () => {
    const { faults, cluster, clock, store } = shell();
    const fault = await faults.begin(kill("backend-us"), { forMs: 1_000 });
    store.change((active) => active.filter(({ id }) => id !== fault.id)); // the other one has not started the node yet
    await clock.advance(1_000);
    await faults.timed();
    expect(cluster.troubled()).toEqual({});
  });

  it("gives up with the reason when the run is interrupted", async () => {
    const { faults, interrupt, cluster } = shell();
    await faults.begin(kill("backend-us"), { forMs: 60_000 });
    interrupt.abort(new Error("Ctrl-C"));
    await expect(faults.timed()).rejects.toThrow("Ctrl-C");
    expect(cluster.troubled()).toEqual({ "backend-us": "down" });
    await faults.heal(); // clean-up works after an interrupt
    expect(cluster.troubled()).toEqual({});
  });
});

describe("after a crash", () => {
  it("the next command ends what is over, and leaves what is not", async () => {
    const crashed = shell();
    await crashed.faults.begin(kill("backend-us"), { forMs: 1_000 });
    await crashed.faults.begin(kill("db-us"), { forMs: 9_000 });
    await crashed.faults.begin(kill("kafka"));
    crashed.interrupt.abort(new Error("kill -9"));
    crashed.store.abandon();
    await crashed.clock.advance(1_000);
    const next = crashed.anotherShell();
    await next.faults.expire();
    expect(next.cluster.troubled()).toEqual({ "db-us": "down", kafka: "down" });
    expect(next.note.story()).toEqual([
      "backend-us starting",
      "backend-us up",
      "ended kill backend-us by time: backend-us",
    ]);
    await next.faults.expire();
    expect(next.note.story()).toHaveLength(3);
  });

  it("leaves to whoever lives what they began: it may be over before they have measured it", async () => {
    const slow = shell();
    const other = slow.anotherShell();
    slow.cluster.before = async (move) => {
      if (move !== "kill") return;
      await slow.clock.advance(1_000);
      await other.faults.expire();
    };
    await slow.faults.begin(kill("backend-us"), { forMs: 100 });
    const timed = slow.faults.timed();
    await slow.clock.advance(0);
    await timed;
    expect(slow.note.story()).toEqual([
      "begun kill backend-us",
      "backend-us down",
      "proved kill backend-us: true",
      "backend-us starting",
      "backend-us up",
      "ended kill backend-us by time: backend-us",
    ]);
    expect(other.note.story()).toEqual([]);
  });
});

describe("heal", () => {
  it("ends every fault, also those of other shells, and is harmless the second time", async () => {
    const { faults, cluster, note, anotherShell } = shell();
    await faults.begin(kill("backend-us"));
    await anotherShell().faults.begin(pause("kafka"));
    await faults.heal();
    expect(faults.active()).toEqual([]);
    expect(cluster.troubled()).toEqual({});
    const moves = cluster.moves.length;
    const events = note.events.length;
    await faults.heal();
    expect([cluster.moves.length, note.events.length]).toEqual([moves, events]);
  });

  it("starts a node that died by itself, and tries every node before it rejects", async () => {
    const { faults, cluster } = shell();
    await faults.begin(kill("backend-us"));
    cluster.node("db-eu").state = "down";
    cluster.before = (_move, node) => {
      if (node === "backend-us") throw new Error("backend-us does not start");
    };
    await expect(faults.heal()).rejects.toThrow("backend-us does not start");
    expect(cluster.troubled()).toEqual({ "backend-us": "down" });
  });

  it("empties the list also of a fault that has no target", async () => {
    const { faults } = shell();
    await faults.begin(kill());
    expect(faults.active()).toHaveLength(1);
    await faults.heal();
    expect(faults.active()).toEqual([]);
  });
});

describe("what is left", () => {
  it("is every fault that is active and every node that is not as the topology says", async () => {
    const { faults, cluster } = shell();
    expect(await faults.leftovers()).toEqual([]);
    await faults.begin(kill("backend-us"));
    cluster.node("kafka").state = "paused";
    expect(await faults.leftovers()).toEqual([
      "kill backend-us is still active",
      "backend-us is down, it should be up",
      "kafka is paused, it should be up",
    ]);
    await faults.heal();
    expect(await faults.leftovers()).toEqual([]);
  });

  it("does not take a node that is being moved for one that died", async () => {
    const { faults, cluster } = shell();
    const seen: boolean[] = [];
    cluster.before = (_move, node) => void seen.push(faults.moving(node));
    await faults.begin(kill("db-us"));
    await faults.heal();
    expect(seen).toEqual([true, true]);
    expect(faults.moving("db-us")).toBe(false);
  });
});

describe("who looks before a fault ends", () => {
  it("sees it still in force, whoever ends it, also in part", async () => {
    const { faults, cluster, clock } = shell();
    const seen: string[] = [];
    faults.beforeEnd(async (ending) => {
      seen.push(`${ending.map(({ id }) => id).join()}: ${Object.keys(cluster.troubled()).join()}`);
    });
    await faults.begin(kill("backend-us"), { forMs: 1_000 });
    await faults.begin(pause("db-us", "db-eu"));
    await clock.advance(1_000);
    await faults.release(["db-us"], ["pause"], "resume");
    await faults.heal();
    await faults.heal(); // nothing is left to end
    expect(seen).toEqual([
      "kill backend-us: backend-us,db-us,db-eu",
      "pause db-us db-eu: db-us,db-eu",
      "pause db-us db-eu: db-eu",
    ]);
  });

  it("keeps nothing broken when it fails, which is told afterwards", async () => {
    const { faults, cluster } = shell();
    faults.beforeEnd(() => Promise.reject(new Error("the disk is full")));
    await faults.begin(kill("backend-us"));
    await expect(faults.heal()).rejects.toThrow("the disk is full");
    expect(cluster.troubled()).toEqual({});
    expect(faults.active()).toEqual([]);
  });
});

describe("what runs beside the steps", () => {
  const forever = (signal: AbortSignal) =>
    new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));

  it("is waited for when it has an end, and told when it failed", async () => {
    const { faults, clock } = shell();
    faults.beside("storm", true, (signal) => clock.sleep(5_000, signal));
    faults.beside("endless", false, forever);
    const timed = faults.timed();
    await clock.advance(4_999);
    expect(await isOver(timed)).toBe(false);
    await clock.advance(1);
    await timed;
    faults.beside("broken", true, () => Promise.reject(new Error("it broke")));
    await expect(faults.timed()).rejects.toThrow("it broke");
  });

  it("is cut by its id, or by heal, which waits until it has stopped: no fault begins behind its back", async () => {
    for (const cut of ["end", "heal"] as const) {
      const { faults, cluster, clock } = shell();
      faults.beside("storm", false, async (signal) => {
        await forever(signal).catch(() => {});
        await clock.sleep(50); // in the middle of a beginning when it was cut
        await faults.begin(kill("backend-us"), { id: "last" });
      });
      const over = cut === "end" ? faults.end(["storm", "last"], "heal") : faults.heal();
      await clock.advance(50);
      await over;
      expect(faults.active()).toEqual([]);
      expect(cluster.troubled()).toEqual({});
    }
  });

  it("can wait for its own faults alone", async () => {
    const { faults, clock } = shell();
    const mine = await faults.begin(kill("backend-us"), { forMs: 1_000 });
    await faults.begin(kill("backend-eu"), { forMs: 9_000 });
    const over = faults.timed([mine.id]);
    await clock.advance(1_000);
    await over;
    expect(await isOver(faults.timed())).toBe(false);
  });
});
