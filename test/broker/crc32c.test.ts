import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32c } from "../../src/broker/log/crc32c.ts";

test("the known answers of CRC-32C", () => {
  expect(crc32c(Buffer.from(""))).toBe(0);
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
  expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, index) => index)))).toBe(0x46dd794e);
});

test("eight bytes at a time says the same as bit by bit, wherever it begins and ends", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), fc.nat(20), (bytes, skip, drop) => {
      const to = Math.max(skip, bytes.length - drop);
      fc.pre(to <= bytes.length);
      expect(crc32c(bytes, skip, to)).toBe(bitwise(bytes.subarray(skip, to)));
    }),
  );
});

function bitwise(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
