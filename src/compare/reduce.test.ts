// A small module is made of a large one on which an engine is wrong: here one whose
// `i32.rotl` turns to the right.

import { expect, jest, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import { opcodes } from "../syntax/opcodes.js";
import { validate } from "../valid/validate.js";
import { type Engine, hostEngine } from "./engine.js";
import { examine, type Examined } from "./findings.js";
import { opponentOf } from "./fuzz.js";
import { reduceModule } from "./reduce.js";
import { spansOf } from "./restructure.js";

jest.setTimeout(60_000);

const wrong: Engine = {
  instantiate(given, imports) {
    const bytes = Uint8Array.from(given);
    const module = decode(bytes);
    module.functions.forEach((_, i) => {
      for (const [at] of spansOf(module, i))
        if (bytes[at] === opcodes["i32.rotl"].code) bytes[at] = opcodes["i32.rotr"].code;
    });
    return hostEngine().instantiate(bytes, imports);
  },
};
/** No NaN comes up in these modules. */
const denan = (bytes: Uint8Array) => Promise.resolve(bytes);
const examined = (bytes: Uint8Array): Promise<Examined> =>
  examine(bytes, { opponent: opponentOf(wrong), denan, fuel: 20_000 });

/** Functions, of which one turns a word in the middle of other work. */
const noise = (i: number) => `
  (func $noise${i} (export "noise${i}") (param i32 i64) (result i64)
    (local $n i32) (local $sum i64)
    (loop $again
      (local.set $sum (i64.add (local.get $sum) (i64.mul (local.get 1) (i64.const ${i}))))
      (i64.store (i32.and (local.get $n) (i32.const 0xff8)) (local.get $sum))
      (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 8))) (i32.const 64))))
    (if (result i64) (i32.gt_s (local.get 0) (i32.const 5))
      (then (local.get $sum)) (else (i64.xor (local.get $sum) (i64.const -1)))))`;
const LARGE = binaryen.parseText(`(module
  (import "host" "log" (func $log (param i32)))
  (memory (export "memory") 1) (data (i32.const 16) "some bytes") (data (i32.const 99) "others")
  (global $g (export "g") (mut i64) (i64.const 7)) (table 4 funcref)
  (elem (i32.const 0) $noise0 $noise1 $turn)
  ${Array.from({ length: 4 }, (_, i) => noise(i)).join("")}
  (func $turn (param $x i32) (param $by i32) (result i32)
    (local $t i32)
    (drop (call $noise3 (local.get $x) (i64.const 12)))
    (local.set $t (i32.xor (local.get $x) (i32.const 0x55aa)))
    (block $out
      (br_if $out (i32.eqz (local.get $by)))
      (loop $more
        (local.set $t (i32.add (i32.const 3) (i32.rotl (local.get $t) (i32.const 5))))
        (call $log (local.get $t))
        (br_if $more (local.tee $by (i32.sub (local.get $by) (i32.const 1))))))
    (i32.add (local.get $t) (i32.load (i32.const 16))))
  (func (export "run") (param i32) (result i32)
    (call $log (i32.const 1))
    (call $turn (i32.or (local.get 0) (i32.const 0x1234)) (i32.const 3))))`);
const large = LARGE.emitBinary();

test("what is left is small, valid, and fails in the same way", async () => {
  const first = await examined(large);
  expect(first).toMatchObject({ kind: "finding", finding: { sort: "value / value" } });
  const shows = async (bytes: Uint8Array) => {
    const found = await examined(bytes);
    return found.kind === "finding" && found.finding.sort === "value / value";
  };
  const { bytes, tries } = await reduceModule(large, { shows });
  expect(await shows(bytes)).toBe(true);
  const module = validate(decode(bytes));
  const used = module.functions.flatMap((_, i) =>
    spansOf(module, i).map(([at]) => module.bytes[at]),
  );
  expect(used).toContain(opcodes["i32.rotl"].code);
  // What is not used stays without a tool that takes it out, as empty as it can be.
  expect(used.length).toBeLessThan(50);
  expect(bytes.length).toBeLessThan(large.length / 2);
  expect(tries).toBeLessThan(1000);
});

test("no more is tried than allowed, and a module that cannot shrink stays", async () => {
  const { bytes, tries } = await reduceModule(large, { shows: async () => true, tries: 3 });
  expect(tries).toBe(3);
  expect(bytes.length).toBeLessThan(large.length);
  const never = await reduceModule(large, { shows: async () => false });
  expect(never.bytes).toBe(large);
});

test("tools make candidates; one that fails is passed over", async () => {
  const empty = Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  const tools = [() => Promise.reject(new Error("no")), () => Promise.resolve(empty)];
  const shows = (bytes: Uint8Array) => Promise.resolve(bytes === empty);
  expect((await reduceModule(large, { shows, tools })).bytes).toBe(empty);
});
