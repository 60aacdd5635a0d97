// Trees both ways, and the other decoder beside ours, on the fixtures.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as t from "@webassemblyjs/ast";
import binaryen from "binaryen";
import { describe, expect, test } from "@jest/globals";
import { InstructionReader } from "../binary/code.js";
import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import type { HostScript } from "../compare/host.js";
import { runNative } from "../compare/native.js";
import type { AsyncifyOptions } from "../fiber/asyncify/roles.js";
import { parseValue } from "../runtime/notation.js";
import { i32 } from "../runtime/values.js";
import type { Module } from "../syntax/module.js";
import type { NumType } from "../syntax/types.js";
import { validate } from "../valid/validate.js";
import { crossCheck, parseQuietly } from "./cross-check.js";
import { fromAst } from "./from-ast.js";
import { funcAst, toAst } from "./to-ast.js";
import { AstError, type AstNode } from "./types.js";

const folder = fileURLToPath(new URL("../../fixtures/wasm/", import.meta.url));
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(folder + name));
const plain = readdirSync(folder).filter((name) => /^\w+\.wasm$/.test(name));

function wat(text: string): Uint8Array {
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

/** Instructions as the decoder reads them. */
function countOf(module: Module): number {
  let count = 0;
  for (const { body } of module.functions) {
    const reader = new InstructionReader(module.bytes, body.offset, body.end);
    while (reader.next()) count++;
  }
  return count;
}

/** Instructions as `traverse` meets them: locals are none, and an `else` has no node. */
function countIn(ast: AstNode): number {
  let count = 0;
  t.traverse(ast, {
    Instruction: ({ node }) => {
      if (node.type !== "TypeInstruction" && node["id"] !== "local") count++;
    },
    IfInstruction: ({ node }) => {
      if ((node["alternate"] as AstNode[]).length > 0) count++;
    },
  });
  return count;
}

const functionsOf = (ast: AstNode): AstNode[] => {
  const found: AstNode[] = [];
  t.traverse(ast, { Func: ({ node }) => void found.push(node) });
  return found;
};

describe.each(plain)("%s", (name) => {
  const module = decode(read(name));

  test("traverse walks every instruction of its tree", () => {
    const functions = functionsOf(toAst(module));
    expect(functions.reduce((sum, func) => sum + countIn(func), 0)).toBe(countOf(module));
  });

  test("the other decoder agrees, or gives up", () => {
    const check = crossCheck(read(name));
    if (check.outcome === "throws") throw new Error(check.reason);
    expect(check.disagreements).toEqual([]);
    expect(check.instructions).toBe(countOf(module));
  });

  test("what the other decoder read is the same module", () => {
    const again = fromAst(parseQuietly(read(name)));
    expect(() => validate(again)).not.toThrow();
    const check = crossCheck(again.bytes);
    expect(check.outcome).toBe("agree");
    expect(countOf(again)).toBe(countOf(module));
  });
});

const numeric = wat(`(module
  (type $bin (func (param i32 i32) (result i32)))
  (table 2 funcref) (elem (i32.const 0) $sum $both)
  (memory 1) (data (i32.const 8) "\\01\\02\\ff")
  (global $g (mut i64) (i64.const -5000000000))
  (func $sum (export "sum") (param $n i32) (result i32) (local $s i32)
    (loop $l
      (if (local.get $n) (then
        (local.set $s (i32.add (local.get $s) (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $l)) (else (nop))))
    (local.get $s))
  (func $both (type $bin) (i32.sub (local.get 0) (local.get 1)))
  (func (export "other") (result i32)
    (i32.add (i32.load8_u offset=10 (i32.const 0))
      (call_indirect (type $bin) (i32.const 9) (i32.const 4) (i32.const 1))))
  (func (export "bits") (result i32) (i32.reinterpret_f32 (f32.const -nan:0x12345)))
  (func (export "zero") (result i32) (i32.wrap_i64 (i64.shr_u (i64.reinterpret_f64 (f64.const -0)) (i64.const 32))))
  (func (export "inf") (result i32) (i32.trunc_sat_f32_s (f32.const -inf)))
  (func (export "long") (result i32) (i32.wrap_i64 (i64.shr_s (global.get $g) (i64.const 32)))))`);

test("constants, calls and blocks mean the same from either tree", () => {
  const results = (module: Module) => {
    const machine = new Machine();
    const { exports } = instantiate(machine, validate(module));
    return ["sum", "other", "bits", "zero", "inf", "long"].map((name) => {
      const item = exports.get(name)!;
      if (item.kind !== "func") throw new Error(name);
      return machine.invoke(item.func, name === "sum" ? [i32(100)] : [])[0];
    });
  };
  const wanted = results(decode(numeric));
  expect(wanted[0]).toEqual(i32(5050));
  expect(results(fromAst(toAst(decode(numeric))))).toEqual(wanted);
});

interface Fixture {
  readonly file: string;
  readonly asyncify: AsyncifyOptions;
  readonly host: string;
  readonly exports: Readonly<Record<string, { readonly params: NumType[] }>>;
  readonly runs: readonly { readonly invoke: string; readonly args: readonly string[] }[];
}
const manifest = JSON.parse(new TextDecoder().decode(read("../manifest.json"))) as {
  readonly modules: readonly Fixture[];
};

test.each(manifest.modules)("$file computes the same through either decoder", async (fixture) => {
  const { href } = new URL(`../../fixtures/${fixture.host}`, import.meta.url);
  const { default: hostScript } = (await import(href)) as { default: HostScript };
  const bytes = read(`../${fixture.file}`);
  const run = async (module: Module, { invoke, args }: Fixture["runs"][number]) => {
    const logged: string[] = [];
    const { results, error, memory } = await runNative({
      hostScript,
      context: { log: (...values) => void logged.push(values.join(" ")) },
      module: validate(module),
      asyncify: fixture.asyncify,
      invoke,
      args: args.map((text, i) => parseValue(text, fixture.exports[invoke]!.params[i]!)),
    });
    return { results, error: error?.kind, logged, memory: Buffer.from(memory).toString("base64") };
  };
  for (const call of fixture.runs.slice(0, 1)) {
    const ours = await run(decode(bytes), call);
    expect(ours.results ?? ours.error).toBeDefined();
    expect(await run(fromAst(parseQuietly(bytes)), call)).toEqual(ours);
  }
});

test("bodies are made when first looked at, and can be replaced", () => {
  const module = decode(numeric);
  const [sum] = functionsOf(toAst(module, { functions: "none" }));
  expect(sum!["body"]).toEqual([]);
  const lazy = (toAst(module)["body"] as AstNode[])[0]!["fields"] as AstNode[];
  const func = lazy.find(({ type }) => type === "Func")!;
  expect(Object.getOwnPropertyDescriptor(func, "body")).not.toHaveProperty("value");
  expect(func["body"]).toEqual(funcAst(module, 0)["body"]);
  expect(func["body"]).toBe(func["body"]);
  func["body"] = [];
  expect(func["body"]).toEqual([]);
  expect(() => funcAst(module, 99)).toThrow("there is no function 99");
});

test("newer instructions can be walked", () => {
  const module = decode(
    wat(`(module
    (type $s (struct (field i32)))
    (tag $e (param i32))
    (memory 1) (table 1 funcref) (elem declare func $f)
    (global anyref (struct.new $s (i32.const 1)))
    (func $f (result i32)
      (drop (ref.func $f))
      (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.const i32x4 1 2 3 4) (v128.const i32x4 1 2 3 4)))
      (block $b (result i32)
        (try_table (catch $e $b) (throw $e (i32.const 3)))
        (i32.const 4))))`),
  );
  expect(functionsOf(toAst(module)).reduce((sum, f) => sum + countIn(f), 0)).toBe(countOf(module));
  expect(() => fromAst(toAst(module))).toThrow(AstError);
});

test("exact types and descriptors can be walked, not taken back", () => {
  const header = [0, 97, 115, 109, 1, 0, 0, 0];
  // (import "m" "f" (func (exact (type 0)))) (func ref.null (exact 0) drop)
  const exact = [1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x6d, 1, 0x66, 0x20, 0];
  const body = [3, 2, 1, 0, 10, 8, 1, 6, 0, 0xd0, 0x62, 0, 0x1a, 0x0b];
  const module = decode(Uint8Array.from([...header, ...exact, ...body]));
  const [f] = functionsOf(toAst(module));
  expect((f!["body"] as AstNode[])[0]).toMatchObject({ args: [{ name: "(exact 0)" }] });
  expect(() => fromAst(toAst(module))).toThrow("an import of an exact function");
  const inner = decode(Uint8Array.from([...header, ...exact.slice(0, 6), ...body]));
  expect(() => fromAst(toAst(inner))).toThrow("ref.null: its heaptype cannot be written");
  // (rec (type (descriptor 1) (struct)) (type (describes 0) (struct)))
  const pair = [1, 11, 1, 0x4e, 2, 0x4d, 1, 0x5f, 0, 0x4c, 0, 0x5f, 0];
  const types = toAst(decode(Uint8Array.from([...header, ...pair])));
  expect(() => fromAst(types)).toThrow("a type other than a function's");
});

test("where the other decoder is wrong, the cross-check says so", () => {
  const bytes = wat(`(module (memory 1)
    (func (memory.copy (i32.const 0) (i32.const 1) (i32.const 2))))`);
  const check = crossCheck(bytes);
  expect(check).toMatchObject({
    outcome: "disagree",
    disagreements: [
      { func: 0, ours: "memory.copy 0 0", theirs: "memory.copy" },
      { func: 0, ours: null, theirs: "unreachable" },
      { func: 0, ours: null, theirs: "unreachable" },
    ],
  });
  expect(() => fromAst(parseQuietly(bytes))).toThrow("memory.copy without its memory");
  expect(crossCheck(wat(`(module (func (drop (v128.const i64x2 1 2))))`)).outcome).toBe("throws");
});

test("with several memories, the other decoder's loads may be of any", () => {
  const bytes = wat(`(module (memory $a 1) (memory $b 1)
    (func (result i32) (i32.load $b (i32.const 0))))`);
  expect(crossCheck(bytes).outcome).toBe("disagree");
  expect(() => fromAst(parseQuietly(bytes))).toThrow("several memories");
  expect(fromAst(toAst(decode(bytes))).memories).toHaveLength(2);
});

test("64-bit limits can be walked", () => {
  const module = decode(wat("(module (memory i64 1 2) (memory i64 1) (func))"));
  expect(functionsOf(toAst(module))).toHaveLength(1);
  expect(() => fromAst(toAst(module))).toThrow("64-bit addresses");
});

test("segments that vanish from a tree are missed", () => {
  const bytes = wat(`(module (table 2 funcref) (elem func $f) (elem (i32.const 0) $f)
    (func $f (table.init 0 (i32.const 0) (i32.const 0) (i32.const 1))))`);
  expect(() => fromAst(parseQuietly(bytes))).toThrow(
    'the section "element" has 2 entries, the tree 1 of them',
  );
});

test("trees that are none are refused", () => {
  const instr = t.instruction("warp", []);
  const func = t.func(t.identifier("f"), t.signature([], []), [instr]);
  const type = t.typeInstruction(undefined, t.signature([], []));
  const tree = t.program([t.module(null, [type, func], t.moduleMetadata([], [], []))]);
  expect(() => fromAst(tree)).toThrow("the tree cannot be made a module: the instruction warp");
  expect(() => fromAst(func)).toThrow(AstError);
});
