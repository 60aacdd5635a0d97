// What one process measures for starts.mjs: a program from its bytes to its first
// result, once. Nothing has run before, so compilers are as cold as they are for a user.

import { readFileSync } from "node:fs";
import { jobNamed } from "./jobs.mjs";

async function bobbin(tier, lazy) {
  const { decode, instantiate, jsExports, jsImports, validate } = await import("../dist/index.js");
  const { machineOf } = await import("./engines/bobbin.mjs");
  const machine = machineOf(tier);
  return (bytes, imports) => {
    const module = validate(decode(bytes, { lazyBodies: lazy }), { lazy });
    const wanted = jsImports(machine, module, imports, { suspend: false });
    return jsExports(machine, instantiate(machine, module, wanted));
  };
}

const ENGINES = {
  v8: async () => (bytes, imports) =>
    new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports,
  bobbin: (tier) => bobbin(tier, false),
  lazy: (tier) => bobbin(tier, true),
};

export async function first({ engine, tier, program: name }) {
  const instantiate = await ENGINES[engine](tier);
  const program = await import(jobNamed(name).program);
  const bytes = readFileSync(program.wasm);
  const before = memory();
  const start = performance.now();
  const { user } = process.cpuUsage();
  const run = await program.open(instantiate);
  const result = run(1);
  const ms = performance.now() - start;
  const cpu = (process.cpuUsage().user - user) / 1000;
  const after = memory();
  const megabytes = bytes.length / 2 ** 20;
  return {
    result,
    megabytes,
    ms,
    cpu,
    held: (after.held - before.held) / bytes.length,
    rss: (after.rss - before.rss) / bytes.length,
    // What is measured must not be collected before.
    alive: run !== undefined,
  };
}

/** Bytes that are held, and those of the whole process, which hold compiled code too. */
function memory() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { held: heapUsed + arrayBuffers, rss };
}
