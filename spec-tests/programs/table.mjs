// Prints the tables of docs/programs.md: the programs on Bobbin and on this Node's own engine,
// and what the checker says of those that are broken.
//
//   npm run build && node spec-tests/programs/table.mjs [PROGRAM...]

import { summary } from "../../bench/stats.mjs";
import { heading, row } from "./rows.mjs";
import { OTHERS, origin, runProgram, UNWINDING } from "./programs.mjs";

const TIMES = 5;
const named = process.argv.slice(2);
const wanted = [...UNWINDING, ...OTHERS].filter((p) => named.length === 0 || named.includes(p));

const short = (text) => (text.length > 90 ? `${text.slice(0, 90)}…` : text);

const modules = new Map();
for (const program of wanted) modules.set(program, await import(`./${program}.mjs`));

heading("program", "from", "V8, ms", "Bobbin / V8", "unwinds", "frames unwound", "findings");
for (const [program, module] of modules) {
  const engine = await runProgram(program, "engine", { times: TIMES });
  const bobbin = await runProgram(program, "bobbin", { times: TIMES });
  const told = ({ lines, failure }) => JSON.stringify({ lines, failure });
  if (engine.failure !== null) throw new Error(`${program} on V8: ${engine.failure}`);
  const same = told(engine) === told(bobbin);
  const { counts, findings } = await runProgram(program, "checker");
  const [v8, own] = [engine, bobbin].map(({ times }) => summary(times).median);
  row([
    module.name,
    origin(module),
    v8.toFixed(0),
    same ? (own / v8).toFixed(1) : "other output",
    counts?.unwinds ?? "-",
    counts?.pushes ?? "-",
    findings?.length ?? "-",
  ]);
}

console.log();
heading("program", "broken by", "V8 says", "`bobbin check` says");
for (const [program, { name, broken = {} }] of modules)
  for (const what of Object.keys(broken)) {
    const { lines, failure } = await runProgram(program, "engine", { what });
    const { findings } = await runProgram(program, "checker", { what });
    const [{ code, message }] = findings;
    row([
      name,
      what,
      short(failure ?? lines.at(-1) ?? "nothing"),
      `\`${code}\`: ${short(message)}`,
    ]);
  }
