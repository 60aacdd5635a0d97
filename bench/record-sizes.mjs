// Sizes of asyncify's records on the fixtures, by layout: Bobbin's, and those of the twins
// that Binaryen makes at levels 0 and 2. Runs the whole manifest on Bobbin.
//
//   npm run build && node bench/record-sizes.mjs

import { readFileSync } from "node:fs";
import { compactLayout, decode, fullLayout, parseValue, runNative, runTwinOnBobbin, validate } from "../dist/index.js"; // prettier-ignore

const fixture = (file) => new URL(`../fixtures/${file}`, import.meta.url);
const { modules } = JSON.parse(readFileSync(fixture("manifest.json"), "utf8"));

/** Sizes of the records pushed, in order. */
const sizesOf = ({ events }) =>
  events.flatMap((event) => (event.type === "push" ? [event.size] : []));
const average = (sizes) => sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
const share = (ours, theirs) => ours.filter((size, i) => size <= theirs[i]).length / ours.length;

const groups = new Map();
for (const { file, clang, twins, asyncify, host, exports, runs } of modules) {
  const module = validate(decode(readFileSync(fixture(file))));
  const { default: hostScript } = await import(fixture(host));
  const sizes = { full: [], compact: [], 0: [], 2: [] };
  for (const { invoke, args, trap } of runs) {
    if (trap !== undefined) continue;
    const values = args.map((text, i) => parseValue(text, exports[invoke].params[i]));
    const request = { hostScript, invoke, args: values, context: { log: () => undefined } };
    for (const [name, layout] of [
      ["full", fullLayout],
      ["compact", compactLayout],
    ])
      // prettier-ignore
      sizes[name].push(...sizesOf(await runNative({ ...request, module, asyncify, layout })));
    for (const { file: twin, optimizeLevel } of twins) {
      const bytes = readFileSync(fixture(twin));
      sizes[optimizeLevel].push(...sizesOf(await runTwinOnBobbin({ ...request, bytes, plain: module }))); // prettier-ignore
    }
  }
  const group = clang;
  const all = groups.get(group) ?? groups.set(group, { full: [], compact: [], 0: [], 2: [] }).get(group); // prettier-ignore
  for (const [name, list] of Object.entries(sizes)) all[name].push(...list);
}

console.log("clang    records  full  Binaryen -O0  -O2  compact   full <= -O0  full <= -O2");
for (const [group, { full, compact, 0: plain, 2: optimized }] of groups) {
  if (full.length === 0) continue;
  const number = (sizes, width) => average(sizes).toFixed(1).padStart(width);
  const percent = (part, width) => `${(100 * part).toFixed(1)} %`.padStart(width);
  console.log(
    group.padEnd(8),
    String(full.length).padStart(7),
    number(full, 5),
    number(plain, 13),
    number(optimized, 4),
    number(compact, 8),
    percent(share(full, plain), 13),
    percent(share(full, optimized), 12),
  );
}
