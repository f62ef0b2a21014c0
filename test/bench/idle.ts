// What a stack costs while nobody uses it: proportional memory and processor time of all its processes (Linux).
import fs from "node:fs";
import path from "node:path";

const TICKS_PER_SECOND = 100;
const SETTLE_MS = 3_000;
const WINDOW_MS = 15_000;

export async function idle(home: string, stack: string): Promise<{ pssMiB: number; cpuPercent: number }> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const pids = processesOf(home, stack);
  const before = pids.map(ticks);
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
  const used = pids.reduce((sum, pid, i) => sum + ticks(pid) - before[i]!, 0);
  const seconds = (performance.now() - began) / 1000;
  return {
    pssMiB: pids.reduce((sum, pid) => sum + pssKiB(pid), 0) / 1024,
    cpuPercent: (used / TICKS_PER_SECOND / seconds) * 100,
  };
}

/** The nodes' processes and all their descendants. */
function processesOf(home: string, stack: string): readonly number[] {
  const nodes = path.join(home, "stacks", stack, "nodes");
  const found = new Set(
    fs
      .readdirSync(nodes)
      .filter((file) => file.endsWith(".json"))
      .map((file) => (JSON.parse(fs.readFileSync(path.join(nodes, file), "utf8")) as { pid: number }).pid),
  );
  const parents = fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(stat(Number(name))[1] ?? 0) }));
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const { pid, parent } of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** The fields of /proc/PID/stat from the state on; empty when the process is gone. */
function stat(pid: number): readonly string[] {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

const ticks = (pid: number) => Number(stat(pid)[11] ?? 0) + Number(stat(pid)[12] ?? 0);

/** 0 for a process that has ended meanwhile: PostgreSQL's workers come and go. */
function pssKiB(pid: number): number {
  try {
    const line = /^Pss:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    return Number(line?.[1] ?? 0);
  } catch {
    return 0;
  }
}
