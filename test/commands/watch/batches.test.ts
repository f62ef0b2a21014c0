import { describe, expect, it } from "vitest";
import { BATCH, MOST_WAITING, inBatches } from "../../../src/commands/watch/batches.ts";
import type { Event, Happening } from "../../../src/model/event.ts";
import { virtualClock } from "../../support/virtual-clock.ts";

const probe: Happening = { type: "probe", region: "us", ok: true, due: 0 };
const down: Happening = { type: "node", node: "backend-us", state: "down", expected: true };

/** Somebody who reads only when they are asked to. */
function posted() {
  const clock = virtualClock();
  const sent: { at: number; seqs: readonly number[] }[] = [];
  const unread: (() => void)[] = [];
  let seq = 0;
  let overflows = 0;
  const box = inBatches({
    clock,
    overflowed: () => overflows++,
    send(events) {
      sent.push({ at: clock.now(), seqs: events.map((event) => event.seq) });
      return new Promise((resolve) => unread.push(resolve));
    },
  });
  return {
    clock,
    sent,
    overflows: () => overflows,
    close: box.close,
    push: (happening: Happening, times = 1) => {
      for (let i = 0; i < times; i++) box.push({ ...happening, seq: ++seq, at: clock.now() } as Event);
    },
    async read() {
      for (const resolve of unread.splice(0)) resolve();
      await clock.advance(0);
    },
  };
}

describe("events on their way to the dashboard", () => {
  it("go together, ten times a second; what a person waits for takes the others along at once", async () => {
    const { clock, sent, push, read } = posted();
    push(probe);
    await clock.advance(60);
    push(probe);
    expect(sent).toEqual([]);
    await clock.advance(40);
    expect(sent).toEqual([{ at: 100, seqs: [1, 2] }]);
    await read();
    push(probe);
    await clock.advance(10);
    push(down);
    expect(sent.slice(1)).toEqual([{ at: 110, seqs: [3, 4] }]);
    await read();
    await clock.advance(1_000);
    expect([sent.length, clock.asleep()]).toEqual([2, 0]); // nothing is said when nothing happens
  });

  it("wait while nothing is read, and follow in order, so many at a time, when it is", async () => {
    const { clock, sent, push, read } = posted();
    push(down);
    push(probe, 2 * BATCH);
    push(down);
    await clock.advance(60_000);
    expect(sent.map(({ seqs }) => seqs)).toEqual([[1]]);
    for (let i = 0; i < 4; i++) await read();
    expect(sent.map(({ seqs }) => seqs.length)).toEqual([1, BATCH, BATCH, 1]);
    expect(sent.flatMap(({ seqs }) => seqs)).toEqual(Array.from({ length: 2 * BATCH + 2 }, (_, i) => i + 1));
  });

  it("never pile up without end: more than anybody would catch up with close it, and that is told once", async () => {
    const { sent, push, read, overflows } = posted();
    push(down);
    push(probe, MOST_WAITING);
    expect(overflows()).toBe(0);
    push(probe, 10);
    expect(overflows()).toBe(1);
    await read();
    expect(sent).toHaveLength(1); // nothing goes to one that was given up
  });

  it("are forgotten when it is closed", async () => {
    const { clock, sent, push, close, overflows } = posted();
    push(probe);
    close();
    push(down);
    await clock.advance(1_000);
    expect([sent, overflows()]).toEqual([[], 0]);
  });
});
