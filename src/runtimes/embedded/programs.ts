// Our own programs as they are built: one file each in dist/programs. Found from the package's root, which is the same
// whether this code runs from src (tests) or from the bundle dist/cli.js.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { StackError } from "../../model/problem.ts";

export type ProgramName = "backend" | "gateway" | "broker" | "links";

export function programFile(name: ProgramName): string {
  const file = path.join(packageRoot(), "dist", "programs", `${name}.cjs`);
  if (!fs.existsSync(file))
    throw new StackError(`the program ${file} is missing`, `Run "npm run build" in ${packageRoot()}.`);
  return file;
}

let root: string | undefined;

function packageRoot(): string {
  root ??= findRoot(path.dirname(fileURLToPath(import.meta.url)));
  return root;
}

function findRoot(directory: string): string {
  const file = path.join(directory, "package.json");
  if (fs.existsSync(file) && (JSON.parse(fs.readFileSync(file, "utf8")) as { name?: string }).name === "regionctl")
    return directory;
  const parent = path.dirname(directory);
  if (parent === directory)
    throw new StackError("regionctl's own directory was not found from its code", 'Install it again: "npm ci".');
  return findRoot(parent);
}
