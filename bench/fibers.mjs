// npm run bench -- fibers: what switches and unwinds cost, by depth and by number. Each row
// is measured in processes of its own, so that none inherits what V8 learned from another.

import { inProcess } from "./process.mjs";
import { numberOf, report, setting, tell } from "./report.mjs";
import { summary } from "./stats.mjs";
import { align } from "./table.mjs";

const TASK = new URL("fibers/task.mjs", import.meta.url).href;
const SWITCH_DEPTHS = [0, 10, 100, 1000, 10_000, 100_000];
const UNWIND_DEPTHS = [1000, 10_000, 100_000, 1_000_000];

export async function fibers(options) {
  const processes = numberOf(options, "processes", 2);
  const rounds = numberOf(options, "rounds", 7);
  const fibers = numberOf(options, "fibers", 100_000);

  /** A part's lists from several processes, each as a summary. */
  async function part(name, given = {}) {
    const all = [];
    for (let i = 1; i <= processes; i++) {
      tell(`${name} ${Object.values(given).join(" ")}`, `process ${i} of ${processes}`);
      all.push(await inProcess(TASK, name, { rounds, ...given }, { execArgv: ["--expose-gc"] }));
    }
    return { ...given, ...merged(all) };
  }
  const each = async (name, depths) => {
    const rows = [];
    for (const depth of depths) rows.push(await part(name, { depth }));
    return rows;
  };
  const result = {
    setting: setting(),
    processes,
    rounds,
    switches: await each("switches", SWITCH_DEPTHS),
    scheduler: await part("scheduler"),
    crowd: await part("crowd", { fibers }),
    unwinds: await each("unwinds", UNWIND_DEPTHS),
  };
  report("fibers", result, textOf(result), options);
  return 0;
}

/** Lists of the same name in one, summarized; single numbers are a list too. */
function merged(parts) {
  const keys = new Set(parts.flatMap(Object.keys));
  return Object.fromEntries(
    [...keys].map((key) => {
      const values = parts.flatMap((part) => part[key] ?? []);
      return [key, typeof values[0] === "number" ? summary(values) : merged(values)];
    }),
  );
}

const cell = (s) =>
  s === undefined ? "-" : `${s.median.toFixed(0)} (${s.min.toFixed(0)}–${s.max.toFixed(0)})`;

function textOf({ setting: { v8 }, processes, rounds, switches, scheduler, crowd, unwinds }) {
  const twin = `twin in V8 ${v8}`;
  const ratio = (s) => (s.native.median / s.twin.median).toFixed(1);
  const there = [
    ["frames deep", "native fibers", "native asyncify", twin],
    ...switches.map((s) => [String(s.depth), ...[s.native, s.asyncify, s.twin].map(cell)]),
  ];
  const down = [
    ["frames deep", "unwind", "rewind", "unwind, twin", "rewind, twin"],
    ...unwinds.map(({ depth, unwind, rewind }) =>
      [String(depth), ...[unwind.asyncify, rewind.asyncify, unwind.twin, rewind.twin].map(cell)]), // prettier-ignore
  ];
  return `median (lowest–highest) of ${rounds} rounds in each of ${processes} processes

a switch there and back, ns

${align(there)}

a scheduler that does little but switch: native fibers take ${ratio(scheduler)} times as long as the twin,
native asyncify ${(scheduler.asyncify.median / scheduler.twin.median).toFixed(1)} times

${crowd.fibers} fibers suspended at once: ${crowd.bytes.median.toFixed(0)} bytes each beside linear memory
made in ${crowd.create.median.toFixed(0)} ns each; resumed in random order: ${cell(crowd.visit)} ns each

native asyncify, ns a frame

${align(down)}`;
}
