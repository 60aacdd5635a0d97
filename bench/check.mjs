// What the checker costs: processor time of the same run with and without it, in turns
// within one process. Run `npm run build` first.

import { readFileSync } from "node:fs";
import {
  Asyncify,
  Checker,
  decode,
  i32,
  instantiate,
  jsImports,
  Machine,
  validate,
} from "../dist/index.js";

const nothing = () => 0;
const host = { env: { log_i32: nothing, sleep: nothing } };

function timeOf(file, name, args, checked) {
  const bytes = readFileSync(new URL(`../fixtures/wasm/${file}`, import.meta.url));
  const module = validate(decode(bytes));
  const checker = checked ? new Checker(module) : null;
  const asyncify = new Asyncify(module, checker === null ? {} : { listener: checker.event });
  const machine = new Machine({ interposer: asyncify, observer: checker?.observer });
  const imports = new Map([...jsImports(machine, module, host), ["asyncify", asyncify.imports]]);
  const instance = instantiate(machine, module, imports, (made) => {
    asyncify.attach(made);
    checker?.attach(made);
  });
  const before = process.cpuUsage().user;
  machine.invoke(instance.func(name), args);
  const time = process.cpuUsage().user - before;
  if (checker !== null && checker.findings.length > 0) throw new Error("a finding");
  return time;
}

const RUNS = [
  { what: "switches", run: ["scheduler.wasm", "run", [i32(16), i32(500)]] },
  { what: "calls, no switch", run: ["sleep.wasm", "fibonacci", [i32(21)]] },
];
for (const { what, run } of RUNS) {
  const ratios = [];
  for (let round = 0; round < 8; round++) ratios.push(timeOf(...run, true) / timeOf(...run, false));
  // The first rounds warm up.
  const sorted = ratios.slice(1).sort((a, b) => a - b);
  console.log(`${what}: ${sorted[3].toFixed(1)} times (median of 7)`);
}
