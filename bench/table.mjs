// Measured rows as text.

import { geomean, spread } from "./stats.mjs";

/** Three digits, more before the point where there are more. */
export const digits = (x) => (x >= 99.95 ? x.toFixed(0) : x >= 9.995 ? x.toFixed(1) : x.toFixed(2));

const SIGNS = { missing: "missing", refused: "-", failed: "failed", wrong: "WRONG" };

export const cellText = (cell) =>
  cell.ratio === undefined
    ? (SIGNS[cell.outcome] ?? "n/a")
    : `${digits(cell.ratio.median)} ±${(100 * spread(cell.ratio)).toFixed(0)}%`;

/** Columns as wide as they must be: the first to the left, the others to the right. */
export function align(lines) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => [...line[i]].length)));
  const pad = (text, i) =>
    i === 0 ? text.padEnd(widths[i]) : " ".repeat(widths[i] - [...text].length) + text;
  return lines.map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}

/** Geometric means of an engine's ratios over the rows of a group; `missing` of them have none. */
export function meanOf(rows, engine) {
  const ratios = rows.flatMap(({ cells }) => cells[engine].ratio?.median ?? []);
  return { mean: geomean(ratios), of: ratios.length, missing: rows.length - ratios.length };
}

export const GROUPS = {
  "MVP kernels": ["mvp"],
  "all kernels": ["mvp", "newer"],
  all: ["mvp", "newer", "program"],
};
/** The rows of a group of groups. */
export const rowsOf = (rows, title) => rows.filter(({ group }) => GROUPS[title].includes(group));

/** @param engines names; the first is what the others are measured against */
export function tableOf(rows, [reference, ...engines]) {
  const newer = rows.some(({ inside }) => inside === "node26");
  const lines = [["", ...engines, `ms of ${reference}`]];
  for (const { job, inside, cells } of rows) {
    const { ms } = cells[reference];
    const mark = inside === "node26" ? "*" : "";
    const own = ms === undefined ? SIGNS[cells[reference].outcome] : digits(ms);
    lines.push([job + mark, ...engines.map((engine) => cellText(cells[engine])), own]);
  }
  let partial = false;
  for (const title of Object.keys(GROUPS)) {
    const members = rowsOf(rows, title);
    if (members.length < 2) continue;
    const means = engines.map((engine) => {
      const { mean, of, missing } = meanOf(members, engine);
      partial ||= mean !== undefined && missing > 0;
      return mean === undefined ? "-" : missing === 0 ? digits(mean) : `${digits(mean)} (${of})`;
    });
    lines.push([`mean, ${title} (${members.length})`, ...means, ""]);
  }
  const notes = [];
  if (newer) notes.push("* against V8 of node26, as this one cannot run it");
  if (partial) notes.push("a mean with a number in brackets is over that many jobs only");
  return [align(lines), ...notes, ...outcomes(rows)].join("\n");
}

/** Why numbers are missing, once for each reason. */
function outcomes(rows) {
  const told = new Map();
  for (const { job, cells } of rows)
    for (const [engine, { outcome, reason }] of Object.entries(cells)) {
      if (outcome === undefined) continue;
      const line = `${engine} ${outcome}: ${reason}`;
      told.set(line, [...(told.get(line) ?? []), job]);
    }
  return [...told].map(([line, jobs]) => `${line} (${jobs.join(", ")})`);
}
