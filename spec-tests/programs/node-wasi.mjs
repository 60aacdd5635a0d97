// Runs a program of fixtures/programs on this Node's engine and its own WASI, with the files of
// that folder in /data:  node node-wasi.mjs PROGRAM.wasm ARGUMENT...

import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../fixtures/programs/", import.meta.url));
const args = process.argv.slice(2);
const { WORDS_TITLE } = process.env;
const env = WORDS_TITLE === undefined ? {} : { WORDS_TITLE };
const wasi = new WASI({ version: "preview1", args, env, preopens: { "/data": folder }, returnOnExit: true }); // prettier-ignore
const bytes = readFileSync(`${folder}${args[0]}`);
const { instance } = await WebAssembly.instantiate(bytes, wasi.getImportObject());
process.exitCode = wasi.start(instance);
