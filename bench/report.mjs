// Where results go: a table to standard output and files to `results`, which git does not
// see, or `saved` with `--save`; with `--json` that to standard output instead. Progress goes
// to standard error.

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

/** A number among the options. */
export function numberOf(options, name, otherwise) {
  const value = Number(options[name] ?? otherwise);
  if (Number.isInteger(value) && value > 0) return value;
  throw usage(`--${name} takes a whole number above 0`);
}
export const usage = (message) => Object.assign(new Error(message), { usage: true });

/** Of named things those that an option lists; all without it. */
export function chosen(things, list, option) {
  if (list === undefined) return things;
  const names = list.split(",");
  for (const name of names)
    if (!things.some((thing) => thing.name === name))
      throw usage(`--${option}: no ${name} among ${things.map((thing) => thing.name).join(", ")}`);
  return things.filter(({ name }) => names.includes(name));
}

/** What the numbers were measured on. */
export const setting = () => ({
  date: new Date().toISOString().slice(0, 10),
  node: process.versions.node,
  v8: process.versions.v8,
  cpu: cpus()[0]?.model ?? "unknown",
});

let last = "";
/** @param detail changes faster than is of use in a file */
export function tell(what, detail) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}: ${detail}`);
  else if (what !== last) process.stderr.write(`${what}\n`);
  last = what;
}
export function told() {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}

/** @param files beside the JSON: { extension: text } */
export function report(name, result, text, { json, save }, files = {}) {
  told();
  if (json) return console.log(JSON.stringify(result));
  console.log(text);
  const folder = new URL(save ? "saved/" : "results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const all = { json: `${JSON.stringify(result, null, 1)}\n`, ...files };
  for (const [extension, content] of Object.entries(all)) {
    const file = fileURLToPath(new URL(`${name}.${extension}`, folder));
    writeFileSync(file, content);
    process.stderr.write(`${file}\n`);
  }
}
