// How many connections there may be, so that they are turned away with a word before the descriptors run out.
import fs from "node:fs";

/** Its own listeners, logs, watches and control connections. */
const RESERVE = 64;
/** Of a connection: the client's, and that of the node behind. */
const DESCRIPTORS_EACH = 2;
/** Where the system says "unlimited", which it never is. */
const PLENTY = 65_536;

export interface ConnectionLimit {
  descriptors: number;
  connections: number;
}

/** `extra` are descriptors that are needed besides. */
export function connectionLimit(extra: number, descriptors = softLimit()): ConnectionLimit {
  return { descriptors, connections: Math.max(1, Math.floor((descriptors - RESERVE - extra) / DESCRIPTORS_EACH)) };
}

/** The soft limit of this process, which Node.js raised to the hard one when it began (`ulimit -n` of whoever started it). */
function softLimit(): number {
  const found = fromProc() ?? fromReport();
  return Number.isFinite(found) && found > 0 ? found : PLENTY;
}

/** Linux; cheaper than a report. */
function fromProc(): number | undefined {
  try {
    return Number(/^Max open files\s+(\S+)/m.exec(fs.readFileSync("/proc/self/limits", "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}

function fromReport(): number {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  return Number(userLimits?.open_files?.soft);
}
