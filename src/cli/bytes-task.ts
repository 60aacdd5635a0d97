// What the worker of `--fuzz-bytes` does: tries a run of seeds on damaged modules, and
// tells how they ended, what crashed, and which took longest. It runs in a process of
// its own, because a hang or a lack of memory ends no more than that.

import { readFileSync } from "node:fs";
import { cpuUsage, memoryUsage } from "node:process";
import { type End, endOf, ends, mutate } from "../compare/mutate.js";
import { random } from "../util/random.js";

export interface BytesRequest {
  readonly task: "bytes";
  /** A file as `writeCorpus` makes it. */
  readonly corpus: string;
  readonly seed: number;
  readonly count: number;
}

export interface BytesFailure {
  readonly seed: number;
  readonly reason: string;
}

export interface BytesAnswer {
  readonly ends: Readonly<Record<End, number>>;
  readonly failures: readonly BytesFailure[];
  readonly slowest: { readonly seed: number; readonly ms: number };
  /** Bytes that the process holds. */
  readonly memory: number;
}

/** What one input may take: time of the processor, as others may be at work too. */
const BUDGET_MS = 2000;
const BUDGET_BYTES = 2 ** 29;

export const noEnds = (): Record<End, number> =>
  Object.fromEntries(ends.map((end) => [end, 0])) as Record<End, number>;

/** The text of a file that holds the modules. */
export const corpusText = (modules: readonly Uint8Array[]): string =>
  JSON.stringify(modules.map((bytes) => Buffer.from(bytes).toString("base64")));

const corpora = new Map<string, readonly Uint8Array[]>();
function corpusAt(path: string): readonly Uint8Array[] {
  let corpus = corpora.get(path);
  if (corpus === undefined) {
    const texts = JSON.parse(readFileSync(path, "utf8")) as string[];
    corpora.set(path, (corpus = texts.map((text) => new Uint8Array(Buffer.from(text, "base64")))));
  }
  return corpus;
}

export function tryBytes({ corpus: path, seed: first, count }: BytesRequest): BytesAnswer {
  const corpus = corpusAt(path);
  const totals = noEnds();
  const failures: BytesFailure[] = [];
  let slowest = { seed: first, ms: 0 };
  let held = memoryUsage.rss();
  for (let seed = first; seed < first + count; seed++) {
    const bytes = mutate(corpus, random(seed));
    const start = cpuUsage();
    try {
      totals[endOf(bytes)]++;
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      failures.push({ seed, reason });
    }
    const { user, system } = cpuUsage(start);
    const ms = Math.round((user + system) / 1000);
    if (ms > slowest.ms) slowest = { seed, ms };
    if (ms > BUDGET_MS) failures.push({ seed, reason: `took ${ms} ms` });
    const before = held;
    held = memoryUsage.rss();
    if (held - before > BUDGET_BYTES)
      failures.push({ seed, reason: `took ${Math.round((held - before) / 2 ** 20)} MiB` });
  }
  return { ends: totals, failures, slowest, memory: held };
}
