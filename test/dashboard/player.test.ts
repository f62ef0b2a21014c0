import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPlayer, FASTEST, SLOWEST } from "../../src/dashboard/player.ts";
import { EMPTY, foldAll } from "../../src/dashboard/state.ts";
import type { Event } from "../../src/model/event.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { begun, ended, events, fault, node, region, runBegun, sample } from "./story.ts";

const kill = fault("kill", ["backend-us"]);
/** A run of ten seconds that began 400 ms after `up`. */
const history = events(
  [400, runBegun],
  [1_400, begun(kill)],
  [1_420, node("backend-us", "down")],
  [5_400, node("backend-us", "up")],
  [5_410, ended(kill.id, ["backend-us"])],
  [7_900, sample({ us: region() })],
  [10_400, { type: "end", reason: "done" }],
);

function played(of: readonly Event[] = history) {
  const clock = virtualClock();
  const player = createPlayer(of, clock);
  let shown: number[] = [];
  let picture = EMPTY;
  let resets = 0;
  const leaps: (readonly number[])[] = [];
  player.onLeap(() => leaps.push([...shown]));
  player.onReset(() => {
    shown = [];
    picture = EMPTY;
    resets++;
  });
  const start = () =>
    player.start((batch) => {
      shown.push(...batch.map(({ seq }) => seq));
      picture = foldAll(picture, batch);
    });
  return { clock, player, start, shown: () => shown, picture: () => picture, resets: () => resets, leaps: () => leaps };
}

describe("a player", () => {
  it("plays a history in its own time, to its end", async () => {
    const { clock, player, start, shown } = played();
    expect([player.lengthMs, player.playing(), player.positionMs()]).toEqual([10_000, false, 0]);
    await clock.advance(3_000); // nobody listens yet: nothing is missed
    start();
    expect([shown(), player.playing()]).toEqual([[1], true]);
    await clock.advance(1_100);
    expect([shown(), player.positionMs()]).toEqual([[1, 2, 3], 1_100]);
    await clock.advance(60_000);
    expect(shown()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([player.positionMs(), player.playing(), clock.asleep()]).toEqual([10_000, false, 0]);
  });

  it("stands still when it is paused, and goes on where it was", async () => {
    const { clock, player, start, shown } = played();
    start();
    await clock.advance(500);
    player.pause();
    expect(clock.asleep()).toBe(0);
    await clock.advance(50_000);
    expect([player.positionMs(), player.playing(), shown()]).toEqual([500, false, [1]]);
    player.play();
    await clock.advance(600);
    expect([player.positionMs(), shown()]).toEqual([1_100, [1, 2, 3]]);
  });

  it("goes as fast as it is told, within bounds", async () => {
    const { clock, player, start, shown } = played();
    start();
    player.setSpeed(10);
    await clock.advance(550);
    expect([player.positionMs(), shown()]).toEqual([5_500, [1, 2, 3, 4, 5]]);
    player.setSpeed(0.5);
    await clock.advance(1_000);
    expect(player.positionMs()).toBe(6_000);
    player.setSpeed(1e9);
    expect(player.speed()).toBe(FASTEST);
    player.setSpeed(0);
    expect(player.speed()).toBe(SLOWEST);
  });

  it("is moved on without repeating anything, and back by beginning anew", async () => {
    const { clock, player, start, shown, resets, leaps, picture } = played();
    start();
    player.pause();
    player.seek(2_000);
    expect([shown(), resets()]).toEqual([[1, 2, 3], 0]);
    expect(picture().faults).toHaveLength(1);
    player.seek(1_000_000);
    expect([shown(), player.positionMs(), resets()]).toEqual([[1, 2, 3, 4, 5, 6, 7], 10_000, 0]);
    expect(leaps()).toEqual([
      [1, 2, 3],
      [1, 2, 3, 4, 5, 6, 7],
    ]); // told when what lies between was
    player.seek(1_500);
    expect([shown(), player.positionMs(), resets(), leaps().at(-1)]).toEqual([[1, 2, 3], 1_500, 1, [1, 2, 3]]);
    expect(picture().nodes.find(({ name }) => name === "backend-us")?.state).toBe("down");
    player.seek(-5);
    expect([shown(), player.positionMs(), player.delivered().length]).toEqual([[1], 0, 1]);
    await clock.advance(5_000);
    expect(player.positionMs()).toBe(0);
  });

  it("played again after its end begins anew; one that is moved before it starts begins there", async () => {
    const { clock, player, start, shown, resets } = played();
    player.seek(10_000);
    start();
    expect([shown(), player.playing()]).toEqual([[1, 2, 3, 4, 5, 6, 7], false]);
    player.play();
    expect([shown(), player.playing(), resets()]).toEqual([[1], true, 1]);
    await clock.advance(1_000);
    expect(shown()).toEqual([1, 2]);
  });

  it("is silent once it is closed", async () => {
    const { clock, player, start, shown } = played();
    start();
    player.close();
    player.close();
    await clock.advance(60_000);
    expect([shown(), clock.asleep()]).toEqual([[1], 0]);
  });

  it("a long history comes in pieces, whole and in order, also where its times go astray", () => {
    const many = events(
      [0, runBegun],
      ...Array.from({ length: 25_000 }, (_, i) => [i % 100, { type: "healed", quiet: false }] as const),
    );
    const { player, start, shown } = played(many);
    const batches: number[] = [];
    const other = createPlayer(many, virtualClock());
    other.seek(other.lengthMs);
    other.start((batch) => batches.push(batch.length));
    player.seek(player.lengthMs);
    start();
    expect(shown()).toEqual(many.map(({ seq }) => seq));
    expect(batches).toEqual([10_000, 10_000, 5_001]);
  });

  it("however it is moved, what is shown is the history up to there", async () => {
    const act = fc.oneof(
      fc.record({ do: fc.constant("seek" as const), by: fc.integer({ min: -1_000, max: 12_000 }) }),
      fc.record({ do: fc.constant("wait" as const), by: fc.integer({ min: 0, max: 4_000 }) }),
      fc.record({ do: fc.constant("speed" as const), by: fc.constantFrom(0.25, 1, 4, 64) }),
      fc.record({ do: fc.constant("play" as const), by: fc.constant(0) }),
      fc.record({ do: fc.constant("pause" as const), by: fc.constant(0) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 15 }), async (acts) => {
        const { clock, player, start, shown, picture } = played();
        start();
        for (const { do: what, by } of acts) {
          if (what === "seek") player.seek(by);
          if (what === "wait") await clock.advance(by);
          if (what === "speed") player.setSpeed(by);
          if (what === "play") player.play();
          if (what === "pause") player.pause();
        }
        player.pause(); // delivers what is due now
        const upTo = history.filter(({ at }) => at - 400 <= player.positionMs());
        expect(shown()).toEqual(upTo.map(({ seq }) => seq));
        expect(player.delivered()).toEqual(upTo);
        expect(picture()).toEqual(foldAll(EMPTY, upTo));
        expect(clock.asleep()).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
