// The programs, in the order of the table; and one run of one of them, in a process of its own.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Those that unwind come first. */
export const UNWINDING = ["quickjs", "sqlite", "fibers", "sleeper"];
export const OTHERS = ["words", "sums", "lua", "yoga", "oniguruma", "hashes", "sodium"];

const script = fileURLToPath(new URL("run.mjs", import.meta.url));
const require = createRequire(import.meta.url);

/**
 * @param on "engine" (the host's own `WebAssembly`), "bobbin", or "checker"
 * @param what "run", or one of the cases in which it is broken
 * @param folder where its packages are installed, if not here
 * @returns what `run.mjs` prints
 */
export async function runProgram(program, on, { what = "run", times = 1, folder = "." } = {}) {
  const args = [script, program, what, "--on", on, "--times", String(times), "--from", folder];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 });
    return JSON.parse(stdout);
  } catch (error) {
    // Glue in one line would be printed whole.
    throw new Error(`${program} on ${on}: ${String(error.stderr ?? error).slice(-1000)}`);
  }
}

/** What a program is from, with its version. */
export function origin({ from }) {
  try {
    const { version } = JSON.parse(readFileSync(manifestOf(from), "utf8"));
    return `${from} ${version}`;
  } catch {
    return from;
  }
}

/** Some packages do not export theirs. */
const manifestOf = (name) =>
  require.resolve.paths(name).map((folder) => `${folder}/${name}/package.json`).find(isThere); // prettier-ignore
const isThere = (file) => {
  try {
    return readFileSync(file).length > 0;
  } catch {
    return false;
  }
};
