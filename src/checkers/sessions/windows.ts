// When a fault was in force, and a little longer: what was asked then is counted apart. Sessions and staleness share it.
import type { FaultWindow } from "../faults.ts";
import type { Columns } from "./columns.ts";

/** What was late or behind during a fault may still be so for a moment after its end. */
export const GRACE_MS = 1_000;

/** Per operation, 1 when any part of it fell into a fault window or the grace after it. */
export function insideWindows(
  { operations, invoked, completed }: Pick<Columns, "operations" | "invoked" | "completed">,
  windows: readonly FaultWindow[],
  graceMs: number,
): Uint8Array {
  const inside = new Uint8Array(operations.length);
  const spans = merged(windows, graceMs);
  let next = 0;
  for (let i = 0; i < operations.length && next < spans.length; i++) {
    while (next < spans.length && spans[next]!.to < invoked[i]!) next++;
    if (next < spans.length && spans[next]!.from <= completed[i]!) inside[i] = 1;
  }
  return inside;
}

/** Overlapping windows as one, in the order of time. */
function merged(windows: readonly FaultWindow[], graceMs: number): readonly { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  for (const { from, to } of windows.toSorted((a, b) => a.from - b.from)) {
    const last = spans.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to + graceMs);
    else spans.push({ from, to: to + graceMs });
  }
  return spans;
}

/** The fault during which, or soon after which, something was asked: the one that began last. */
export function faultAt(windows: readonly FaultWindow[], from: number, to: number): FaultWindow | undefined {
  return windows.findLast((window) => window.from <= to && window.to + GRACE_MS >= from);
}
