// Whether something became slower: ratios against those of a baseline. A loss counts when
// it repeats; who measures again, and how often, is the caller's.

/** The part of time by which a ratio may grow. */
export const TOLERANCE = 0.15;

/** The ratios of Bobbin's tiers in measured rows: { tier: { job: ratio } }. */
export function ratiosOf(rows, tiers) {
  const ratios = {};
  for (const tier of tiers)
    for (const { job, cells } of rows) {
      const ratio = cells[tier]?.ratio;
      if (ratio !== undefined) (ratios[tier] ??= {})[job] = ratio.median;
    }
  return ratios;
}

/** What is slower than the baseline allows: [{ tier, job, was, is, loss }], the worst first. */
export function losses(baseline, measured, tolerance = TOLERANCE) {
  const lost = [];
  for (const [tier, jobs] of Object.entries(baseline))
    for (const [job, was] of Object.entries(jobs)) {
      const is = measured[tier]?.[job];
      if (is !== undefined && is > was * (1 + tolerance))
        lost.push({ tier, job, was, is, loss: is / was - 1 });
    }
  return lost.sort((a, b) => b.loss - a.loss);
}

/** What one of two has and the other has not: [{ tier, job }]. */
export const only = (ratios, others) =>
  Object.entries(ratios).flatMap(([tier, jobs]) =>
    Object.keys(jobs)
      .filter((job) => others[tier]?.[job] === undefined)
      .map((job) => ({ tier, job })),
  );

/** Of what seemed lost, what is lost in a further measurement too, with its numbers there. */
export const repeated = (lost, again) =>
  lost.flatMap(({ tier, job }) =>
    again.filter((other) => other.tier === tier && other.job === job),
  );
