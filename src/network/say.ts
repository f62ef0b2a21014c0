// The log, for people: one line per thing, and no more than a few of one kind in a row.
export type Say = (line: string) => void;

/** `kind` is what must not be repeated endlessly; of it, the first `burst` lines are said. */
export type SayOf = (kind: string, line: string, burst?: number) => void;

const BURST = 5;
const WHILE_MS = 10_000;

/** The first lines of a kind in a while are said, the rest are counted. */
export function limited(say: Say, now: () => number): SayOf {
  const kinds = new Map<string, { sinceMs: number; untold: number; said: number }>();
  return (kind, line, burst = BURST) => {
    const nowMs = now();
    let known = kinds.get(kind);
    if (known === undefined || nowMs - known.sinceMs > WHILE_MS) {
      const untold = known?.untold ?? 0;
      known = { sinceMs: nowMs, untold: 0, said: 1 };
      kinds.set(kind, known);
      say(untold > 0 ? `${line} (and ${untold} more like it before)` : line);
    } else if (known.said < burst) {
      known.said++;
      say(known.said === burst ? `${line} (more of this is only counted for a while)` : line);
    } else known.untold++;
  };
}
