// The fields of the protocol: what is written is read again, however much of it there is.
import fc from "fast-check";
import { expect, test } from "vitest";
import { ProtocolError, Reader } from "../../src/broker/protocol/reader.ts";
import { Writer } from "../../src/broker/protocol/writer.ts";

type Field =
  | { kind: "int8" | "int16" | "int32" | "int64"; value: number }
  | { kind: "nullableString"; value: string | null }
  | { kind: "boolean"; value: boolean }
  | { kind: "bytes"; value: Buffer };

const whole = (kind: "int8" | "int16" | "int32" | "int64", bits: number) =>
  fc.record({ kind: fc.constant(kind), value: fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }) });

const field: fc.Arbitrary<Field> = fc.oneof(
  whole("int8", 8),
  whole("int16", 16),
  whole("int32", 32),
  fc.record({ kind: fc.constant("int64" as const), value: fc.maxSafeInteger() }),
  fc.record({
    kind: fc.constant("nullableString" as const),
    value: fc.option(fc.string({ unit: "binary", maxLength: 200 })),
  }),
  fc.record({ kind: fc.constant("boolean" as const), value: fc.boolean() }),
  fc.record({
    kind: fc.constant("bytes" as const),
    value: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  }),
);

function write(fields: readonly Field[]): Buffer {
  const writer = new Writer();
  for (const { kind, value } of fields) writer[kind](value as never);
  return Buffer.concat(writer.finish());
}

function read(reader: Reader, { kind }: Field): unknown {
  return kind === "bytes" ? reader.bytesCopied() : reader[kind]();
}

test("a few fields or thousands, large strings between small numbers: all come back", () => {
  const fields = fc.oneof(fc.array(field, { maxLength: 40 }), fc.array(field, { minLength: 300, maxLength: 1_500 }));
  fc.assert(
    fc.property(fields, (wanted) => {
      const reader = new Reader(write(wanted));
      expect(wanted.map((one) => read(reader, one))).toEqual(wanted.map(({ value }) => value));
      reader.end();
    }),
    { numRuns: 60 },
  );
  const large = "x".repeat(32_000);
  const reader = new Reader(write([large, "y", large].map((value) => ({ kind: "nullableString", value }))));
  expect([reader.string(), reader.string(), reader.string()]).toEqual([large, "y", large]);
});

test("a byte less is an error that costs the client its connection, wherever the end is", () => {
  const fields: readonly Field[] = [
    { kind: "int32", value: 7 },
    { kind: "nullableString", value: "text" },
    { kind: "int64", value: 1 },
  ];
  const bytes = write(fields);
  for (let cut = 0; cut < bytes.length; cut += 1) {
    const reader = new Reader(bytes.subarray(0, cut));
    expect(() => fields.forEach((one) => read(reader, one)), `cut at ${cut}`).toThrow(ProtocolError);
  }
});
