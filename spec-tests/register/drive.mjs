// A program as people write it: whatever `WebAssembly` is there runs the module, and a host
// script of the fixtures drives it. node drive.mjs MODULE HOST EXPORT NUMBER...

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [file, script, name, ...args] = process.argv.slice(2);
const { default: host } = await import(pathToFileURL(script).href);
const { imports, invoke } = await host({ log: (...values) => console.log(...values) });
const { instance } = await WebAssembly.instantiate(await readFile(file), imports);
const call = invoke ?? ((given, export_, values) => given.exports[export_](...values));
console.log(await call(instance, name, args.map(Number)));
