// Jobs on engines, in turns. A process of each engine is started for a job, and rounds go
// from one to the next, so what the machine does meanwhile meets all of them; then all
// start anew. A ratio is between two times of one round.

import { summary } from "./stats.mjs";

/**
 * @param engines the first is what the others are measured against
 * @param tell what is going on
 * @returns a row for each job: { job, group, inside, first, cells: { engine: cell } }, where a
 *   cell has `ratio` (a summary), `ms` and `ratios`, or `outcome` and `reason`
 */
export async function measureAll({ jobs, engines, processes, rounds, tell = () => undefined }) {
  const rows = [];
  for (const job of jobs) rows.push(await measureJob({ job, engines, processes, rounds, tell }));
  return rows;
}

async function measureJob({ job, engines, processes, rounds, tell }) {
  const times = new Map(engines.map(({ name }) => [name, []]));
  const failed = new Map();
  const about = {};
  const [{ name: reference }] = engines;
  for (let turn = 1; turn <= processes; turn++) {
    const started = new Map();
    try {
      for (const { name, start, bobbin } of engines) {
        if (failed.has(name)) continue;
        tell(job.name, `${name}, process ${turn} of ${processes}`);
        try {
          const process = await start(job);
          started.set(name, process);
          if (bobbin) (about.instructions ??= {})[name] = process.instructions;
          if (name === reference) about.inside = process.inside;
          about.first ??= { value: process.first, by: name };
          if (process.first !== about.first.value)
            failed.set(name, {
              outcome: "wrong",
              reason: `${process.first}, where ${about.first.by} has ${about.first.value}`,
            });
        } catch (error) {
          failed.set(name, reasonOf(error));
        }
      }
      for (let round = 1; round <= rounds; round++)
        for (const [name, process] of started) {
          if (failed.has(name)) continue;
          tell(job.name, `${name}, process ${turn} of ${processes}, round ${round}`);
          try {
            times.get(name).push(await process.round());
          } catch (error) {
            failed.set(name, reasonOf(error));
          }
        }
    } finally {
      for (const { stop } of started.values()) stop();
    }
  }
  const cells = {};
  for (const { name } of engines)
    cells[name] = failed.get(name) ?? cellOf(times.get(name), times.get(reference), failed.has(reference)); // prettier-ignore
  return { job: job.name, group: job.group, about: job.about, ...about, cells };
}

/** An outcome of its own, or a failure of ours. */
function reasonOf(error) {
  if (error.outcome === undefined) throw error;
  return { outcome: error.outcome, reason: error.message };
}

function cellOf(times, reference, alone) {
  const ms = summary(times).median;
  if (alone) return { ms };
  const ratios = times.map((time, i) => time / reference[i]);
  return { ms, ratio: summary(ratios), ratios };
}
