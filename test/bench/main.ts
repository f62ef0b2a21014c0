// `npm run bench [-- stack links replication]`: the figures that the README shows, with the machine described.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Bench, benchIn } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { linkFigures } from "./links/figures.ts";
import { replicationFigures } from "./replication.ts";
import { stackFigures } from "./stack.ts";

const PARTS: Readonly<Record<string, (bench: Bench) => Promise<readonly Figure[]>>> = {
  stack: stackFigures,
  links: ({ say }) => linkFigures(say),
  replication: replicationFigures,
};

const wished = process.argv.slice(2);
const unknown = wished.find((name) => !(name in PARTS));
if (unknown !== undefined) {
  process.stderr.write(`there is no part "${unknown}" of the bench: ${Object.keys(PARTS).join(", ")}\n`);
  process.exit(64);
}

// A home of its own, so that the first `up` is really the first, and nobody's stacks are touched.
const home = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-bench-"));
fs.chmodSync(home, 0o755);
const bench = benchIn(home);
try {
  const figures: Figure[] = [];
  for (const name of wished.length > 0 ? wished : Object.keys(PARTS)) figures.push(...(await PARTS[name]!(bench)));
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
