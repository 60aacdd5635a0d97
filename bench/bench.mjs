// npm run bench: how Bobbin's time relates to the host engine's, on small kernels and
// on fiber switches. Every figure is a ratio taken within one process and one round;
// the table gives the median over rounds in several processes, and the spread.
//
//   node bench/bench.mjs [--processes N] [--rounds N] [--json]
//   node bench/bench.mjs fibers …: see fibers.mjs

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  strict: !process.argv.includes("fibers"),
  options: {
    processes: { type: "string", default: "3" },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    worker: { type: "string" },
  },
});

const KERNELS = {
  fib: 24,
  sieve: 100_000,
  matmul: 2,
  hash64: 100_000,
  mandelbrot: 60,
  indirect: 200_000,
};
/** Switches between fibers: the scheduler fixture, native on the plain module, against its twin in the host engine. */
const FIBERS = { program: "scheduler", name: "run", args: [16, 100] };

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const load = (path) => readFileSync(here(path));
const median = (list) => list.toSorted((x, y) => x - y)[list.length >> 1];

if (positionals[0] === "fibers") {
  const args = [here("fibers.mjs"), ...process.argv.slice(3)];
  execFileSync(process.execPath, args, { stdio: "inherit" });
} else if (options.worker !== undefined)
  process.stdout.write(JSON.stringify(await measure(options.worker, Number(options.rounds))));
else report();

function report() {
  const names = [...Object.keys(KERNELS), "fiber switches"];
  const rows = [];
  for (const name of names) {
    if (!options.json) process.stderr.write(`\r${name} …${" ".repeat(20)}`);
    const runs = [];
    for (let i = 0; i < Number(options.processes); i++) {
      const args = [here("bench.mjs"), "--worker", name, "--rounds", options.rounds];
      runs.push(...JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })));
    }
    const ratios = runs.map(({ ours, host }) => ours / host);
    rows.push({
      name,
      ratio: median(ratios),
      min: Math.min(...ratios),
      max: Math.max(...ratios),
      nsPerInstruction: median(runs.map(({ ours, instructions }) => (ours * 1e6) / instructions)),
    });
  }
  const kernels = rows.slice(0, -1);
  const geomean = Math.exp(
    kernels.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / kernels.length,
  );
  if (options.json)
    return console.log(JSON.stringify({ host: `V8 ${process.versions.v8}`, rows, geomean }));
  process.stderr.write("\r".padEnd(30) + "\r");
  console.log(`time of the interpreter / time of V8 ${process.versions.v8} (lower is better)\n`);
  console.log("kernel            median      min      max   ns/instruction");
  for (const { name, ratio, min, max, nsPerInstruction } of rows) {
    const cells = [ratio, min, max].map((x) => x.toFixed(1).padStart(9));
    console.log(`${name.padEnd(15)}${cells.join("")}${nsPerInstruction.toFixed(2).padStart(17)}`);
  }
  console.log(`geometric mean of the kernels: ${geomean.toFixed(1)}`);
}

/** Times of one job in this process: [{ ours, host, instructions }] in milliseconds. */
async function measure(name, rounds) {
  const job = name === "fiber switches" ? await fiberJob() : await kernelJob(name);
  for (let i = 0; i < 3; i++) job();
  return Array.from({ length: rounds }, job);
}

async function kernelJob(name) {
  const { decode, i32, instantiate, Machine, validate } = await import("../dist/index.js");
  const bytes = load("kernels.wasm");
  const machine = new Machine();
  const { func } = instantiate(machine, validate(decode(bytes))).exports.get(name);
  const host = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports[name];
  const n = KERNELS[name];
  return () => {
    const before = machine.executed;
    const ours = time(() => machine.invoke(func, [i32(n)]), 1);
    return { ours, host: time(() => host(n), 20), instructions: machine.executed - before };
  };
}

async function fiberJob() {
  const { Asyncify, decode, FuncInstance, i32, instantiate, Machine, validate } =
    await import("../dist/index.js");
  const { program, name, args } = FIBERS;
  const module = validate(decode(load(`../fixtures/wasm/${program}.wasm`)));
  const asyncify = new Asyncify(module);
  const machine = new Machine({ interposer: asyncify });
  const env = new Map();
  for (const { module: from, name: field, description } of module.imports) {
    if (from !== "env") continue;
    const type = module.context.defTypes[description.type];
    env.set(field, { kind: "func", func: FuncInstance.host(type, `env.${field}`, () => []) });
  }
  const imports = new Map([
    ["env", env],
    ["asyncify", asyncify.imports],
  ]);
  const { func } = instantiate(machine, module, imports, (instance) =>
    asyncify.attach(instance),
  ).exports.get(name);
  const twin = new WebAssembly.Module(load(`../fixtures/wasm/${program}.twin-O2.wasm`));
  const host = new WebAssembly.Instance(twin, { env: { log_i32() {} } }).exports[name];
  return () => {
    const before = machine.executed;
    const ours = time(() => machine.invoke(func, args.map(i32)), 1);
    return { ours, host: time(() => host(...args), 5), instructions: machine.executed - before };
  };
}

/** Best of `times` runs. */
function time(run, times) {
  let best = Infinity;
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
