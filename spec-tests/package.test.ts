// What a user installs: packs the project, installs the tarball in an empty folder,
// and uses the library and the command from there.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

const project = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "bobbin-package-"));
const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}
let packed: Packed;

beforeAll(() => {
  // `npm test` has just built dist; `npm ci` builds it too.
  [packed] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], project),
  ) as [Packed];
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  run("npm", ["install", "--no-audit", "--no-fund", join(folder, packed.filename)], folder);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the tarball holds the build, the documents, the extension, and the fixtures of the tour", () => {
  const top = new Set(packed.files.map(({ path }) => path.split("/")[0]));
  expect([...top].sort()).toEqual([
    "DECISIONS.md",
    "LICENSE",
    "README.md",
    "dist",
    "docs",
    "editors",
    "fixtures",
    "package.json",
    "src",
  ]);
  expect(packed.files.filter(({ path }) => path.includes(".test."))).toEqual([]);
});

/** `(module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))` */
const ADD = "0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b";

test("the library runs from the tarball", () => {
  writeFileSync(
    join(folder, "use.mjs"),
    `import { decode, validate, instantiate, Machine, i32 } from "bobbin";
     const bytes = Uint8Array.from("${ADD}".match(/../g), (h) => parseInt(h, 16));
     const machine = new Machine();
     const instance = instantiate(machine, validate(decode(bytes)));
     console.log(machine.invoke(instance.exports.get("add").func, [i32(2), i32(40)])[0].value);`,
  );
  expect(run("node", ["use.mjs"], folder)).toBe("42\n");
});

test("the trees come from an entry of their own", () => {
  writeFileSync(
    join(folder, "tree.mjs"),
    `import { readFileSync } from "node:fs";
     import { decode } from "bobbin";
     import { crossCheck, fromAst, toAst } from "bobbin/ast";
     const bytes = readFileSync("node_modules/bobbin/fixtures/wasm/simple.wasm");
     console.log(crossCheck(bytes).outcome, fromAst(toAst(decode(bytes))).functions.length > 0);`,
  );
  expect(run("node", ["tree.mjs"], folder)).toBe("agree true\n");
});

test("the object WebAssembly comes from an entry of its own", () => {
  writeFileSync(
    join(folder, "object.mjs"),
    `import { WebAssembly } from "bobbin/js-api";
     const bytes = Uint8Array.from("${ADD}".match(/../g), (h) => parseInt(h, 16));
     const { instance } = await WebAssembly.instantiate(bytes);
     console.log(instance.exports.add(2, 40), WebAssembly !== globalThis.WebAssembly);`,
  );
  expect(run("node", ["object.mjs"], folder)).toBe("42 true\n");
});

test("the object gets under a program by an entry of its own", () => {
  const env = { ...process.env, BOBBIN_ASYNCIFY: "1" };
  const program = "node_modules/bobbin/fixtures/glue/naps.cjs";
  const ran = execFileSync("node", ["--import", "bobbin/register", program], {
    cwd: folder,
    encoding: "utf8",
    env,
  });
  expect(ran).toBe("sum of 1: 2\nsum of 2: 6\nsum of 3: 12\n");
});

test("the program of the README runs from the tarball", () => {
  const readme = readFileSync(join(project, "README.md"), "utf8");
  const [, program] = /```js\n([^]*?)```/.exec(readme)!;
  writeFileSync(join(folder, "readme.mjs"), program!);
  const lines = run("node", ["readme.mjs"], folder).trimEnd().split("\n");
  expect(lines).toContain("log 20");
  expect(lines.at(-1)).toBe("i32:51");
});

test("the command runs from the tarball", () => {
  const bin = join(folder, "node_modules", ".bin", "bobbin");
  const module = join(project, "fixtures", "wasm", "simple.wasm");
  expect(run(bin, ["run", module, "--invoke", "sum", "10", "--stub-imports"], folder)).toBe(
    "i32:55\n",
  );
});
