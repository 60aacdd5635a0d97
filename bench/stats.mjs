// What is made of measured numbers.

/** The value below which the part `p` of a sorted list lies, between its neighbours. */
export function quantile(sorted, p) {
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

export function summary(list) {
  if (list.length === 0) throw new RangeError("no numbers to summarize");
  const sorted = list.toSorted((a, b) => a - b);
  const [median, q1, q3] = [0.5, 0.25, 0.75].map((p) => quantile(sorted, p));
  return { median, q1, q3, min: sorted[0], max: sorted.at(-1), n: sorted.length };
}

/** Half the distance between the quartiles, relative to the median. */
export const spread = ({ median, q1, q3 }) => (q3 - q1) / 2 / median;

export function geomean(list) {
  if (list.length === 0) return undefined;
  return Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length);
}
