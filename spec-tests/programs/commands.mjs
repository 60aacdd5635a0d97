// Programs of the command line (WASI preview 1), on a file system in memory: what the programs
// of fixtures/programs have in common.

import { readFileSync } from "node:fs";
import { ConsoleStdout, File, OpenFile, PreopenDirectory, WASI } from "@bjorn3/browser_wasi_shim";

export const folder = new URL("../../fixtures/programs/", import.meta.url);
const bytes = (name) => readFileSync(new URL(name, folder));

/**
 * Runs a program to its end.
 * @param command its name and arguments; the files of the folder are in `/data`
 * @returns the exit code
 */
export async function execute(command, { input = "", env = [], files }, tell) {
  const [name] = command;
  const output = () => ConsoleStdout.lineBuffered(tell);
  const data = new Map(files.map((file) => [file, new File(bytes(file))]));
  const stdin = new OpenFile(new File(new TextEncoder().encode(input)));
  const wasi = new WASI(command, env, [stdin, output(), output(), new PreopenDirectory("/data", data)], { debug: false }); // prettier-ignore
  const { instance } = await WebAssembly.instantiate(bytes(`${name}.wasm`), {
    wasi_snapshot_preview1: wasi.wasiImport,
  });
  const code = wasi.start(instance);
  return { code, data };
}
