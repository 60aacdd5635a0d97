// In a worker: a job on an engine that this process has. Gives `run(times)` and, where the
// engine counts them, the instructions executed so far.

import { jobNamed } from "../jobs.mjs";

/** By engine: bytes and an import object to exports; one call's objects fit the next's. */
const ENGINES = {
  v8: async () => ({ instantiate: over(WebAssembly) }),
  polywasm: async () => {
    const { WebAssembly: polywasm } = await import("polywasm");
    return { instantiate: over(polywasm) };
  },
  bobbin: async ({ tier }) => {
    const { decode, instantiate, jsExports, jsImports, Machine, validate } =
      await import("../../dist/index.js");
    const machine = new Machine({ tier });
    return {
      instantiate(bytes, imports) {
        const module = validate(decode(bytes));
        const wanted = jsImports(machine, module, imports, { suspend: false });
        return jsExports(machine, instantiate(machine, module, wanted));
      },
      executed: () => machine.executed,
    };
  },
};

const over =
  ({ Instance, Module }) =>
  (bytes, imports) =>
    new Instance(new Module(bytes), imports).exports;

export async function open({ engine, tier, job: name }) {
  const { instantiate, executed } = await ENGINES[engine]({ tier });
  const job = jobNamed(name);
  if (job.program === null) {
    const { run } = instantiate(job.bytes(), {});
    return { run: (times) => run(times) >>> 0, executed };
  }
  const { open: start } = await import(job.program);
  return { run: await start(instantiate), executed };
}
