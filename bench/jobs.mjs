// What is measured. A job's `run(times)` does its work that many times and gives a number,
// the same on every engine; sizes are such that V8 takes a tenth of a millisecond or more.

import { readFileSync } from "node:fs";

const kernel = (name, group, about) => ({
  name,
  group,
  about,
  program: null,
  bytes: () => readFileSync(new URL(`kernels/${name}.wasm`, import.meta.url)),
});
const program = (name, about) => ({
  name,
  group: "program",
  about,
  program: new URL(`programs/${name}.mjs`, import.meta.url).href,
  bytes: () => null,
});

/** Groups: `mvp` and `newer` kernels, and `program`s. */
export const JOBS = [
  kernel("fib", "mvp", "calls"),
  kernel("sieve", "mvp", "strided stores"),
  kernel("sort", "mvp", "quicksort, heapsort"),
  kernel("matmul", "mvp", "f64 matrices"),
  kernel("hash64", "mvp", "64-bit hashing"),
  kernel("sha512", "mvp", "64-bit rotations, many locals"),
  kernel("mandelbrot", "mvp", "f64 in locals"),
  kernel("bytes", "mvp", "base64, CRC, UTF-8"),
  kernel("linked", "mvp", "trees, lists, chains"),
  kernel("vm", "mvp", "an interpreter's loop"),
  kernel("mix", "mvp", "a mix like CoreMark's"),
  kernel("indirect", "mvp", "call_indirect, 72 targets"),
  kernel("simd", "newer", "vectors"),
  kernel("gc-structs", "newer", "trees, shapes, casts"),
  kernel("gc-arrays", "newer", "collected arrays"),
  kernel("exceptions", "newer", "throw, catch, rethrow"),
  program("quickjs", "QuickJS running JavaScript"),
  program("sqlite", "SQLite answering queries"),
];

export const jobNamed = (name) => JOBS.find((job) => job.name === name);
