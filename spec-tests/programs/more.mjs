// Large programs, which are no part of the tests: installs each into a folder of its own, runs it
// on this Node's engine, on Bobbin, and where it is instrumented under the checker, and prints a
// row of docs/programs.md. It takes minutes, and hundreds of megabytes from the npm registry.
//
//   npm run build && node spec-tests/programs/more.mjs [PROGRAM...]

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "./programs.mjs";
import { heading, row } from "./rows.mjs";

const all = readdirSync(new URL("more/", import.meta.url)).map((file) =>
  file.replace(/\.mjs$/, ""),
);
const named = process.argv.slice(2);

heading("program", "from", "V8, s", "Bobbin / V8", "unwinds", "frames unwound", "findings");
for (const program of named.length === 0 ? all : named) {
  const { name, from, packages, instrumented } = await import(`./more/${program}.mjs`);
  const folder = mkdtempSync(join(tmpdir(), "bobbin-programs-"));
  try {
    writeFileSync(join(folder, "package.json"), "{}");
    writeFileSync(join(folder, "load.mjs"), "export default (name) => import(name);\n");
    const npm = ["install", "--no-audit", "--no-fund", "--save-exact", ...packages];
    execFileSync("npm", npm, { cwd: folder, stdio: "ignore" });
    const run = (on) => runProgram(`more/${program}`, on, { folder });
    const engine = await run("engine");
    const bobbin = await run("bobbin");
    const { counts, findings } = instrumented === true ? await run("checker") : {};
    const told = ({ lines, failure }) => JSON.stringify({ lines, failure });
    const [v8, own] = [engine, bobbin].map(({ times }) => times[0]);
    row([
      name,
      from,
      (v8 / 1000).toFixed(1),
      told(engine) === told(bobbin) ? (own / v8).toFixed(1) : "other output",
      counts?.unwinds ?? "-",
      counts?.pushes ?? "-",
      findings?.length ?? "-",
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
