// Builds the kernels: `node bench/kernels/build.mjs [VERSION]`, after `npm run build`. C by
// clang and lld of that version (19), text by the assembler of `bobbin asm`; with `text`
// for the version only that.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assemble } from "../../dist/cli/assembler.js";

const [version = "19"] = process.argv.slice(2);
const at = (file) => fileURLToPath(new URL(file, import.meta.url));
const CLANG = "--target=wasm32 -O2 -ffreestanding -nostdlib -fno-builtin -Wall -Wextra".split(" ");
const LD = "--no-entry --strip-all -z stack-size=16384".split(" ");
/** What a kernel needs beyond the MVP. */
const EXTENSIONS = { simd: ["-msimd128"] };

const folder = mkdtempSync(join(tmpdir(), "kernels-"));
const run = (program, ...args) => execFileSync(program, args, { stdio: "inherit" });
for (const file of readdirSync(at(".")).sort()) {
  const [name, kind] = file.split(".");
  const wasm = at(`${name}.wasm`);
  if (kind === "wat") writeFileSync(wasm, assemble(readFileSync(at(file), "utf8")));
  else if (kind === "c" && version !== "text") {
    const object = join(folder, `${name}.o`);
    const extensions = EXTENSIONS[name] ?? [];
    run(`clang-${version}`, ...CLANG, "-mcpu=mvp", ...extensions, "-c", at(file), "-o", object);
    run(`wasm-ld-${version}`, ...LD, object, "-o", wasm);
  } else continue;
  console.log(`${file} -> ${name}.wasm`);
}
rmSync(folder, { recursive: true });
