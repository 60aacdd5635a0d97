// npm run bench: how the time of Bobbin relates to that of V8's optimised code, and so do
// other engines. See README.md.
//
//   npm run bench -- [speed] [OPTIONS]        kernels and programs on all engines
//   npm run bench -- --check                  against bench/baseline.json
//   npm run bench -- fibers|observers|load|starts    what else costs

import { parseArgs } from "node:util";
import { speed } from "./speed.mjs";
import { fibers } from "./fibers.mjs";
import { load } from "./load.mjs";
import { observers } from "./observers.mjs";
import { starts } from "./starts.mjs";

const COMMANDS = { speed, fibers, observers, load, starts };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    processes: { type: "string" },
    rounds: { type: "string" },
    warm: { type: "string" },
    round: { type: "string" },
    only: { type: "string" },
    engines: { type: "string" },
    wasm3: { type: "string" },
    tier: { type: "string" },
    sizes: { type: "string" },
    file: { type: "string" },
    invoke: { type: "string" },
    fibers: { type: "string" },
    check: { type: "boolean", default: false },
    "update-baseline": { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const [name = "speed", ...more] = positionals;
const command = COMMANDS[name];
if (command === undefined || more.length > 0) {
  console.error(`usage: bench [${Object.keys(COMMANDS).join("|")}] [OPTIONS]: see bench/README.md`);
  process.exit(2);
}
try {
  process.exitCode = await command(options);
} catch (error) {
  if (error.usage !== true) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
