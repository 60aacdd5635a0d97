// Runs one program in a process of its own, and prints as JSON what it told, how it ended, how
// much processor time it took, and what the checker found.
//
//   node spec-tests/programs/run.mjs PROGRAM [CASE] [--on engine|bobbin|checker] [--times N]
//
// With `--from FOLDER` the program takes its packages from what was installed in that folder.

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { now } from "../../bench/clock.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    on: { type: "string", default: "engine" },
    times: { type: "string", default: "1" },
    from: { type: "string", default: "." },
  },
});
const [program, what = "run"] = positionals;

let checker;
if (values.on !== "engine") {
  const { makeWebAssembly } = await import("../../dist/js-api.js");
  const { InstanceChecker } = await import("../../dist/index.js");
  if (values.on === "checker") checker = new InstanceChecker(() => undefined);
  globalThis.WebAssembly = makeWebAssembly(checker && { attachments: [checker] });
}

const lines = [];
const times = [];
/** At once: glue has ends of its own for a process in which something was thrown. */
const end = (failure) => {
  checker?.finish();
  // All have one instance at most that unwinds.
  const { findings, counts, lastWords } = checker?.instances[0] ?? {};
  writeFileSync(1, JSON.stringify({ lines, failure, times, counts, findings, lastWords }));
  process.exit(0);
};
const failed = (error) => end(`${error?.name}: ${error?.message}`);
// Glue that goes wrong often does so in a promise that nobody waits for.
process.on("uncaughtException", failed);

/** The packages of the folder, imported from a file that lies there. */
const folder = resolve(values.from);
const load = async (name) => {
  const { default: from } = await import(pathToFileURL(join(folder, "load.mjs")).href);
  return from(name);
};
load.path = (file) => join(folder, "node_modules", file);

const module = await import(`./${program}.mjs`);
for (let i = 0; i < Number(values.times); i++) {
  const before = now();
  lines.length = 0;
  await (module[what] ?? module.broken[what])((line) => lines.push(String(line)), load).catch(
    failed,
  );
  times.push(now() - before);
}
end(null);
