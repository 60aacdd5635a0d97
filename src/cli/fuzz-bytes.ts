// `bobbin spec --fuzz-bytes`: damaged modules, which must end in an orderly way:
// malformed, invalid, unlinkable, a trap, a limit. Each input is its seed. Batches of
// them are tried in another process (`bytes-task.ts`), which is ended when it hangs.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { EngineFailure } from "../compare/fuzz.js";
import { fuzzFeatures } from "../compare/fuzz-features.js";
import { ends, mutate } from "../compare/mutate.js";
import { random } from "../util/random.js";
import { UsageError } from "../util/errors.js";
import { printable } from "../util/printable.js";
import { type BytesAnswer, type BytesFailure, corpusText, noEnds } from "./bytes-task.js";
import type { Context } from "./context.js";
import { EngineProcess } from "./engine-process.js";
import { workerFile, type WorkerRequest } from "./engines.js";
import { about, ExitCode } from "./failure.js";
import type { FuzzCommandOptions } from "./fuzz.js";
import { interruption } from "./interruption.js";
import { fuzzInput, makeModule } from "./make-fuzz.js";
import { loadSuite } from "./suite-files.js";
import { WasmOpt } from "./wasm-opt.js";

const COUNT = 10_000;
/** Damage of a few bytes is lost in larger modules, which also take longer. */
const LARGEST = 20_000;
const BATCH = 500;
/** For a batch, and for a single input of one that failed: more than anything orderly takes. */
const TIMEOUT_MS = 60_000;
/** Of the other process, in MiB: memories are not in its heap. */
const HEAP = 512;

export async function fuzzBytes(
  paths: readonly string[],
  { seed: first = 1, count = COUNT, randomModules = 0, filter, save, json }: FuzzCommandOptions,
  context: Context,
): Promise<number> {
  const corpus = await corpusOf(paths, filter ?? /(?:)/, randomModules);
  const folder = mkdtempSync(join(tmpdir(), "bobbin-fuzz-"));
  const file = join(folder, "corpus.json");
  writeFileSync(file, corpusText(corpus));
  const worker = new EngineProcess({
    command: [process.execPath, `--max-old-space-size=${HEAP}`, workerFile()],
    timeoutMs: TIMEOUT_MS,
  });
  const totals = noEnds();
  const failures: BytesFailure[] = [];
  let slowest = { seed: first, ms: 0 };
  let memory = 0;
  const stop = interruption();
  let inputs = 0;

  /** Halves a batch that the process does not survive, until it is one input. */
  const attempt = async (seed: number, size: number): Promise<void> => {
    let answer: BytesAnswer;
    try {
      const request: WorkerRequest = { task: "bytes", corpus: file, seed, count: size };
      answer = (await worker.ask(request)) as BytesAnswer;
    } catch (error) {
      if (!(error instanceof EngineFailure)) throw error;
      if (size === 1) {
        failures.push({ seed, reason: error.message });
        return;
      }
      const half = size >>> 1;
      await attempt(seed, half);
      return attempt(seed + half, size - half);
    }
    for (const end of ends) totals[end] += answer.ends[end];
    failures.push(...answer.failures);
    if (answer.slowest.ms > slowest.ms) ({ slowest } = answer);
    memory = Math.max(memory, answer.memory);
  };

  try {
    while (inputs < count && !stop.asked) {
      context.progress(`${inputs}/${count}`);
      const size = Math.min(BATCH, count - inputs);
      await attempt(first + inputs, size);
      inputs += size;
    }
  } finally {
    worker.close();
    rmSync(folder, { recursive: true, force: true });
    stop.end();
    context.progress("");
  }

  const corpusFlags = [
    ...(randomModules > 0 ? [`--random-modules ${randomModules}`] : []),
    ...(filter === undefined ? [] : [`--filter "${filter}"`]),
  ];
  const crashes = failures.map(({ seed, reason }) => ({
    seed,
    reason,
    repeat: ["bobbin spec --fuzz-bytes", ...paths, ...corpusFlags, `--seed ${seed} --count 1`].join(
      " ",
    ),
  }));
  if (save !== undefined && crashes.length > 0) {
    mkdirSync(save, { recursive: true });
    for (const { seed } of crashes)
      writeFileSync(join(save, `${seed}.wasm`), mutate(corpus, random(seed)));
  }
  const mebibytes = Math.round(memory / 2 ** 20);
  if (json === true)
    context.out(JSON.stringify({ inputs, ends: totals, slowest, mebibytes, crashes }));
  else {
    for (const { seed, reason, repeat } of crashes)
      context.out(`seed ${seed}: ${printable(reason)}\n  again: ${repeat}`);
    const list = ends.map((end) => `${totals[end]} ${end}`).join(", ");
    context.out(`${inputs} inputs: ${list}, ${crashes.length} crashed`);
    context.out(`slowest: seed ${slowest.seed}, ${slowest.ms} ms; at most ${mebibytes} MiB held`);
  }
  if (stop.asked) return ExitCode.interrupted;
  return crashes.length > 0 ? ExitCode.finding : ExitCode.good;
}

/** The fixtures, or the modules of the suite's scripts; and random ones, the first seeds of `--fuzz`. */
async function corpusOf(
  paths: readonly string[],
  filter: RegExp,
  randomModules: number,
): Promise<Uint8Array[]> {
  const found = paths.length === 0 ? fixtures() : [];
  for (const path of paths) {
    const scripts = await about(path, () => loadSuite(path));
    const chosen = scripts.filter(({ file, group }) => filter.test(file) || filter.test(group));
    for (const script of chosen) {
      const { commands, read } = script.load();
      for (const { type, filename, module_type } of commands)
        if (type === "module" && module_type !== "text") found.push(read(filename!));
    }
  }
  if (randomModules > 0) {
    const wasmOpt = WasmOpt.open();
    try {
      for (let seed = 1; seed <= randomModules; seed++)
        found.push(await makeModule(wasmOpt, fuzzInput(seed, fuzzFeatures)));
    } finally {
      wasmOpt.close();
    }
  }
  const corpus = found.filter(({ length }) => length <= LARGEST);
  if (corpus.length === 0) throw new UsageError("no modules to damage");
  return corpus;
}

function fixtures(): Uint8Array[] {
  const folder = fileURLToPath(new URL("../../fixtures/wasm/", import.meta.url));
  return readdirSync(folder)
    .filter((name) => name.endsWith(".wasm"))
    .sort()
    .map((name) => readFileSync(join(folder, name)));
}
