// A plot as plain data: checkers make it, reporters draw it.

export interface Plot {
  title: string;
  /** One sentence: how to read it. */
  about: string;
  x: Axis;
  y: Axis;
  series: readonly Series[];
}

export interface Axis {
  name: string;
  unit: "ms" | "%" | "count" | "versions";
}

export interface Series {
  name: string;
  /** [x, y], by growing x; at most MOST_POINTS. */
  points: readonly (readonly [number, number])[];
}

export const MOST_POINTS = 200;
