// An axis of time that is broken where nothing happens: a contradiction can lie between two operations of four milliseconds that
// are nine seconds apart. Between two breaks time runs evenly. Pure.

export interface Warp {
  /** 0 to 1. */
  place(at: number): number;
  /** Where time is left out, and how much of it. */
  breaks: readonly { from: number; to: number; ms: number }[];
  /** Moments after which time runs evenly, for labels of the axis. */
  starts: readonly number[];
  end: number;
}

/** A gap is broken when it is longer than this share of all time that is still shown. */
const LONGEST_SHARE = 0.16;
/** One in which somebody waits tells of the wait: it is broken only when it dwarfs all else. */
const LONGEST_WAIT = { share: 0.5, ms: 250 } as const;
const MOST_BREAKS = 7;
/** The share of the width that a break takes. */
const BREAK_SHARE = 0.055;

export interface Span {
  from: number;
  to: number;
}

interface Gap extends Span {
  ms: number;
  /** Nothing is going on. */
  idle: boolean;
}

export function warpOf(spans: readonly Span[]): Warp {
  const gaps = gapsOf(spans);
  const broken = brokenGaps(gaps);
  const shownMs = gaps.reduce((sum, gap) => (broken.has(gap) ? sum : sum + gap.ms), 0) || 1;
  const breakMs = (shownMs * BREAK_SHARE) / (1 - broken.size * BREAK_SHARE);
  const start = Math.min(...spans.map(({ from }) => from));
  const knots: { at: number; x: number }[] = [{ at: start, x: 0 }];
  for (const gap of gaps) knots.push({ at: gap.to, x: knots.at(-1)!.x + (broken.has(gap) ? breakMs : gap.ms) });
  const whole = knots.at(-1)!.x || 1;
  const place = (at: number) => placeIn(knots, at) / whole;
  const breaks = gaps.filter((gap) => broken.has(gap));
  return {
    place,
    breaks: breaks.map(({ from, to, ms }) => ({ from: place(from), to: place(to), ms })),
    starts: [start, ...breaks.map(({ to }) => to)],
    end: Math.max(...spans.map(({ to }) => to)),
  };
}

/** Between two moments at which something begins or ends. */
function gapsOf(spans: readonly Span[]): readonly Gap[] {
  const moments = [...new Set(spans.flatMap(({ from, to }) => [from, to]))].toSorted((a, b) => a - b);
  return moments.slice(1).map((to, i) => {
    const from = moments[i]!;
    return { from, to, ms: to - from, idle: !spans.some((span) => span.from <= from && span.to >= to) };
  });
}

/** The longest is taken out as long as it dwarfs what is left. */
function brokenGaps(gaps: readonly Gap[]): ReadonlySet<Gap> {
  const broken = new Set<Gap>();
  let left = gaps.reduce((sum, { ms }) => sum + ms, 0);
  for (const gap of gaps.toSorted((a, b) => b.ms - a.ms)) {
    if (broken.size === Math.min(MOST_BREAKS, gaps.length - 1)) break;
    const limit = gap.idle ? left * LONGEST_SHARE : Math.max(LONGEST_WAIT.ms, left * LONGEST_WAIT.share);
    if (gap.ms <= limit) continue;
    broken.add(gap);
    left -= gap.ms;
  }
  return broken;
}

function placeIn(knots: readonly { at: number; x: number }[], at: number): number {
  const after = knots.findIndex((knot) => knot.at >= at);
  if (after === 0) return knots[0]!.x;
  if (after < 0) return knots.at(-1)!.x;
  const [a, b] = [knots[after - 1]!, knots[after]!];
  return a.x + ((at - a.at) / (b.at - a.at)) * (b.x - a.x);
}

/** Each one's lane, so that nothing in a lane stands on another; they come in the order of their beginnings. */
export function lanesOf(items: readonly Span[]): readonly number[] {
  const ends: number[] = [];
  return items.map(({ from, to }) => {
    const free = ends.findIndex((end) => end <= from);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = to;
    return lane;
  });
}
