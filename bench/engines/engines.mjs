// The engines, in the order of the table. Each starts a job and can then be asked for
// rounds; what is missing says so and is never a number.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NoNumber, startWorker } from "../process.mjs";
import { startNative } from "./native.mjs";

const OPEN = new URL("open.mjs", import.meta.url).href;
const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** JavaScript has three compilers to go through, in the background of a busy machine. */
const LONGER = 4;

const onPath = (name) =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((dir) => join(dir, name))
    .find(existsSync);

/** A newer V8, for what this Node's cannot run: as `bobbin engines` finds it. */
function newerNode() {
  try {
    const found = execFileSync(process.execPath, [CLI, "engines", "node26", "--json"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return JSON.parse(found).engines[0]?.program;
  } catch {
    return undefined;
  }
}

/**
 * @param warm milliseconds that a job runs before it is measured
 * @param round milliseconds of a round
 * @param wasm3 path of that program; else it is looked for on PATH
 */
export async function findEngines({ warm, round, wasm3 }) {
  const newer = newerNode();
  /** V8 in this Node or, for a job that it refuses, in a newer one. */
  const v8 = (name, execArgv) => ({
    name,
    start: async (job) => {
      const options = { engine: "v8", job: job.name, warm, round };
      const kernel = job.bytes();
      if (kernel === null || WebAssembly.validate(kernel))
        return { ...(await startWorker(OPEN, options, { execArgv })), inside: "host" };
      if (newer === undefined)
        throw new NoNumber("missing", "this V8 cannot run it: bobbin engines node26 --install");
      const started = await startWorker(OPEN, options, { execArgv, execPath: newer });
      return { ...started, inside: "node26" };
    },
  });
  const { TIERS } = await import("./bobbin.mjs");
  const tiers = TIERS.map((tier) => ({
    name: tier,
    bobbin: true,
    start: (job) =>
      startWorker(OPEN, { engine: "bobbin", tier, job: job.name, warm: LONGER * warm, round }),
  }));
  const native = (name, program, hint) => ({
    name,
    start: async (job) => {
      if (program === undefined) throw new NoNumber("missing", hint);
      return startNative(name, program, job);
    },
  });
  return [
    v8("v8", []),
    // `--liftoff --no-wasm-tier-up` tiers up all the same.
    v8("liftoff", ["--liftoff-only"]),
    ...tiers,
    {
      name: "polywasm",
      start: (job) =>
        startWorker(OPEN, { engine: "polywasm", job: job.name, warm: LONGER * warm, round }),
    },
    native("wasm3", wasm3 ?? onPath("wasm3"), "no wasm3 on PATH: --wasm3 PATH"),
    native("wabt", onPath("wasm-interp"), "no wasm-interp on PATH: Debian's package wabt"),
  ];
}
