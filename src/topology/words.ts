// The nearest word: what somebody probably meant who wrote a word that does not exist.

/** The word of the list that is nearest to what was written; undefined when none is near enough to be meant. */
export function nearest(written: string, words: readonly string[]): string | undefined {
  if (written.length > MEANT_AT_MOST) return undefined;
  let best: { word: string; edits: number } | undefined;
  for (const word of words) {
    const edits = editsBetween(written.toLowerCase(), word.toLowerCase());
    if (edits > Math.max(1, Math.floor(Math.max(written.length, word.length) / 3))) continue;
    if (best === undefined || edits < best.edits) best = { word, edits };
  }
  return best?.word;
}

/** `Did you mean "backend-us"? Its nodes are gateway, backend-us.` */
export function didYouMean(written: string, words: readonly string[], listing: string): string {
  const near = nearest(written, words);
  const all = words.length === 0 ? "" : `${listing} ${listed(words)}.`;
  return near === undefined ? all : `Did you mean "${near}"? ${all}`.trim();
}

/** "a, b, c", cut where it would fill a screen. */
export function listed(words: readonly string[]): string {
  const shown = words.slice(0, LISTED_AT_MOST).join(", ");
  return words.length > LISTED_AT_MOST ? `${shown} and ${words.length - LISTED_AT_MOST} more` : shown;
}

const LISTED_AT_MOST = 30;
/** Longer than any word of ours: a sentence, not a slip. */
const MEANT_AT_MOST = 60;

/**
 * Damerau-Levenshtein (optimal string alignment): insertions, deletions, replacements, and two neighbours swapped, the
 * commonest slip of all.
 */
export function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          ? before[j - 2]! + 1
          : Number.POSITIVE_INFINITY;
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1, swapped));
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
