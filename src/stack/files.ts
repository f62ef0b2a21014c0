// Files of a stack that several processes read: replaced as a whole, and a full disk is said in words.
import fs from "node:fs";
import { StackError } from "../model/problem.ts";

/** Readers see the old file or the new one, never a half. Nobody else can read it. */
export function replaceFile(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    fs.writeFileSync(temporary, text, { mode: 0o600 });
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw fullDisk(error, file);
  }
}

const REMOVED_WITHIN_MS = 5_000;

/** A directory with all that is in it, also with what somebody who does not know yet that it is going adds meanwhile. */
export async function removeWhole(directory: string): Promise<void> {
  const deadline = performance.now() + REMOVED_WITHIN_MS;
  for (;;) {
    try {
      return fs.rmSync(directory, { recursive: true, force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY" || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** undefined when there is none. Throws StackError for a file that cannot be read or understood. */
export function readJson<T>(file: string): T | undefined {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new StackError(`${file} cannot be read: ${(error as Error).message}`, undefined, { cause: error });
  }
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new StackError(`${file} is damaged: ${(error as Error).message}`, undefined, { cause: error });
  }
}

/** The same error, in words a person can act on when it says that the disk (or the quota) is full. */
export function fullDisk(error: unknown, file: string): unknown {
  if (!isFullDisk(error)) return error;
  return new StackError(`the disk is full: ${file} cannot be written`, "Free some space and try again.", {
    cause: error,
  });
}

export function isFullDisk(error: unknown): boolean {
  const { code } = (error instanceof StackError ? error.cause : error) as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}
