// The fiber assembly is found whatever an optimizer made of it, and nothing is found that
// does something else: every small change of its code makes it another function.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { InstructionReader } from "../../binary/code.js";
import { decode } from "../../binary/decode.js";
import { functionName } from "../../syntax/module.js";
import { validate, type ValidModule } from "../../valid/validate.js";
import { recognizeFibers } from "./recognize.js";

const load = (file: string): Uint8Array =>
  readFileSync(new URL(`../../../fixtures/wasm/${file}`, import.meta.url));

/** What is found, by name. */
function found(bytes: Uint8Array): Record<string, string> {
  const module = validate(decode(bytes));
  const { functions } = recognizeFibers(module) ?? { functions: new Map<number, string>() };
  return Object.fromEntries(
    [...functions].map(([index, name]) => [functionName(module, index), name]),
  );
}

function optimize(bytes: Uint8Array, level: number, shrink: number, strip = false): Uint8Array {
  const module = binaryen.readBinary(bytes);
  binaryen.setOptimizeLevel(level);
  binaryen.setShrinkLevel(shrink);
  binaryen.setDebugInfo(!strip);
  module.optimize();
  const optimized = module.emitBinary();
  module.dispose();
  return optimized;
}

const ALL = {
  fiber_enter_impl: "fiber_enter",
  fiber_enter: "fiber_enter",
  fiber_switch_enter: "fiber_switch_enter",
  fiber_switch_leave: "fiber_switch_leave",
};
// Called once each, the two that enter are inlined: what they call is left.
const INLINED = { fiber_enter_impl: "fiber_enter", fiber_switch_leave: "fiber_switch_leave" };

describe.each(["crossing", "crossing.O0", "crossing.O2", "scheduler"])("%s", (name) => {
  const plain = load(`${name}.wasm`);
  test("as linked, and instrumented", () => {
    for (const suffix of ["", ".twin-O0", ".twin-O2"])
      expect(found(load(`${name}${suffix}.wasm`))).toEqual(ALL);
  });
  test.each([
    [1, 0, ALL],
    [2, 0, INLINED],
    [3, 0, INLINED],
    [2, 2, INLINED],
  ])("through wasm-opt: optimize level %d, shrink level %d", (level, shrink, expected) => {
    expect(found(optimize(plain, level, shrink))).toEqual(expected);
  });
  test("without names", () => {
    const { functions } = recognizeFibers(validate(decode(optimize(plain, 1, 0, true))))!;
    expect([...functions.values()].toSorted()).toEqual(Object.values(ALL).toSorted());
  });
});

test("programs without the assembly have none", () => {
  for (const name of ["sleep", "overflow"])
    for (const suffix of ["", ".twin-O2"]) expect(found(load(`${name}${suffix}.wasm`))).toEqual({});
});

/** Other instructions that are valid in the same place. */
const INSTEAD: Readonly<Record<string, number>> = {
  "i32.add": 0x6b,
  "i32.sub": 0x6a,
  "i32.eq": 0x47,
  "i32.gt_u": 0x49,
};

/** The module with one instruction changed, for each that can be; `what` says which. */
function* mutants(
  module: ValidModule,
  func: string,
): Generator<{ what: string; bytes: Uint8Array }> {
  const index = [...module.names.functions].find(([, name]) => name === func)![0];
  const { offset, end } = module.functions[index - module.imported.func]!.body;
  const reader = new InstructionReader(module.bytes, offset, end);
  while (reader.next()) {
    const { op, offset: at, next } = reader.instruction;
    const bytes = Uint8Array.from(module.bytes);
    if (INSTEAD[op.mnemonic] !== undefined) bytes[at] = INSTEAD[op.mnemonic]!;
    else if (next - at > 1 && op.mnemonic !== "if") bytes[next - 1]! ^= 1;
    else continue;
    try {
      validate(decode(bytes));
    } catch {
      continue;
    }
    yield { what: `${op.mnemonic} at 0x${at.toString(16)}`, bytes };
  }
}

describe.each(Object.keys(ALL))("a changed %s is another function", (func) => {
  const module = validate(decode(load("crossing.O2.wasm")));
  test("whatever is changed", () => {
    const all = [...mutants(module, func)];
    expect(all.length).toBeGreaterThan(5);
    for (const { what, bytes } of all) {
      const { [func]: still } = found(bytes);
      expect([what, still]).toEqual([what, undefined]);
    }
  });
});

test("a function that is only called so is not taken for it", () => {
  const wat = `(module
    (import "asyncify" "start_unwind" (func $start_unwind (param i32)))
    (import "asyncify" "stop_rewind" (func $stop_rewind))
    (memory 1)
    (global $__stack_pointer (mut i32) (i32.const 1024))
    (func $fiber_switch_leave (export "fiber_switch_leave") (param i32 i32 i32)
      (call $start_unwind (local.get 0)))
    (func $fiber_enter (export "fiber_enter") (param i32 i32 i32 i32) (call $stop_rewind)))`;
  expect(found(binaryen.parseText(wat).emitBinary())).toEqual({});
});
