// Units are mandatory in what users write: `80ms`, `5%`, `200/s`. Each function returns undefined for anything else.

const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Timers fire at once when they are asked for more than 2^31 ms. Nobody wants to wait for three weeks. */
const LONGEST_MS = 24 * 24 * MS.h;

/** "80ms", "1.5s", "2m" -> milliseconds; "1m30s" too. undefined also for more than 24 days. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(digits) * MS[unit as keyof typeof MS];
  }
  return total <= LONGEST_MS ? total : undefined;
}

/** "5%" -> 0.05. */
export function parsePercent(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text);
  return match ? Number(match[1]) / 100 : undefined;
}

/** "200/s", "600/m" -> per second. */
export function parseRate(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\/(s|m|h)$/.exec(text);
  return match ? (Number(match[1]) * 1_000) / MS[match[2] as "s" | "m" | "h"] : undefined;
}

/** 80 -> "80 ms", 1500 -> "1.5 s", 120000 -> "2 min": for people. */
export function formatDuration(ms: number): string {
  if (Math.round(ms) < 1_000) return `${Math.round(ms)} ms`;
  if (Math.round(ms / 100) < 600) return `${Number((ms / 1_000).toFixed(ms < 10_000 ? 2 : 1))} s`;
  return `${Number((ms / 60_000).toFixed(1))} min`;
}

const BYTES_PER_SECOND = {
  kbit: 125,
  mbit: 125_000,
  gbit: 125_000_000,
  "kB/s": 1e3,
  "MB/s": 1e6,
  "GB/s": 1e9,
} as const;

/** "1mbit", "512kbit", "10MB/s" -> bytes per second. */
export function parseBandwidth(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(kbit|mbit|gbit|kB\/s|MB\/s|GB\/s)$/.exec(text);
  return match ? Number(match[1]) * BYTES_PER_SECOND[match[2] as keyof typeof BYTES_PER_SECOND] : undefined;
}

/** "-2m", "+500ms", "2m" -> milliseconds. */
export function parseOffset(text: string): number | undefined {
  const ms = parseDuration(text.replace(/^[+-]/, ""));
  return ms === undefined ? undefined : text.startsWith("-") ? -ms : ms;
}

/** 125000 -> "1 mbit", 1000 -> "8 kbit": for people. */
export function formatBandwidth(bytesPerSecond: number): string {
  const kbit = bytesPerSecond / BYTES_PER_SECOND.kbit;
  const [amount, unit] = kbit >= 1e6 ? [kbit / 1e6, "gbit"] : kbit >= 1e3 ? [kbit / 1e3, "mbit"] : [kbit, "kbit"];
  return `${Number(amount.toFixed(2))} ${unit}`;
}
