// Versions of what takes part in a run: they stand in every run directory.
import { createRequire } from "node:module";

const packageJson = createRequire(import.meta.url)("../package.json") as { version: string };

export const VERSION = packageJson.version;

export const versions = (): Readonly<Record<string, string>> => ({
  regionctl: VERSION,
  node: process.versions.node,
  platform: `${process.platform}-${process.arch}`,
});
