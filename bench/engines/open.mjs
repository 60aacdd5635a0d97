// In a worker: a job on an engine that this process has. Gives `run(times)` and, where the
// engine counts them, the instructions executed so far.

import { jobNamed } from "../jobs.mjs";

/** An engine gives exports for bytes and an import object; what one call gives fits the next's. */
const ENGINES = {
  v8: async () => over(WebAssembly),
  polywasm: async () => over((await import("polywasm")).WebAssembly),
  bobbin: async (options) => (await import("./bobbin.mjs")).bobbin(options),
};

const over = ({ Instance, Module }) => ({
  instantiate: (bytes, imports) => new Instance(new Module(bytes), imports).exports,
});

export async function open({ engine, job: name, ...options }) {
  const { instantiate, executed, run, attachment } = await ENGINES[engine](options);
  const job = jobNamed(name);
  if (job.program === null) {
    const exports = instantiate(job.bytes(), {});
    return { run: (await run?.()) ?? ((times) => exports.run(times) >>> 0), executed, attachment };
  }
  const { open: start } = await import(job.program);
  return { run: await start(instantiate), executed, attachment };
}
