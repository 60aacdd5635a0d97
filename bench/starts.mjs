// npm run bench -- starts: time from the bytes of real programs to their first result, and
// the memory that they take. Each number is from a process of its own.

import { inProcess } from "./process.mjs";
import { chosen, numberOf, report, setting, tell } from "./report.mjs";
import { summary } from "./stats.mjs";
import { align, digits } from "./table.mjs";

const TASK = new URL("starts-task.mjs", import.meta.url).href;
const SUBJECTS = [{ name: "quickjs" }, { name: "sqlite" }];
/** `lazy` validates functions when they are first called. */
const ENGINES = ["v8", "bobbin", "lazy"];

export async function starts(options) {
  const processes = numberOf(options, "processes", 5);
  const tier = options.tier ?? "interpreter";
  const rows = [];
  for (const { name } of chosen(SUBJECTS, options.only, "only")) {
    const runs = Object.fromEntries(ENGINES.map((engine) => [engine, []]));
    for (let i = 1; i <= processes; i++)
      for (const engine of ENGINES) {
        tell(name, `${engine}, process ${i} of ${processes}`);
        const run = await inProcess(TASK, "first", { engine, tier, program: name }, { execArgv: ["--expose-gc"] }); // prettier-ignore
        runs[engine].push(run);
        if (run.result !== runs.v8[0].result)
          throw new Error(`${name}: ${engine} gave ${run.result}, V8 ${runs.v8[0].result}`);
      }
    const of = (list, key) => summary(list.map((run) => run[key]));
    const cells = Object.fromEntries(
      ENGINES.map((engine) => [
        engine,
        Object.fromEntries(["ms", "cpu", "held", "rss"].map((key) => [key, of(runs[engine], key)])),
      ]),
    );
    rows.push({ name, megabytes: runs.v8[0].megabytes, cells });
  }
  report(
    "starts",
    { setting: setting(), tier, processes, rows },
    textOf(rows, tier, processes),
    options,
  );
  return 0;
}

function textOf(rows, tier, processes) {
  const ms = (s) => `${s.median.toFixed(0)} (${s.min.toFixed(0)}–${s.max.toFixed(0)})`;
  const time = [
    [
      "bytes to first result, ms",
      "MB",
      "V8",
      "Bobbin",
      "Bobbin, lazy",
      "more than V8",
      "lazy, more",
    ],
    ...rows.map(({ name, megabytes, cells: { v8, bobbin, lazy } }) => [
      name,
      digits(megabytes),
      ...[v8, bobbin, lazy].map((cell) => ms(cell.ms)),
      (bobbin.ms.median - v8.ms.median).toFixed(0),
      (lazy.ms.median - v8.ms.median).toFixed(0),
    ]),
  ];
  const bytes = (s) => s.median.toFixed(1);
  const memory = [
    ["MB per MB of module", "held: V8", "Bobbin", "lazy", "process: V8", "Bobbin", "lazy"],
    ...rows.map(({ name, cells }) => [
      name,
      ...ENGINES.map((engine) => bytes(cells[engine].held)),
      ...ENGINES.map((engine) => bytes(cells[engine].rss)),
    ]),
  ];
  return `Bobbin's ${tier}, wall time: median (lowest–highest) of ${processes} processes

${align(time)}

held: JavaScript's heap and buffers; with Bobbin the linear memory too, which V8 keeps elsewhere
process: resident memory, compiled code included, after collection

${align(memory)}`;
}
