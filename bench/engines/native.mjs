// Interpreters that are programs of their own and take a module and a function: the time
// of one run is what 2 N runs take longer than N, so their start does not count. They have
// no JavaScript, so they run kernels only.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NoNumber, runProgram } from "../process.mjs";
import { withNullaryExport } from "./nullary.mjs";

/** Milliseconds that N runs should take, so that milliseconds do not matter. */
const ENOUGH = 150;

const folder = mkdtempSync(join(tmpdir(), "bobbin-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** `wasm-interp` runs exports without parameters: one that calls `run` with a constant. */
function wabt(program, job) {
  return async (times) => {
    const file = join(folder, `${job.name}-${times}.wasm`);
    writeFileSync(file, withNullaryExport(job.bytes(), "run", times));
    const { output, ms } = await runProgram(program, [file, "--enable-all", "--run-all-exports"]);
    return { result: /=> i32:(\d+)/.exec(output)?.[1], output, ms };
  };
}

function wasm3(program, job) {
  const file = join(folder, `${job.name}.wasm`);
  writeFileSync(file, job.bytes());
  return async (times) => {
    const { output, ms } = await runProgram(program, ["--func", "run", file, String(times)]);
    return { result: /Result: (-?\d+)/.exec(output)?.[1], output, ms };
  };
}

const PROGRAMS = { wabt, wasm3 };

/** @throws NoNumber */
export async function startNative(name, program, job) {
  if (job.program !== null) throw new NoNumber("refused", `${name} has no host for programs`);
  const run = PROGRAMS[name](program, job);
  const { result, output, ms: start } = await run(1);
  if (result === undefined) throw new NoNumber("refused", output.trim().split("\n")[0]);
  let times = 1;
  for (let took = 0; took < ENOUGH;) {
    took = (await run(times * 2)).ms - start;
    if (took < ENOUGH) times *= took < ENOUGH / 10 ? 8 : 2;
  }
  const round = async () => {
    const once = await run(times);
    const twice = await run(times * 2);
    return (twice.ms - once.ms) / times;
  };
  return { first: Number(result) >>> 0, instructions: 0, round, stop() {} };
}
