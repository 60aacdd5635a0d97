// npm run bench -- fibers: what switches and unwinds cost, by depth and by number.
// Native switches against native asyncify on the same module, and against the
// instrumented twin in the host engine; each figure is the median of rounds taken in
// turns, with the lowest and highest beside it. Times are processor time; each row has a
// process of its own, so that none inherits what V8 learned from another.
//
//   node bench/fibers.mjs [--rounds N] [--fibers N] [--json]

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  Asyncify,
  decode,
  FiberAbi,
  FuncInstance,
  i32,
  instantiate,
  Machine,
  validate,
} from "../dist/index.js";

const { values: options } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "7" },
    fibers: { type: "string", default: "100000" },
    json: { type: "boolean", default: false },
    part: { type: "string" },
    depth: { type: "string", default: "0" },
  },
});
const ROUNDS = Number(options.rounds);
const FIBERS = Number(options.fibers);
const MAX_FRAMES = 1_100_000;

const load = (file) => readFileSync(new URL(file, import.meta.url));
const module = validate(decode(load("fibers.wasm")));
const twin = new WebAssembly.Module(load("fibers.twin.wasm"));

/** The module on Bobbin: [name](...numbers). */
function bobbin({ native, pause = () => [] }) {
  const asyncify = new Asyncify(module, { imports: ["env.pause"] });
  const fibers = native ? new FiberAbi(module) : null;
  const machine = new Machine({ interposer: asyncify, maxFrames: MAX_FRAMES });
  const { description } = module.imports.find(({ name }) => name === "pause");
  const func = FuncInstance.host(
    module.context.defTypes[description.type],
    "env.pause",
    () => (pause(asyncify), []),
  );
  const imports = new Map([
    ["env", new Map([["pause", { kind: "func", func }]])],
    ["asyncify", asyncify.imports],
  ]);
  const attach = (made) => {
    asyncify.attach(made);
    fibers?.attach(made);
  };
  const instance = instantiate(machine, module, imports, attach, fibers?.functions);
  const call = (name, ...args) => machine.invoke(instance.func(name), args.map(i32))[0]?.value;
  return { call, asyncify, machine, memory: instance.memories[0] };
}
function host() {
  const { exports } = new WebAssembly.Instance(twin, { env: { pause() {} } });
  return { call: (name, ...args) => exports[name](...args) };
}

/** Milliseconds of processor time: other programs on the machine do not count. */
const now = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const time = (run) => {
  const start = now();
  run();
  return now() - start;
};
const summary = (list) => {
  const sorted = list.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted.at(-1) };
};

/** Nanoseconds for a switch there and back, of a fiber that waits at each depth. */
function switches(depth) {
  const engines = { native: bobbin({ native: true }) };
  // The assembly's 65,552 bytes hold no more records than that.
  if (depth <= 1000) Object.assign(engines, { asyncify: bobbin({ native: false }), host: host() });
  const turns = {
    native: 20_000,
    asyncify: Math.ceil(100_000 / (depth + 10)),
    host: Math.ceil(2e6 / (depth + 10)),
  };
  const times = Object.fromEntries(Object.keys(engines).map((name) => [name, []]));
  for (const engine of Object.values(engines)) engine.call("begin", depth);
  for (let round = -4; round < ROUNDS; round++)
    for (const [name, { call }] of Object.entries(engines)) {
      const took = (time(() => call("turns", turns[name])) * 1e6) / turns[name];
      if (round >= 0) times[name].push(took);
    }
  return { depth, ...Object.fromEntries(Object.entries(times).map(([k, v]) => [k, summary(v)])) };
}

/** Many fibers suspended at once: bytes for each, and time to resume all in random order. */
function crowd() {
  const { call, memory } = bobbin({ native: true });
  const used = () => {
    globalThis.gc?.();
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers - memory.bytes.length;
  };
  const before = used();
  const made = time(() => call("populate", FIBERS));
  const bytes = (used() - before) / FIBERS;
  const visits = [];
  for (let round = -1; round < ROUNDS; round++) {
    const took = (time(() => call("visit", FIBERS, 12345 + round)) * 1e6) / FIBERS;
    if (round >= 0) visits.push(took);
  }
  return { fibers: FIBERS, bytes, create: (made * 1e6) / FIBERS, visit: summary(visits) };
}
/** Milliseconds to unwind `depth` frames, and to rewind them. */
function sinkOnce(depth) {
  let data = 0;
  let started = 0;
  let arrived = 0;
  const program = bobbin({
    native: true,
    pause(asyncify) {
      if (asyncify.state === 2) {
        arrived = now();
        runtime("stop_rewind");
      } else {
        runtime("start_unwind", data);
        started = now();
      }
    },
  });
  const runtime = (name, ...args) =>
    program.machine.invoke(program.asyncify.functions.get(name), args.map(i32));
  data = program.call("buffer", depth * 64 + 1024);
  program.call("sink", depth);
  const unwound = now();
  runtime("stop_unwind");
  runtime("start_rewind", data);
  const rewinding = now();
  program.call("sink", depth);
  return { unwind: unwound - started, rewind: arrived - rewinding };
}

/** Nanoseconds a frame to unwind and to rewind natively, by depth. */
function unwinds(depth) {
  const times = { unwind: [], rewind: [] };
  const repeats = Math.ceil(300_000 / depth);
  for (let round = -1; round < Math.min(ROUNDS, 5); round++) {
    let unwind = 0;
    let rewind = 0;
    for (let i = 0; i < repeats; i++) {
      const took = sinkOnce(depth);
      unwind += took.unwind;
      rewind += took.rewind;
    }
    if (round < 0) continue;
    times.unwind.push((unwind * 1e6) / depth / repeats);
    times.rewind.push((rewind * 1e6) / depth / repeats);
  }
  return { depth, unwind: summary(times.unwind), rewind: summary(times.rewind) };
}

const PARTS = { switches, crowd, unwinds };
if (options.part !== undefined)
  process.stdout.write(JSON.stringify(PARTS[options.part](Number(options.depth))));
else report();

function part(name, depth = 0) {
  const args = ["--expose-gc", fileURLToPath(import.meta.url), "--part", name, "--depth", depth];
  const rest = ["--rounds", options.rounds, "--fibers", options.fibers];
  const all = [...args, ...rest].map(String);
  return JSON.parse(execFileSync(process.execPath, all, { encoding: "utf8" }));
}

function cell(s) {
  if (s === undefined) return "-".padStart(24);
  const [median, min, max] = [s.median, s.min, s.max].map((x) => x.toFixed(0));
  return `${median.padStart(8)} ${`(${min}–${max})`.padEnd(15)}`;
}

function report() {
  const results = {
    host: `V8 ${process.versions.v8}`,
    switches: [0, 10, 100, 1000, 10_000, 100_000].map((depth) => part("switches", depth)),
    crowd: part("crowd"),
    unwinds: [1000, 10_000, 100_000, 1_000_000].map((depth) => part("unwinds", depth)),
  };
  if (options.json) return console.log(JSON.stringify(results));
  console.log(`a switch there and back, ns: median (lowest–highest) of ${ROUNDS} rounds\n`);
  console.log(
    `frames deep  native fibers            native asyncify          twin in ${results.host}`,
  );
  for (const { depth, native, asyncify, host } of results.switches)
    console.log(`${String(depth).padStart(11)} ${cell(native)} ${cell(asyncify)} ${cell(host)}`);
  const { fibers, bytes, create, visit } = results.crowd;
  console.log(
    `\n${fibers} fibers suspended at once: ${bytes.toFixed(0)} bytes each beside linear memory`,
  );
  console.log(
    `made in ${create.toFixed(0)} ns each; resumed in random order: ${cell(visit).trim()} ns each`,
  );
  console.log("\nnative asyncify, ns a frame\n");
  console.log("frames deep  unwind                   rewind");
  for (const { depth, unwind, rewind } of results.unwinds)
    console.log(`${String(depth).padStart(11)} ${cell(unwind)} ${cell(rewind)}`);
}
