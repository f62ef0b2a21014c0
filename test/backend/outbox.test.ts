// What the regions tell each other, as text.
import { expect, test } from "vitest";
import { decode, encode, type WriteEvent } from "../../src/backend/replication/outbox.ts";

test("an event is refused unless it is whole", () => {
  const event: WriteEvent = {
    type: "write",
    key: 1,
    write: { value: 1, written: { us: 1 }, stamp: 5, region: "us", requestId: null, at: 5 },
    fingerprint: null,
    answer: { body: { id: 1, price: 1, version: 2, updated_at: "2026-01-01T00:00:00.000Z" }, etag: '"us:1"' },
    committedAt: 5,
  };
  expect(decode(encode(event))).toEqual(event);
  for (const wrong of [
    { ...event, key: 1.5 },
    { ...event, committedAt: null },
    { ...event, answer: undefined },
    { ...event, fingerprint: 7 },
    { ...event, write: { ...event.write, written: { us: -1 } } },
    { ...event, write: { ...event.write, written: { eu: 1 } } },
    { ...event, write: { ...event.write, stamp: "5" } },
    { ...event, type: "other" },
  ])
    expect(decode(JSON.stringify(wrong))).toBeUndefined();
});
