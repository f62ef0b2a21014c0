// Written passwords become the stack's own.
import { describe, expect, it } from "vitest";
import { insertPasswords } from "../../src/runtimes/addresses.ts";

describe("a password in an address", () => {
  const passwords = new Map([["db-us", "s3cret"]]);
  const inserted = (value: string) => insertPasswords({ X: value }, passwords)["X"];

  it.each([
    ["postgres://app:old@db-us:5432/app", "postgres://app:s3cret@db-us:5432/app"],
    ["postgres://app@db-us:5432/app", "postgres://app:s3cret@db-us:5432/app"],
  ])("%s becomes the stack's own", (value, expected) => expect(inserted(value)).toBe(expected));

  it.each(["postgres://app:old@elsewhere:5432/app", "db-us:5432", "amqp://guest:guest@queue:5672"])(
    "%s stays",
    (value) => expect(inserted(value)).toBe(value),
  );
});
