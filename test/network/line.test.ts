// Bytes on their way: none lost, none overtaken, none early, whatever is done to the delay meanwhile.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EARLY_MS } from "../../src/network/effect.ts";
import { createLine } from "../../src/network/line.ts";

const span = (max: number) => fc.double({ min: 0, max, noNaN: true });
const piece = fc.record({ afterMs: span(20), delayMs: span(300), length: fc.integer({ min: 1, max: 1_000 }) });

/** Numbered bytes, so that a byte in the wrong place shows. */
function numbered(from: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (from + i) % 251));
}

describe("a line", () => {
  it("keeps the order, loses nothing, lets nothing go early, and keeps nothing that is due", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.array(span(30), { minLength: 1 }), (pieces, looks) => {
        const line = createLine();
        const dueOf: number[] = []; // by byte
        const arrived: Buffer[] = [];
        let sent = 0;
        let nowMs = 0;
        let got = 0;
        const take = () => {
          for (let next = line.next(nowMs); next !== undefined; next = line.next(nowMs)) {
            const latest = Math.max(...dueOf.slice(got, got + next.bytes!.length));
            expect(nowMs).toBeGreaterThanOrEqual(latest - EARLY_MS);
            got += next.bytes!.length;
            arrived.push(next.bytes!);
          }
          // Due, but behind one that is not: that alone may wait.
          const first = line.first();
          if (first !== undefined) expect(first.dueMs).toBeGreaterThan(nowMs + EARLY_MS);
        };
        for (const [i, { afterMs, delayMs, length }] of pieces.entries()) {
          nowMs += afterMs;
          line.push({ bytes: numbered(sent, length), dueMs: nowMs + delayMs });
          for (let byte = 0; byte < length; byte++) dueOf.push(nowMs + delayMs);
          sent += length;
          nowMs += looks[i % looks.length]!;
          take();
        }
        nowMs += 400;
        take();
        expect(Buffer.concat(arrived).equals(numbered(0, sent))).toBe(true);
        expect([line.bytes, line.cost, line.isEmpty]).toEqual([0, 0, true]);
      }),
    );
  });

  it("can be taken off in parts of any size", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 10 }),
        (lengths, parts) => {
          const line = createLine();
          let sent = 0;
          for (const length of lengths) {
            line.push({ bytes: numbered(sent, length), dueMs: 0 });
            sent += length;
          }
          const taken: Buffer[] = [];
          for (let turn = 0; !line.isEmpty; turn++) {
            const wanted = parts[turn % parts.length]!;
            const part = line.cut(wanted)!;
            expect(part.length).toBeLessThanOrEqual(wanted);
            taken.push(part);
          }
          expect(Buffer.concat(taken).equals(numbered(0, sent))).toBe(true);
          expect(line.cost).toBe(0);
        },
      ),
    );
  });

  it("when the delay becomes shorter, nothing is later than the new one, and the order stays", () => {
    const line = createLine();
    line.push({ bytes: numbered(0, 1), dueMs: 100 });
    line.push({ bytes: numbered(1, 1), dueMs: 60_000 });
    line.noLaterThan(500);
    line.push({ bytes: numbered(2, 1), dueMs: 200 });
    expect(line.next(100)?.bytes).toEqual(numbered(0, 1));
    expect(line.next(499)).toBeUndefined();
    expect(line.next(500)?.bytes).toEqual(numbered(1, 1));
    expect(line.next(500)?.bytes).toEqual(numbered(2, 1));
  });

  it("an end is a piece like others, and no bytes are cut from it", () => {
    const line = createLine();
    line.push({ bytes: numbered(0, 3), dueMs: 10 });
    line.push({ end: "finish", dueMs: 5 });
    expect(line.cut(100)).toEqual(numbered(0, 3));
    expect(line.cut(100)).toBeUndefined();
    expect(line.next(5)).toBeUndefined();
    expect(line.next(10)).toMatchObject({ end: "finish" });
  });

  it("stays small however much passes", () => {
    const line = createLine();
    for (let i = 0; i < 20_000; i++) {
      line.push({ bytes: numbered(i, 1), dueMs: i });
      if (i >= 10) expect(line.next(i - 10)?.bytes![0]).toBe((i - 10) % 251);
    }
    expect(line.bytes).toBe(10);
  });
});
