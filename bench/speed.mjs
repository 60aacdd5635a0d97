// The table of ratios, and the comparison with the committed ones.

import { readFileSync, writeFileSync } from "node:fs";
import { losses, only, ratiosOf, repeated, TOLERANCE } from "./baseline.mjs";
import { chartOf } from "./chart.mjs";
import { findEngines } from "./engines/engines.mjs";
import { JOBS } from "./jobs.mjs";
import { measureAll } from "./measure.mjs";
import { chosen, numberOf, report, setting, tell, told, usage } from "./report.mjs";
import { align, digits, GROUPS, meanOf, rowsOf, tableOf } from "./table.mjs";

const BASELINE = new URL("baseline.json", import.meta.url);
/** How often what seems lost is measured again. */
const AGAIN = 2;

export async function speed(options) {
  const processes = numberOf(options, "processes", 3);
  const rounds = numberOf(options, "rounds", 5);
  const warm = numberOf(options, "warm", 400);
  const round = numberOf(options, "round", 30);
  const all = await findEngines({ warm, round, wasm3: options.wasm3 });
  const [reference] = all;
  const tiers = all.filter(({ bobbin }) => bobbin).map(({ name }) => name);
  const updates = options["update-baseline"];
  if (updates && options.only !== undefined) throw usage("--update-baseline wants all jobs");
  const wanted = options.check || updates ? [reference.name, ...tiers].join() : options.engines;
  const engines = chosen(all, wanted, "engines");
  if (engines[0] !== reference) engines.unshift(reference);
  const jobs = chosen(JOBS, options.only, "only");
  const measure = (some) => measureAll({ jobs: some, engines, processes, rounds, tell });

  const rows = await measure(jobs);
  const names = engines.map(({ name }) => name);
  const result = {
    setting: setting(),
    processes,
    rounds,
    engines: names,
    rows,
    means: meansOf(rows, names),
  };
  const title = `time / time of V8 ${process.versions.v8} (optimised code), lower is better: median ± half the
distance of the quartiles, over ${rounds} rounds in each of ${processes} processes`;
  const text = `${title}\n\n${tableOf(rows, names)}${pace(rows, tiers)}`;
  report("speed", result, text, options, { svg: await chartOf(rows, names) });
  if (updates) update(rows, tiers);
  const wrong = rows.some(({ cells }) =>
    tiers.some((tier) => ["wrong", "failed", "refused"].includes(cells[tier]?.outcome)),
  );
  if (wrong) return 1;
  return options.check ? check(rows, tiers, jobs, measure) : 0;
}

const meansOf = (rows, names) =>
  Object.fromEntries(
    Object.keys(GROUPS).map((title) => [
      title,
      Object.fromEntries(names.map((name) => [name, meanOf(rowsOf(rows, title), name)])),
    ]),
  );

/** Nanoseconds an instruction, of the tiers. */
function pace(rows, tiers) {
  const of = (tier) =>
    rows.flatMap(({ cells, instructions }) =>
      cells[tier]?.ms === undefined || !instructions?.[tier]
        ? []
        : (cells[tier].ms * 1e6) / instructions[tier],
    );
  return tiers
    .filter((tier) => of(tier).length > 0)
    .map((tier) => {
      const list = of(tier);
      return `\n${tier}: ${digits(Math.min(...list))} to ${digits(Math.max(...list))} ns an instruction`;
    })
    .join("");
}

function update(rows, tiers) {
  const rounded = (key, value) =>
    typeof value === "number" ? Number(value.toPrecision(4)) : value;
  const baseline = { setting: setting(), ratios: ratiosOf(rows, tiers) };
  writeFileSync(BASELINE, `${JSON.stringify(baseline, rounded, 2)}\n`);
}

async function check(rows, tiers, jobs, measure) {
  const baseline = JSON.parse(readFileSync(BASELINE, "utf8"));
  const among = new Set(jobs.map(({ name }) => name));
  for (const ratios of Object.values(baseline.ratios))
    for (const job of Object.keys(ratios)) if (!among.has(job)) delete ratios[job];
  if (baseline.setting.v8 !== process.versions.v8)
    console.error(`the baseline is against V8 ${baseline.setting.v8}, not ${process.versions.v8}`);
  const measured = ratiosOf(rows, tiers);
  const apart = only(baseline.ratios, measured);
  if (apart.length > 0) console.error(`not compared, no ratio here: ${nameAll(apart)}`);
  const fresh = only(measured, baseline.ratios);
  if (fresh.length > 0) console.error(`not compared, not in the baseline: ${nameAll(fresh)}`);
  if (Object.values(measured).every((jobs) => Object.keys(jobs).length === 0))
    throw usage("nothing to compare: no ratio was measured");

  let lost = losses(baseline.ratios, measured);
  for (let turn = 1; turn <= AGAIN && lost.length > 0; turn++) {
    console.error(`seems slower, measured again (${turn} of ${AGAIN}): ${nameAll(lost)}`);
    const some = jobs.filter(({ name }) => lost.some(({ job }) => job === name));
    lost = repeated(lost, losses(baseline.ratios, ratiosOf(await measure(some), tiers)));
    told();
  }
  if (lost.length === 0) {
    console.error(`no loss of more than ${100 * TOLERANCE} % that repeats`);
    return 0;
  }
  const lines = lost.map(({ tier, job, was, is, loss }) => [
    job,
    tier,
    digits(was),
    digits(is),
    `+${(100 * loss).toFixed(0)}%`,
  ]);
  console.error(align([["slower", "tier", "baseline", "now", ""], ...lines]));
  return 1;
}

const nameAll = (lost) => lost.map(({ tier, job }) => `${job} (${tier})`).join(", ");
