import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import type { Module } from "../syntax/module.js";
import { canonical } from "./canonical.testing.js";
import { uniqueMap } from "./unique-names.js";
import { printWat } from "./wat.js";

const { Features } = binaryen;
const basic =
  Features.SignExt |
  Features.MutableGlobals |
  Features.Multivalue |
  Features.BulkMemory |
  Features.NontrappingFPToInt;
const modern =
  basic |
  Features.ReferenceTypes |
  Features.GC |
  Features.ExceptionHandling |
  Features.Memory64 |
  Features.MultiMemory |
  Features.SIMD128;

/** Binaryen re-emits its own form of a module: the same for the same module. */
function emitted(module: binaryen.Module, features: number): Module {
  module.setFeatures(features);
  binaryen.setDebugInfo(true);
  const bytes = module.emitBinary();
  module.dispose();
  return decode(bytes);
}
const assemble = (text: string, features = modern) => emitted(binaryen.parseText(text), features);
const variants = [{}, { folded: true }, { folded: true, offsets: true }, { names: false }];

const directory = new URL("../../fixtures/wasm/", import.meta.url);
/** Binaryen writes types of continuations only with features that change other things too. */
const OTHER_FEATURES = ["ways-cont.wasm"];
const fixtures = readdirSync(directory).filter(
  (name) => name.endsWith(".wasm") && !OTHER_FEATURES.includes(name),
);

test.each(fixtures)("%s: Binaryen makes the same of the text as of the binary", (name) => {
  // Once through Binaryen first, which orders types in its own way.
  const bytes = readFileSync(new URL(name, directory));
  const module = emitted(binaryen.readBinary(bytes), basic);
  const twin = name.includes("twin");
  for (const options of twin ? [{ folded: true }] : [{}, { folded: true }]) {
    expect(canonical(assemble(printWat(module, options), basic))).toEqual(canonical(module));
  }
});

// prettier-ignore
test.each([
  ["types", `(module
    (rec (type $a (sub (struct (field $x (mut i32)) (field (ref null $b)))))
         (type $b (sub final $a (struct (field (mut i32)) (field (ref null $b)) (field i8)))))
    (type $v (array (mut i16)))
    (global $g (export "g") (ref null $v) (array.new $v (i32.const 7) (i32.const 3)))
    (func $f (export "f") (param $p (ref $b)) (result i32)
      (i32.add (struct.get $a $x (local.get $p)) (array.get_u $v (global.get $g) (i32.const 0)))))`],
  ["segments", `(module
    (memory $m 1 2) (memory $n i64 1)
    (table $t 3 funcref) (table $u i64 2 9 externref)
    (func $f (type 0)) (type (func))
    (elem $e0 (table $t) (i32.const 1) func $f $f)
    (elem $e1 funcref (ref.func $f) (ref.null func))
    (elem declare func $f)
    (elem $e3 (table $u) (i64.const 0) externref (ref.null extern))
    (data $d0 (i32.const 8) "a\\"\\\\\\00\\ff")
    (data $d1 (memory $n) (i64.const 9) "xyz")
    (data $d2 "")
    (func (export "go") (memory.init $n $d2 (i64.const 0) (i32.const 0) (i32.const 0))
      (table.init $t $e1 (i32.const 0) (i32.const 0) (i32.const 0)) (elem.drop $e3)
      (memory.copy $n $n (i64.const 0) (i64.const 0) (i64.const 0))))`],
  ["control", `(module
    (tag $e (param i32))
    (func $f (export "f") (param i32 i64) (result i32)
      (block $out (result i32)
        (try_table (result i32) (catch $e $out)
          (if (result i32) (local.get 0)
            (then (throw $e (i32.const 1)))
            (else (loop $again (br_if $again (i64.eqz (local.get 1)))) (i32.const 2)))))))`],
] as const)("%s survive every variant", (_, text) => {
  const module = assemble(text);
  for (const options of variants) {
    expect(canonical(assemble(printWat(module, options)))).toEqual(canonical(module));
  }
});

test("flat, folded, and with offsets", () => {
  const module = assemble(`(module $demo
    (import "env" "log" (func $log (param i32)))
    (memory (export "memory") 1)
    (global $g (mut i64) (i64.const -1))
    (func $main (export "main") (param $n i32) (result i32)
      (local $i i32)
      (block $done
        (br_if $done (i32.eqz (local.get $n)))
        (call $log (i32.add (local.get $n) (i32.const 1))))
      (i32.load offset=4 (local.get $i)))
    (data (i32.const 0) "hi\\n"))`);
  expect(printWat(module)).toMatchInlineSnapshot(`
   "(module $demo
     (type (;0;) (func (param i32)))
     (type (;1;) (func (param i32) (result i32)))
     (import "env" "log" (func $log (;0;) (type 0) (param i32)))
     (memory (;0;) 1)
     (global $g (;0;) (mut i64) (i64.const -1))
     (export "memory" (memory 0))
     (export "main" (func $main))
     (func $main (;1;) (type 1) (param $n i32) (result i32)
       (local $i i32)
       block
         local.get $n
         i32.eqz
         br_if 0
         local.get $n
         i32.const 1
         i32.add
         call $log
       end
       local.get $i
       i32.load offset=4)
     (data (;0;) (i32.const 0) "hi\\0a"))"
  `);
  expect(printWat(module, { folded: true, names: false })).toMatchInlineSnapshot(`
   "(module
     (type (;0;) (func (param i32)))
     (type (;1;) (func (param i32) (result i32)))
     (import "env" "log" (func (;0;) (type 0) (param i32)))
     (memory (;0;) 1)
     (global (;0;) (mut i64) (i64.const -1))
     (export "memory" (memory 0))
     (export "main" (func 1))
     (func (;1;) (type 1) (param i32) (result i32)
       (local i32)
       (block
         (br_if 0 (i32.eqz (local.get 0)))
         (call 0 (i32.add (local.get 0) (i32.const 1))))
       (i32.load offset=4 (local.get 1)))
     (data (;0;) (i32.const 0) "hi\\0a"))"
  `);
  expect(printWat(module, { offsets: true }).split("\n").slice(6)).toMatchInlineSnapshot(`
   [
     "  (export "memory" (memory 0))",
     "  (export "main" (func $main))",
     "  (func $main (;1;) (;0x4c;) (type 1) (param $n i32) (result i32)",
     "    (local $i i32)",
     "(;0x4f;)    block",
     "(;0x51;)      local.get $n",
     "(;0x53;)      i32.eqz",
     "(;0x54;)      br_if 0",
     "(;0x56;)      local.get $n",
     "(;0x58;)      i32.const 1",
     "(;0x5a;)      i32.add",
     "(;0x5b;)      call $log",
     "(;0x5d;)    end",
     "(;0x5e;)    local.get $i",
     "(;0x60;)    i32.load offset=4)",
     "  (data (;0;) (;0x67;) (i32.const 0) "hi\\0a"))",
   ]
  `);
});

test("custom descriptors survive", () => {
  // Binaryen's JavaScript API has no switch for them, its programs do.
  const features = ["--enable-gc", "--enable-reference-types", "--enable-custom-descriptors"];
  const program = fileURLToPath(
    new URL("../../node_modules/binaryen/bin/wasm-as", import.meta.url),
  );
  const folder = mkdtempSync(join(tmpdir(), "bobbin-wat-"));
  const assembleAll = (text: string): Module => {
    const [from, to] = [join(folder, "from.wat"), join(folder, "to.wasm")];
    writeFileSync(from, text);
    execFileSync(process.execPath, [program, ...features, "--debuginfo", from, "-o", to]);
    return decode(readFileSync(to));
  };
  try {
    const module = assembleAll(`(module
      (rec
        (type $a (sub (descriptor $b) (struct (field i32))))
        (type $b (sub (describes $a) (descriptor $meta) (struct)))
        (type $meta (describes $b) (struct (field (ref null (exact $a))))))
      (type $f (func))
      (import "m" "f" (func $i (exact (type $f))))
      (import "m" "g" (func $j (type $f)))
      (global $m (ref (exact $meta)) (struct.new_default $meta))
      (global $g (ref null (exact $b)) (struct.new_desc $b (global.get $m)))
      (global $f (ref (exact $f)) (ref.func $i))
      (func $x (export "x") (param $any anyref) (param $null (ref null (exact $a))) (result i32)
        (drop (ref.get_desc $a (struct.new_default_desc $a (global.get $g))))
        (drop (ref.test (ref (exact $a)) (local.get $any)))
        (drop (block $l (result anyref)
          (br_on_cast_desc_eq $l anyref (ref null $a) (local.get $any) (global.get $g))))
        (drop (block $l (result anyref)
          (br_on_cast_desc_eq_fail $l anyref (ref (exact $a)) (local.get $any) (global.get $g))))
        (drop (ref.cast_desc_eq (ref $a) (local.get $any) (global.get $g)))
        (struct.get $a 0 (struct.new_desc $a (i32.const 7) (global.get $g)))))`);
    const text = printWat(module, { folded: true });
    expect(canonical(assembleAll(text))).toEqual(canonical(module));
    expect(text.split("\n").map((line) => line.trim())).toMatchInlineSnapshot(`
     [
       "(module",
       "(rec",
       "(type $a (;0;) (sub (descriptor $b) (struct (field i32))))",
       "(type $b (;1;) (sub (describes $a) (descriptor $meta) (struct)))",
       "(type $meta (;2;) (describes $b) (struct (field (ref null (exact $a))))))",
       "(type $f (;3;) (func))",
       "(type (;4;) (func (param anyref (ref null (exact $a))) (result i32)))",
       "(import "m" "f" (func $i (;0;) (exact (type $f))))",
       "(import "m" "g" (func $j (;1;) (type $f)))",
       "(global $m (;0;) (ref (exact $meta)) (struct.new_default $meta))",
       "(global $g (;1;) (ref null (exact $b)) (struct.new_default_desc $b (global.get $m)))",
       "(global $f (;2;) (ref (exact $f)) (ref.func $i))",
       "(export "x" (func $x))",
       "(func $x (;2;) (type 4) (param $any anyref) (param $null (ref null (exact $a))) (result i32)",
       "(drop (ref.get_desc $a (struct.new_default_desc $a (global.get $g))))",
       "(drop (ref.test (ref (exact $a)) (local.get $any)))",
       "(drop",
       "(block (result anyref)",
       "(br_on_cast_desc_eq 0 anyref (ref null (exact $a))",
       "(local.get $any)",
       "(global.get $g))))",
       "(drop",
       "(block (result anyref)",
       "(br_on_cast_desc_eq_fail 0 anyref (ref (exact $a))",
       "(local.get $any)",
       "(global.get $g))))",
       "(drop (ref.cast_desc_eq (ref (exact $a)) (local.get $any) (global.get $g)))",
       "(struct.get $a 0 (struct.new_desc $a (i32.const 7) (global.get $g)))))",
     ]
    `);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

test("labels by name, repeated or not; catches name what is outside", () => {
  const module = assemble(`(module (tag $e)
    (func $f (param i32)
      (block (block (br_table 0 1 (local.get 0))))
      (block (try_table (catch_all 0) (br 0)))))`);
  const labels = new Map([
    [0, "out"],
    [1, "out"],
    [2, "caught"],
    [3, "body"],
  ]);
  const names = { ...module.names, labels: new Map([[0, labels]]) };
  const text = printWat({ ...module, names }, { folded: true });
  expect(text.split("\n").slice(4)).toMatchInlineSnapshot(`
   [
     "  (func $f (;0;) (type 1) (param i32)",
     "    (block $out",
     "      (block $out_1",
     "        (br_table $out_1 $out (local.get 0))))",
     "    (block $caught",
     "      (block $body",
     "        (try_table (catch_all $caught)",
     "          (br $body))",
     "        (unreachable)))))",
   ]
  `);
  expect(canonical(assemble(text))).toEqual(canonical(module));
});

test("operands that are not there leave an instruction flat", () => {
  // (func (result i32) i32.const 1 nop i32.const 2 i32.add), which has a nop in between
  const header = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0];
  const body = [10, 10, 1, 8, 0, 0x41, 1, 1, 0x41, 2, 0x6a, 0x0b];
  const text = printWat(decode(Uint8Array.from([...header, ...body])), { folded: true });
  expect(text.split("\n").slice(3)).toEqual([
    "    (i32.const 1)",
    "    (nop)",
    "    (i32.const 2)",
    "    i32.add))",
  ]);
});

test("blocks nest as deep as they like", () => {
  const depth = 20_000;
  const repeat = (byte: readonly number[]) => Array.from({ length: depth }, () => byte).flat();
  const code = [...repeat([2, 0x40]), ...repeat([0x0b])];
  const leb = (n: number) => [(n & 0x7f) | 0x80, ((n >> 7) & 0x7f) | 0x80, n >> 14];
  const size = code.length + 2;
  const header = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0];
  const section = [10, ...leb(size + 4), 1, ...leb(size), 0, ...code, 0x0b];
  const module = decode(Uint8Array.from([...header, ...section]));
  expect(printWat(module).match(/block/g)).toHaveLength(depth);
  expect(printWat(module, { folded: true }).match(/block/g)).toHaveLength(depth);
});

test("names become unique, and empty ones are none", () => {
  const names = ["f", "f", "", "f_1", "f"].map((name, i) => [i, name] as const);
  expect([...uniqueMap(new Map(names))]).toEqual([
    [0, "f"],
    [1, "f_1_"],
    [3, "f_1"],
    [4, "f_4"],
  ]);
});

test("names cannot speak to the terminal, nor end what they stand in", () => {
  const module = assemble(`(module (func (export "a\\1b\\"\\e2\\80\\ae")))`);
  expect(printWat(module)).toContain(String.raw`(export "a\u{1b}\"\u{202e}" (func`);
});
