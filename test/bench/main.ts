// `npm run bench [-- stack links replication watch verdicts docker]`: the figures that the README shows, with the machine described. Without a
// word all that needs no Docker; `--runtime docker` is another way to ask for "docker".
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Bench, benchIn } from "./bench.ts";
import { dockerFigures } from "./docker/figures.ts";
import type { Figure } from "./figure.ts";
import { linkFigures } from "./links/figures.ts";
import { loadTopologyOrThrow } from "../../src/commands/files.ts";
import { EXIT } from "../../src/model/verdict.ts";
import { docker } from "../../src/runtimes/docker/cluster.ts";
import { replicationFigures } from "./replication.ts";
import { stackFigures } from "./stack.ts";
import { verdictFigures } from "./verdicts.ts";
import { watchFigures } from "./watch.ts";

const PARTS: Readonly<Record<string, (bench: Bench) => Promise<readonly Figure[]>>> = {
  stack: stackFigures,
  links: ({ say }) => linkFigures(say),
  replication: replicationFigures,
  watch: watchFigures,
  verdicts: verdictFigures,
  docker: dockerFigures,
};
const WITHOUT_DOCKER = Object.keys(PARTS).filter((name) => name !== "docker");

const { values, positionals } = parseArgs({ options: { runtime: { type: "string" } }, allowPositionals: true });
const wished = [...positionals, ...(values.runtime === "docker" ? ["docker"] : [])];
const unknown = wished.find((name) => !(name in PARTS));
if (unknown !== undefined) refuse(`there is no part "${unknown}" of the bench: ${Object.keys(PARTS).join(", ")}`);
if (values.runtime !== undefined && values.runtime !== "docker" && values.runtime !== "embedded")
  refuse(`--runtime takes embedded or docker, not "${values.runtime}"`);
const parts = [...new Set(wished.length > 0 ? wished : WITHOUT_DOCKER)];
if (parts.includes("docker")) {
  const reason = await docker().unavailable(loadTopologyOrThrow("property"));
  if (reason !== undefined) refuse(`the part "docker" cannot be measured: ${reason}`, EXIT.errored);
}

function refuse(why: string, code: number = EXIT.usage): never {
  process.stderr.write(`${why}\n`);
  process.exit(code);
}

// A home of its own, so that the first `up` is really the first, and nobody's stacks are touched.
const home = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-bench-"));
fs.chmodSync(home, 0o755);
const bench = benchIn(home, "embedded");
try {
  const figures: Figure[] = [];
  for (const name of parts) figures.push(...(await PARTS[name]!(bench)));
  print(figures);
} finally {
  await bench.regionctl("down", "--all", "--json");
  fs.rmSync(home, { recursive: true, force: true });
}

function print(figures: readonly Figure[]): void {
  const cpu = os.cpus();
  const machine = `${cpu.length} x ${cpu[0]?.model.trim() ?? "unknown processor"}, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB, ${os.type()} ${os.release()}, Node.js ${process.versions.node}`;
  const rows = [
    ["figure", "measured", "goal", ""],
    ["---", "---", "---", "---"],
    ...figures.map(({ name, measured, goal, met }) => [
      name,
      measured,
      goal,
      goal === "" ? "" : met ? "met" : "MISSED",
    ]),
  ];
  process.stdout.write(`${machine}\n\n${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}\n`);
}
