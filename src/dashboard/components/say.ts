// Figures as short as they can be said, with their units: ages, times, rates, and a minute of lag as a line of bars.

/** How long: "12 s", "3 min", "2 h 5 min", "1 d 3 h". */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** What is left of it, rounded up: that of a fault that is not over is never 0. */
export const remaining = (ms: number) => age(Math.ceil(Math.max(0, ms) / 1_000) * 1_000);

/** When: "0:12.3", "3:20.1", "5:00:12". */
export function clockTime(ms: number): string {
  const tenths = Math.max(0, Math.floor(ms / 100));
  const seconds = Math.floor(tenths / 10);
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h}:${twice(m)}:${twice(s)}`;
  return `${m}:${twice(s)}.${tenths % 10}`;
}

const twice = (count: number) => String(count).padStart(2, "0");

/** "0", "4.5", "101", "12.3k" */
export function figure(amount: number): string {
  if (amount >= 1e6) return `${Number((amount / 1e6).toFixed(1))}M`;
  if (amount >= 1e4) return `${Number((amount / 1e3).toFixed(1))}k`;
  return String(Number(amount.toFixed(amount < 10 ? 1 : 0)));
}

/** A latency: "3 ms", "1.2 s"; nobody was answered: "-". */
export function milliseconds(ms: number | null): string {
  if (ms === null) return "-";
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${Number((ms / 1_000).toFixed(ms < 10_000 ? 1 : 0))} s`;
}

/** A lag: "0.04 s", "12.3 s", "3 min". */
export function lagged(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  return seconds < 100 ? `${seconds.toFixed(1)} s` : age(seconds * 1_000);
}

const BARS = "▁▂▃▄▅▆▇█";
/** A lag below this shows no mountains: the scale of the bars never ends lower. */
const LOWEST_TOP_SECONDS = 1;

export interface Sampled {
  at: number;
  seconds: number | null;
}

/**
 * The span before `now` in this many bars, each the worst of its part. A gap is a part of which nothing is known: it could not
 * be asked, or nobody had begun to.
 */
export function bars(history: readonly Sampled[], now: number, spanMs: number, width: number): string {
  const worst: (number | undefined)[] = Array.from({ length: width }, () => undefined);
  for (const { at, seconds } of history) {
    if (seconds === null) continue;
    const place = Math.min(width - 1, Math.floor(((at - (now - spanMs)) / spanMs) * width));
    if (place >= 0) worst[place] = Math.max(worst[place] ?? 0, seconds);
  }
  const top = Math.max(LOWEST_TOP_SECONDS, ...worst.map((seconds) => seconds ?? 0));
  return worst.map((seconds) => (seconds === undefined ? " " : barOf(seconds / top))).join("");
}

const barOf = (share: number) => BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))]!;
