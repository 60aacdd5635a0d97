// `bobbin spec --fuzz-bytes`: damaged modules, which must end in an orderly way:
// malformed, invalid, unlinkable, a trap, a limit. Each input is its seed.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type End, endOf, ends, mutate } from "../compare/mutate.js";
import { random } from "../util/random.js";
import { UsageError } from "../util/errors.js";
import type { Context } from "./context.js";
import { about, ExitCode, printable } from "./failure.js";
import { breath, type FuzzCommandOptions, stopper } from "./fuzz.js";
import { loadSuite } from "./suite-files.js";

interface Crash {
  readonly seed: number;
  readonly reason: string;
  readonly repeat: string;
}

const COUNT = 10_000;
/** Damage of a few bytes is lost in larger modules, which also take longer. */
const LARGEST = 20_000;
/** An input that takes longer is told: it may be a hang in the making. */
const SLOW_MS = 2000;
const BATCH = 500;

export async function fuzzBytes(
  paths: readonly string[],
  { seed: first = 1, count = COUNT, save, json }: FuzzCommandOptions,
  context: Context,
): Promise<number> {
  const corpus = await corpusOf(paths);
  const totals = Object.fromEntries(ends.map((end) => [end, 0])) as Record<End, number>;
  const crashes: Crash[] = [];
  const stop = stopper();
  let inputs = 0;
  try {
    for (; inputs < count && !stop.asked; inputs++) {
      const seed = first + inputs;
      if (inputs % BATCH === 0) {
        context.progress(`${inputs}/${count}`);
        await breath();
      }
      const bytes = mutate(corpus, random(seed));
      const reason = tryBytes(bytes, totals);
      if (reason === null) continue;
      const repeat = ["bobbin spec --fuzz-bytes", ...paths, `--seed ${seed} --count 1`].join(" ");
      crashes.push({ seed, reason, repeat });
      if (save !== undefined) {
        mkdirSync(save, { recursive: true });
        writeFileSync(join(save, `${seed}.wasm`), bytes);
      }
    }
  } finally {
    stop.end();
    context.progress("");
  }
  if (json === true) context.out(JSON.stringify({ inputs, ends: totals, crashes }));
  else {
    for (const { seed, reason, repeat } of crashes)
      context.out(`seed ${seed}: ${printable(reason)}\n  again: ${repeat}`);
    const list = ends.map((end) => `${totals[end]} ${end}`).join(", ");
    context.out(`${inputs} inputs: ${list}, ${crashes.length} crashed`);
  }
  if (stop.asked) return ExitCode.interrupted;
  return crashes.length > 0 ? ExitCode.finding : ExitCode.good;
}

/** What was wrong, or null. */
function tryBytes(bytes: Uint8Array, totals: Record<End, number>): string | null {
  const start = performance.now();
  try {
    totals[endOf(bytes)]++;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const spent = performance.now() - start;
  return spent < SLOW_MS ? null : `took ${Math.round(spent)} ms`;
}

/** The fixtures, or the modules of the suite's scripts. */
async function corpusOf(paths: readonly string[]): Promise<Uint8Array[]> {
  const found = paths.length === 0 ? fixtures() : [];
  for (const path of paths) {
    for (const script of await about(path, () => loadSuite(path))) {
      const { commands, read } = script.load();
      for (const { type, filename, module_type } of commands)
        if (type === "module" && module_type === "binary") found.push(read(filename!));
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
