import { describe, expect, it } from "vitest";
import { judgeSoFar, standing } from "../../src/dashboard/standing.ts";
import type { Event } from "../../src/model/event.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { events, runBegun, type Told } from "./story.ts";

const verdict = (summary: string): Verdict => ({
  name: "available",
  text: "available",
  valid: true,
  summary,
  evidence: [],
  weight: "failed",
});

function watched(tookMs = 0) {
  const clock = virtualClock();
  let spent = 0;
  const history: Event[] = [];
  const judgedAt: number[] = [];
  let drawn = 0;
  const stand = standing(() => history, {
    clock: { ...clock, now: () => clock.now() + spent },
    judged: () => drawn++,
    judges(all) {
      judgedAt.push(clock.now());
      spent += tookMs;
      return [verdict(`${all.length} events`)];
    },
  });
  const summary = () => stand.verdicts()[0]?.summary;
  return {
    clock,
    history,
    judgedAt,
    stand,
    summary,
    drawn: () => drawn,
    grow: () => history.push(...events([0, runBegun])),
  };
}

describe("the expectations as they stand", () => {
  it("answer at once with what is known, and are judged beside, at most once a second", async () => {
    const { clock, judgedAt, summary, drawn, grow } = watched();
    grow();
    expect([summary(), judgedAt]).toEqual([undefined, []]);
    await clock.advance(0);
    expect([summary(), drawn()]).toEqual(["1 events", 1]);
    for (let i = 0; i < 40; i++) {
      grow();
      summary();
      await clock.advance(100);
    }
    expect(judgedAt).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
    expect(summary()).toBe("41 events");
  });

  it("are not judged again while nothing is new, and not at all while nobody asks", async () => {
    const { clock, judgedAt, summary, drawn, grow } = watched();
    grow();
    for (let i = 0; i < 50; i++) {
      summary();
      await clock.advance(100);
    }
    expect([judgedAt, drawn()]).toEqual([[0], 1]);
    grow();
    await clock.advance(10_000);
    expect(judgedAt).toEqual([0]);
    summary(); // asked once: the last word comes by itself
    await clock.advance(1_000);
    expect([summary(), drawn()]).toEqual(["2 events", 2]);
  });

  it("after a judging that took long they wait ten times as long", async () => {
    const { clock, judgedAt, summary, grow } = watched(200);
    for (let i = 0; i < 19; i++) {
      grow();
      summary();
      await clock.advance(100);
    }
    expect(judgedAt).toEqual([0]); // it took 200 ms: not before 2 s
    await clock.advance(3_600_000);
    expect(judgedAt.length).toBe(2);
  });

  it("are judged anew at once when the history has leapt, but for the share of the time", async () => {
    const { clock, judgedAt, stand, summary, grow } = watched(20);
    grow();
    summary();
    await clock.advance(100);
    grow();
    summary(); // would wait until a second is over
    stand.leapt();
    await clock.advance(99);
    expect(judgedAt).toEqual([0]);
    await clock.advance(1);
    expect([judgedAt, summary()]).toEqual([[0, 200], "2 events"]);
    stand.leapt(); // nobody asks
    await clock.advance(5_000);
    expect(judgedAt).toEqual([0, 200]);
  });

  it("of quite another time are not left to be read, where they cannot be judged anew at once", async () => {
    for (const [tookMs, left] of [
      [20, "1 events"],
      [200, undefined],
    ] as const) {
      const { clock, stand, summary, grow } = watched(tookMs);
      grow();
      summary();
      await clock.advance(0);
      grow();
      stand.leapt();
      expect(summary()).toBe(left);
      await clock.advance(10 * tookMs);
      expect(summary()).toBe("2 events");
    }
  });

  it("forget another history, and end", async () => {
    const { clock, stand, summary, grow, judgedAt } = watched();
    grow();
    summary();
    await clock.advance(0);
    stand.forget();
    expect(summary()).toBeUndefined();
    await clock.advance(2_000);
    expect(summary()).toBe("1 events");
    stand.close();
    grow();
    summary();
    await clock.advance(5_000);
    expect([judgedAt.length, clock.asleep()]).toEqual([2, 0]);
  });

  it("before the end of a run only what its scenario expects is judged, then everything, and of an interrupted one nothing", () => {
    const names = (...told: readonly Told[]) => judgeSoFar(events(...told)).map(({ name }) => name);
    expect(names()).toEqual([]);
    expect(names([0, { type: "healed", quiet: true }])).toEqual([]);
    expect(names([0, runBegun])).toEqual(["available"]);
    expect(names([0, runBegun], [9, { type: "end", reason: "done" }]).length).toBeGreaterThan(5);
    expect(names([0, runBegun], [9, { type: "end", reason: "interrupted" }])).toEqual([]);
  });
});
