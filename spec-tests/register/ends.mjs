// Programs that end, each in a way of its own: node ends.mjs MODULE WAY. The module imports
// env.out and exports sum(n), fail() and spin().

import { readFileSync } from "node:fs";

const [file, way] = process.argv.slice(2);
const out = () => {
  if (way === "exits inside") process.exit(4);
  if (way === "throws inside") throw new Error("from inside");
};
const module = new WebAssembly.Module(readFileSync(file));
const { exports } = new WebAssembly.Instance(module, { env: { out } });
console.log(exports.sum(10));
const ways = {
  returns: () => undefined,
  traps: () => exports.fail(),
  "exits inside": () => exports.call(),
  "throws inside": () => exports.call(),
  throws() {
    throw new Error("no reason");
  },
  exits: () => process.exit(4),
  spins: () => exports.spin(),
  waits: () => setTimeout(() => undefined, 1e6),
  "takes it": () => {
    process.on("SIGINT", () => {
      console.log("taken", exports.sum(3));
      process.exit(6);
    });
    setTimeout(() => undefined, 1e6);
  },
};
ways[way]();
