// Patterns of files that no shell has expanded (in quotes, on Windows, in a CI's configuration): `*` and `?` inside one name,
// `**` any folders. Always below one folder, through no symbolic link, and never into hidden folders or node_modules.
import fs from "node:fs";
import path from "node:path";
import { UsageError } from "../model/problem.ts";

const MOST_LOOKED_AT = 50_000;
const MOST_FOLDERS_DEEP = 20;

export const isPattern = (text: string): boolean => /[*?]/.test(text);

/** Absolute paths in the order of names. Throws UsageError for a pattern that leads out of the folder. */
export function filesLike(pattern: string, folder: string): readonly string[] {
  const parts = pattern.split("/").filter((part) => part !== "" && part !== ".");
  if (path.isAbsolute(pattern) || parts.includes("..")) {
    throw new UsageError(
      `the pattern "${pattern}" leads out of this folder. Without its quotes your shell expands it, or name a folder.`,
    );
  }
  let looked = 0;
  const found = new Set<string>();

  const walk = (at: string, [part, ...rest]: readonly string[], deep: number): void => {
    if (part === undefined || deep > MOST_FOLDERS_DEEP) return;
    if (part === "**") walk(at, rest, deep); // no folder at all
    for (const entry of fs.readdirSync(at, { withFileTypes: true })) {
      if (++looked > MOST_LOOKED_AT)
        throw new UsageError(
          `the pattern "${pattern}" means more than ${MOST_LOOKED_AT} files to look at: name a folder.`,
        );
      const here = path.join(at, entry.name);
      const isShown = !entry.name.startsWith(".") && entry.name !== "node_modules";
      if (part === "**") {
        if (entry.isDirectory() && isShown) walk(here, [part, ...rest], deep + 1);
      } else if (matches(entry.name, part) && (isShown || part === entry.name)) {
        if (rest.length === 0 && entry.isFile()) found.add(here);
        if (rest.length > 0 && entry.isDirectory()) walk(here, rest, deep + 1);
      }
    }
  };
  walk(path.resolve(folder), parts.at(-1) === "**" ? [...parts, "*"] : parts, 0);
  return [...found].toSorted();
}

/** One name against one part of a pattern. Never slower than their lengths multiplied, whatever the pattern is. */
export function matches(name: string, pattern: string): boolean {
  let [i, j] = [0, 0];
  let [star, mark] = [-1, 0];
  while (i < name.length) {
    if (j < pattern.length && (pattern[j] === "?" || pattern[j] === name[i]) && pattern[j] !== "*") {
      i++;
      j++;
    } else if (pattern[j] === "*") {
      star = j++;
      mark = i;
    } else if (star !== -1) {
      j = star + 1;
      i = ++mark;
    } else return false;
  }
  while (pattern[j] === "*") j++;
  return j === pattern.length;
}
