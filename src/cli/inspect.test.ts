import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { columns } from "./columns.js";
import { bobbin, fileOf, wat } from "./testing.js";

const file = fileOf(
  "inspect.wasm",
  wat(`(module
  (import "env" "sleep" (func $sleep (param i32)))
  (import "env" "log" (func $log (param i32)))
  (memory (export "memory") 1 2)
  (global $g (mut i64) (i64.const 3))
  (func $nap (param $n i32) (result i32)
    (block $b (br_if $b (i32.eqz (local.get $n))) (call $sleep (local.get $n)))
    (local.get $n))
  (func $main (export "main") (param i32) (result i32) (i32.add (i32.const 1) (call $nap (local.get 0))))
  (func $tell (call $log (i32.const 1))))`),
);
const inspect = async (...options: string[]) => {
  const { code, stdout, stderr } = await bobbin(["inspect", file, ...options]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.replace(file, "FILE");
};

test("the summary", async () => {
  expect(await inspect()).toMatchInlineSnapshot(`
   "FILE: 177 bytes

   Sections
     section        offset  bytes
     type           0x000a     13
     import         0x0019     23
     function       0x0032      4
     memory         0x0038      4
     global         0x003e      6
     export         0x0046     17
     code           0x0059     35
     custom "name"  0x007e     51

   Imports
     func  0  env.sleep  [i32] -> []
     func  1  env.log    [i32] -> []

   Exports
     memory  0  memory  1..2 pages
     func    3  main    [i32] -> [i32]

   Functions
     index  offset  bytes  name   type
         0  import         sleep  [i32] -> []
         1  import         log    [i32] -> []
         2  0x005b     16  nap    [i32] -> [i32]
         3  0x006c      9  main   [i32] -> [i32]
         4  0x0076      6  tell   [] -> []
   "
  `);
});

test("roles and call sites", async () => {
  expect(await inspect("--roles", "--sites", "--asyncify-imports", "env.sleep"))
    .toMatchInlineSnapshot(`
   "FILE: 177 bytes

   Asyncify roles
     index  name   role              reason
         0  sleep  import            in the import list (env.sleep)
         1  log    import            not in the import list
         2  nap    instrumented      calls sleep, which may unwind
         3  main   instrumented      calls nap, which may unwind
         4  tell   not instrumented  calls nothing that may unwind

   Asyncify call sites
     function  call  offset  callee  operands   live locals
     nap          0  0x0065  sleep   [i32]      0
     main         0  0x0071  nap     [i32 i32]
   "
  `);
});

test("disassembly of one function, by name or index", async () => {
  const code = await inspect("--disassemble", "nap");
  expect(code).toMatchInlineSnapshot(`
   "FILE: 177 bytes

   Function 2 nap
     0x005c  block
     0x005e    local.get $n
     0x0060    i32.eqz
     0x0061    br_if 0
     0x0063    local.get $n
     0x0065    call $sleep
     0x0067  end
     0x0068  local.get $n
     0x006a  end
   "
  `);
  expect(await inspect("--disassemble", "2")).toBe(code);
});

test("a lone --disassemble shows all, wherever it stands", async () => {
  const all = await inspect("--disassemble");
  expect(all.match(/^Function /gm)).toHaveLength(3);
  expect((await bobbin(["inspect", "--disassemble", file])).stdout.replace(file, "FILE")).toBe(all);
});

test("JSON has the same parts", async () => {
  const info = JSON.parse(
    await inspect("--json", "--sections", "--functions", "--roles", "--sites", "--disassemble"),
  ) as Record<string, unknown>;
  expect(Object.keys(info)).toEqual([
    "file",
    "size",
    "sections",
    "functions",
    "roles",
    "warnings",
    "sites",
    "bodies",
  ]);
});

test("a cross-check that agrees", async () => {
  expect(await inspect("--cross-check")).toMatchInlineSnapshot(`
   "FILE: 177 bytes

   Cross-check with @webassemblyjs/wasm-parser
     both decoders agree: 17 instructions in 3 functions
   "
  `);
});

test("a cross-check that does not", async () => {
  const copies = fileOf(
    "copies.wasm",
    wat(`(module (memory 1)
      (func (memory.copy (i32.const 0) (i32.const 1) (i32.const 2))))`),
  );
  const { code, stdout } = await bobbin(["inspect", copies, "--cross-check"]);
  expect(code).toBe(1);
  expect(stdout.replace(copies, "FILE")).toMatchInlineSnapshot(`
   "FILE: 46 bytes

   Cross-check with @webassemblyjs/wasm-parser
     3 disagreements: 5 instructions in 1 functions
     function  offset  Bobbin           the other
            0  0x0022  memory.copy 0 0  memory.copy
            0  0x0024  nothing          unreachable
            0  0x0025  nothing          unreachable
   "
  `);
  const json = await bobbin(["inspect", copies, "--cross-check", "--json"]);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({ crossCheck: { outcome: "disagree" } });
});

test("--wat prints the module and nothing else", async () => {
  const text = await inspect("--wat");
  expect(text).toMatch(/^\(module[^]*call \$sleep[^]*\)\n$/);
  expect(fileOf("again.wasm", wat(text))).toBeDefined();
  expect(await inspect("--wat", "--folded", "--offsets")).toMatch(/\(;0x65;\)\(call \$sleep /);
  expect(JSON.parse(await inspect("--wat", "--json"))).toEqual({ file: "FILE", wat: text.trim() });
  for (const options of [["--folded"], ["--wat", "--sites"]]) {
    expect((await bobbin(["inspect", file, ...options])).code).toBe(2);
  }
});

test("an invalid module is shown as far as it goes", async () => {
  // (func (result i32) i64.const 0)
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 10, 6, 1, 4];
  const bad = fileOf("bad.wasm", Uint8Array.from([...bytes, 0, 0x42, 0, 0x0b]));
  const { code, stdout, stderr } = await bobbin(["inspect", bad, "--disassemble", "--roles"]);
  expect(stdout).toContain("i64.const 0");
  expect(stderr).toMatch(/^bobbin: .*bad\.wasm: invalid module: type mismatch/);
  expect(code).toBe(2);
});

test("every fixture can be inspected", async () => {
  const twin = fileURLToPath(new URL("../../fixtures/wasm/tower.twin-O2.wasm", import.meta.url));
  const { code, stdout } = await bobbin(["inspect", twin]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/asyncify_start_unwind/);
});

test("names cannot speak to the terminal", () => {
  expect(columns([["\u001b[31mred", "1"]])).toEqual(["  \\u{1b}[31mred  1"]);
});
