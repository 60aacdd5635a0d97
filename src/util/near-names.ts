// Names near a misspelt one, and lists of names, for error messages.

/** Number of letters to insert, delete, replace or swap. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : Infinity;
      next.push(Math.min(replaced, swapped, row[j]! + 1, next[j - 1]! + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}

/** Up to three of `names` that `name` may have been meant for, nearest first. */
export function nearNames(name: string, names: readonly string[]): string[] {
  const bound = Math.max(1, Math.floor(name.length / 3));
  // What is much longer than any name is no misspelling, and would take long to compare.
  if (name.length > 200) return [];
  return [...new Set(names)]
    .filter((other) => Math.abs(other.length - name.length) <= bound)
    .map((other) => ({ other, far: distance(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ far }) => far <= bound)
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ other }) => other);
}

const SHOWN = 10;

/** `a, b, c and 7 more` */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).join(", ");
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
}
