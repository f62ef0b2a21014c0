// Everything that prints facts prints them for people, or as JSON when asked.

/** Facts to stdout. */
export function print(json: boolean | undefined, facts: unknown, lines: () => readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(facts)}\n` : `${lines().join("\n")}\n`);
}

/** Progress to stderr, so that stdout holds facts alone; none beside JSON. */
export function progress(json: boolean | undefined): (line: string) => void {
  return json ? () => {} : (line) => void process.stderr.write(`${line}\n`);
}

/** Columns of equal width, two spaces between. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd(),
  );
}
