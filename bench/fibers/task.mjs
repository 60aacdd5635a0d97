// What one process measures for fibers.mjs: fibers natively, native asyncify on the same
// module, and the instrumented twin in the host engine, in turns. Lists of nanoseconds of
// processor time, one for each round.

import { readFileSync } from "node:fs";
import {
  Asyncify,
  decode,
  FiberAbi,
  FuncInstance,
  i32,
  instantiate,
  Machine,
  validate,
} from "../../dist/index.js";
import { now } from "../clock.mjs";

const MAX_FRAMES = 1_100_000;
/** The assembly's 65,552 bytes hold no more records than that. */
const RECORDS = 1000;

const load = (file) => readFileSync(new URL(file, import.meta.url));

/** A module on Bobbin: call(name, ...numbers). Its imports from `env` do nothing, or `pause`. */
function bobbin({ file = "fibers.wasm", native, settings, pause = () => undefined }) {
  const module = validate(decode(load(file)));
  const asyncify = new Asyncify(module, settings);
  const fibers = native ? new FiberAbi(module) : null;
  const machine = new Machine({ interposer: asyncify, maxFrames: MAX_FRAMES });
  const env = new Map();
  for (const { module: from, name, description } of module.imports) {
    if (from !== "env") continue;
    const type = module.context.defTypes[description.type];
    const answer = () => (pause(asyncify), []);
    env.set(name, { kind: "func", func: FuncInstance.host(type, `env.${name}`, answer) });
  }
  const imports = new Map([
    ["env", env],
    ["asyncify", asyncify.imports],
  ]);
  const attach = (made) => {
    asyncify.attach(made);
    fibers?.attach(made);
  };
  const instance = instantiate(machine, module, imports, attach, fibers?.functions);
  const invoke = (func, args) => machine.invoke(func, args.map(i32))[0]?.value;
  return {
    call: (name, ...args) => invoke(instance.func(name), args),
    runtime: (name, ...args) => invoke(asyncify.functions.get(name), args),
    state: () => asyncify.state,
    memory: instance.memories[0],
  };
}

function host({ file = "fibers.twin.wasm", pause = () => undefined }) {
  const env = { pause, log_i32() {} };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(load(file)), { env });
  return {
    call: (name, ...args) => exports[name](...args),
    runtime: (name, ...args) => exports[`asyncify_${name}`](...args),
    state: () => exports.asyncify_get_state(),
  };
}

const time = (run) => {
  const start = now();
  run();
  return now() - start;
};

/** Rounds of all that is measured, in turns; those before the first counted one warm up. */
function inTurns(measures, rounds, warm) {
  const times = Object.fromEntries(Object.keys(measures).map((name) => [name, []]));
  for (let round = -warm; round < rounds; round++)
    for (const [name, measure] of Object.entries(measures)) {
      const took = measure();
      if (round >= 0) times[name].push(took);
    }
  return times;
}

/** A switch there and back, of a fiber that waits at a depth. */
export function switches({ depth, rounds }) {
  const engines = { native: bobbin({ native: true }) };
  if (depth <= RECORDS) Object.assign(engines, { asyncify: bobbin({}), twin: host({}) });
  const turns = {
    native: 20_000,
    asyncify: Math.ceil(100_000 / (depth + 10)),
    twin: Math.ceil(2e6 / (depth + 10)),
  };
  for (const { call } of Object.values(engines)) call("begin", depth);
  const one = ([name, { call }]) => [
    name,
    () => (time(() => call("turns", turns[name])) * 1e6) / turns[name],
  ];
  return inTurns(Object.fromEntries(Object.entries(engines).map(one)), rounds, 4);
}

/** The fixture `scheduler`: a program that does little but switch. A whole run each. */
export function scheduler({ rounds }) {
  const plain = "../../fixtures/wasm/scheduler.wasm";
  const engines = {
    native: bobbin({ file: plain, native: true }),
    asyncify: bobbin({ file: plain }),
    twin: host({ file: "../../fixtures/wasm/scheduler.twin-O2.wasm" }),
  };
  const runs = { native: 10, asyncify: 2, twin: 40 };
  const one = ([name, { call }]) => [
    name,
    () =>
      (time(() => {
        for (let i = 0; i < runs[name]; i++) call("run", 16, 100);
      }) /
        runs[name]) *
      1e6,
  ];
  return inTurns(Object.fromEntries(Object.entries(engines).map(one)), rounds, 6);
}

/** Many fibers suspended at once: bytes for each, and time to resume all in random order. */
export function crowd({ fibers, rounds }) {
  const { call, memory } = bobbin({ native: true });
  const used = () => {
    globalThis.gc();
    globalThis.gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers - memory.bytes.length;
  };
  const before = used();
  const made = time(() => call("populate", fibers));
  const bytes = (used() - before) / fibers;
  let seed = 12344;
  const visit = () => (time(() => call("visit", fibers, seed++)) * 1e6) / fibers;
  return { bytes, create: (made * 1e6) / fibers, visit: inTurns({ visit }, rounds, 1).visit };
}

/** Unwinding so many frames once, and rewinding them, a frame. */
function sinkOnce(make, depth) {
  let data = 0;
  let started = 0;
  let arrived = 0;
  const program = make({
    settings: { imports: ["env.pause"] },
    pause() {
      if (program.state() === 2) {
        arrived = now();
        program.runtime("stop_rewind");
      } else {
        program.runtime("start_unwind", data);
        started = now();
      }
    },
  });
  data = program.call("buffer", depth * 64 + 1024);
  return () => {
    program.call("sink", depth);
    const unwound = now();
    program.runtime("stop_unwind");
    program.runtime("start_rewind", data);
    const rewinding = now();
    program.call("sink", depth);
    return { unwind: unwound - started, rewind: arrived - rewinding };
  };
}

/** Unwinding and rewinding by depth, a frame; the twin as deep as the host's stack goes. */
export function unwinds({ depth, rounds }) {
  const repeats = Math.ceil(300_000 / depth);
  const lists = {};
  for (const [name, make] of Object.entries({ asyncify: bobbin, twin: host })) {
    const sink = sinkOnce(make, depth);
    for (let round = -1; round < rounds; round++) {
      const sums = { unwind: 0, rewind: 0 };
      try {
        for (let i = 0; i < repeats; i++) {
          const took = sink();
          sums.unwind += took.unwind;
          sums.rewind += took.rewind;
        }
      } catch (error) {
        if (name === "twin" && error instanceof RangeError) break;
        throw error;
      }
      if (round < 0) continue;
      for (const [what, sum] of Object.entries(sums))
        ((lists[what] ??= {})[name] ??= []).push((sum * 1e6) / depth / repeats);
    }
  }
  return lists;
}
