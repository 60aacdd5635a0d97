// What it costs to watch memory that nobody writes to: marks at every instruction that could
// write there. Ratios of the same work in turns. Run `npm run build` first.

import { readFileSync } from "node:fs";
import {
  DebugSession,
  decode,
  i32,
  instantiate,
  Machine,
  tierOf,
  validate,
} from "../dist/index.js";

const INSTRUCTIONS = 2e7;
const ROUNDS = 7;
const WATCH = { kind: "watch", target: { kind: "memory", memory: 0, address: 65_532, size: 4 } };

function load(name, tier) {
  const bytes = readFileSync(new URL(`kernels/${name}.wasm`, import.meta.url));
  const machine = new Machine({ tier: tierOf(tier) });
  return { machine, instance: instantiate(machine, validate(decode(bytes))) };
}

/** Processor time of a session that runs to its end, in nanoseconds an instruction. */
async function timeOf({ machine, instance }, times, watched) {
  machine.start(instance.func("run"), [i32(times)]);
  const session = new DebugSession(machine, instance);
  if (watched) session.stops.add(WATCH);
  const [executed, before] = [machine.executed, process.cpuUsage().user];
  const stop = await session.continue();
  if (stop.kind !== "returned") throw new Error(stop.kind);
  const time = ((process.cpuUsage().user - before) * 1000) / (machine.executed - executed);
  session.stops.deleteAll();
  session.close();
  return time;
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

for (const name of ["fib", "sieve", "sort", "linked", "vm", "bytes"]) {
  const plain = load(name, "interpreter");
  const watched = load(name, "interpreter");
  plain.machine.invoke(plain.instance.func("run"), [i32(1)]);
  const times = Math.ceil(INSTRUCTIONS / plain.machine.executed);
  const ratios = [];
  let ns = 0;
  for (let round = 0; round < ROUNDS; round++) {
    ns = await timeOf(plain, times, false);
    ratios.push((await timeOf(watched, times, true)) / ns);
  }
  console.log(`${name.padEnd(8)} ${median(ratios).toFixed(2)} times the interpreter's ${ns.toFixed(1)} ns an instruction`); // prettier-ignore
}
