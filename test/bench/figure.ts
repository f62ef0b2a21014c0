// One line of the table that the bench prints.
export interface Figure {
  name: string;
  measured: string;
  /** "" where there is none. */
  goal: string;
  met: boolean;
}

export function figure(name: string, measured: string, goal: string, met: boolean): Figure {
  return { name, measured, goal, met };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
