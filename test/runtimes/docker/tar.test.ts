// Archives are what every tar program reads.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { tar, type TarFile } from "../../../src/runtimes/docker/tar.ts";
import { temporaryHome } from "../children.ts";

function unpacked(files: readonly TarFile[]): string {
  const folder = temporaryHome();
  fs.writeFileSync(path.join(folder, "archive.tar"), tar(files));
  execFileSync("tar", ["-C", folder, "--no-same-owner", "-xf", path.join(folder, "archive.tar")]);
  return folder;
}

it("unpacks to what was packed: content, folders, modes, long names", () => {
  const long = `${"deep/".repeat(25)}${"n".repeat(90)}.txt`;
  const bytes = Buffer.from(Array.from({ length: 1_500 }, (_, index) => index % 256));
  const folder = unpacked([
    { name: "/top.txt", content: "größer\n" },
    { name: "bin/run.sh", content: bytes, mode: 0o755 },
    { name: "block", content: Buffer.alloc(512, "x") },
    { name: "empty", content: "" },
    { name: long, content: "far down" },
  ]);
  const read = (name: string) => fs.readFileSync(path.join(folder, name));
  expect(read("top.txt").toString()).toBe("größer\n");
  expect(read("bin/run.sh")).toEqual(bytes);
  expect(fs.statSync(path.join(folder, "bin/run.sh")).mode & 0o777).toBe(0o755);
  expect(fs.statSync(path.join(folder, "top.txt")).mode & 0o777).toBe(0o644);
  expect(read("block")).toHaveLength(512);
  expect(read("empty")).toHaveLength(0);
  expect(read(long).toString()).toBe("far down");
});

it("gives the same bytes for the same files, and refuses a name that does not fit", () => {
  expect(tar([{ name: "a", content: "b" }])).toEqual(tar([{ name: "a", content: "b" }]));
  expect(() => tar([{ name: "n".repeat(101), content: "" }])).toThrow("too long for an archive");
});
