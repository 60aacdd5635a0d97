// Constant expressions by the thousand: more than go into one function.

import { expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import { StructInstance } from "../runtime/objects.js";
import type { ModuleInstance, TableInstance } from "../runtime/instances.js";
import { Trap } from "../runtime/traps.js";
import { validate } from "../valid/validate.js";
import { instantiate } from "./instantiate.js";
import { Machine } from "./machine.js";

const N = 1100;
const numbers = Array.from({ length: N }, (_, i) => i);

function load(wat: string): ModuleInstance {
  const parsed = binaryen.parseText(wat);
  parsed.setFeatures(binaryen.Features.All);
  return instantiate(new Machine(), validate(decode(parsed.emitBinary())));
}

test("each segment goes where its own offset says", () => {
  const { memories } = load(`(module
    (memory 1)
    (memory i64 1)
    (global $base i32 (i32.const 100))
    ${numbers
      .map((i) =>
        i % 3 === 0
          ? `(data (memory 0) (offset (i32.add (global.get $base) (i32.const ${i}))) "\\${(i & 0xff).toString(16).padStart(2, "0")}")`
          : `(data (memory 1) (offset (i64.const ${2 * i})) "\\${(i & 0xff).toString(16).padStart(2, "0")}")`,
      )
      .join("\n")})`);
  const bytesOf = (index: number) => new Uint8Array(memories[index]!.view.buffer);
  for (const i of numbers)
    expect(i % 3 === 0 ? bytesOf(0)[100 + i] : bytesOf(1)[2 * i]).toBe(i & 0xff);
});

test("each element is the value of its own expression, of operands beside it", () => {
  const instance = load(`(module
    (type $pair (struct (field i32) (field v128)))
    (table $t ${N} anyref)
    (elem (table $t) (i32.const 0) anyref
      ${numbers
        .map((i) =>
          i % 5 === 0
            ? "(item (ref.null any))"
            : `(item (struct.new $pair (i32.const ${i}) (v128.const i64x2 ${i} -1)))`,
        )
        .join("\n")}))`);
  const { elements } = instance.tables[0] as TableInstance;
  expect(elements).toHaveLength(N);
  for (const i of numbers) {
    const element = elements[i]!;
    if (i % 5 === 0) expect(element).toBeNull();
    else expect([...(element as StructInstance).slots]).toEqual([i, i, 0, -1, -1]);
  }
});

test("segments before one that does not fit are written", () => {
  const parsed = binaryen.parseText(`(module
    (memory (export "m") 1)
    (data (i32.const 0) "a") (data (i32.const 65536) "b") (data (i32.const 1) "c"))`);
  let made: ModuleInstance | undefined;
  const module = validate(decode(parsed.emitBinary()));
  const run = () => instantiate(new Machine(), module, new Map(), (instance) => (made = instance));
  expect(run).toThrow(Trap);
  expect([...new Uint8Array(made!.memories[0]!.view.buffer, 0, 2)]).toEqual([0x61, 0]);
});
