// Runs the web-platform-tests of the JavaScript interface on Bobbin and on the host's own
// WebAssembly, side by side: `node spec-tests/jsapi/run.mjs`, after `npm run build`.
//
//   node spec-tests/jsapi/run.mjs [--engine bobbin|host] [--json] [--long] [--record] [FILTER]
//
// What fails on Bobbin is listed. FILTER is a part of a file's name; --long runs the limits
// too, which takes many minutes; --json prints the results of one engine as they are;
// --record writes the counts of Bobbin and of this V8 into results.txt.

import { parseArgs } from "node:util";
import { findTests, runFile } from "./harness.mjs";
import { passed, record } from "./results.mjs";

const { values, positionals } = parseArgs({
  options: {
    engine: { type: "string" },
    json: { type: "boolean" },
    long: { type: "boolean" },
    record: { type: "boolean" },
  },
  allowPositionals: true,
});
const tests = findTests();
if (tests === null) {
  console.error("the tests are not here: set BOBBIN_WPT to a copy of web-platform-tests");
  process.exit(2);
}
// Some tests do not wait for what they reject.
process.on("unhandledRejection", () => undefined);

const engines = values.engine === undefined ? ["bobbin", "host"] : [values.engine];
const objects = {
  host: async () => globalThis.WebAssembly,
  bobbin: async () => (await import("../../dist/js-api.js")).WebAssembly,
};
const all = {};
for (const { file, long } of tests.files) {
  if ((long && !values.long) || !file.includes(positionals[0] ?? "")) continue;
  const results = (all[file] = {});
  for (const engine of engines)
    results[engine] = await runFile(tests.root, file, await objects[engine]());
  if (values.json) continue;
  const counts = engines.map((engine) =>
    `${engine} ${passed(results[engine])}/${results[engine].length}`.padEnd(16),
  );
  console.log(`${file.padEnd(48)} ${counts.join(" ").trimEnd()}`);
  for (const { name, failure } of results[engines[0]])
    if (failure !== null) console.log(`    ${name}: ${failure}`);
}
if (values.json) console.log(JSON.stringify(all));
if (values.record) record(all);
