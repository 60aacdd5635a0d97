// Structures, arrays and casts, run from text. The official suite holds every rule;
// here is what it leaves out: bits, overlaps, identity, suspension.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import type { FuncInstance } from "../runtime/instances.js";
import { ArrayInstance, StructInstance } from "../runtime/objects.js";
import { HostRef, i32, i64, ref, type Reference, type Value } from "../runtime/values.js";
import { validate } from "../valid/validate.js";
import { instantiate } from "./instantiate.js";
import { Machine, type Outcome } from "./machine.js";

function load(wat: string) {
  const parsed = binaryen.parseText(wat);
  parsed.setFeatures(binaryen.Features.All);
  const machine = new Machine();
  const instance = instantiate(machine, validate(decode(parsed.emitBinary())));
  const func = (name: string): FuncInstance => {
    const found = instance.exports.get(name);
    if (found?.kind !== "func") throw new Error(`no function ${name}`);
    return found.func;
  };
  const call = (name: string, ...args: Value[]): Value => machine.invoke(func(name), args)[0]!;
  const refOf = (name: string, ...args: Value[]): Reference =>
    (call(name, ...args) as Value & { type: "ref" }).ref;
  return { machine, func, call, refOf };
}

describe("structures", () => {
  const { call, refOf } = load(`(module
    (type $mixed (struct (field (mut i8)) (field (mut i64)) (field (mut anyref)) (field (mut f64))
                         (field (mut i16)) (field (mut f32))))
    (func (export "new") (param i32 i64 anyref f64 i32 f32) (result (ref $mixed))
      (struct.new $mixed (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)))
    (func (export "zero") (result (ref $mixed)) (struct.new_default $mixed))
    (func (export "i8_s") (param (ref null $mixed)) (result i32) (struct.get_s $mixed 0 (local.get 0)))
    (func (export "i8_u") (param (ref null $mixed)) (result i32) (struct.get_u $mixed 0 (local.get 0)))
    (func (export "i64") (param (ref null $mixed)) (result i64) (struct.get $mixed 1 (local.get 0)))
    (func (export "any") (param (ref null $mixed)) (result anyref) (struct.get $mixed 2 (local.get 0)))
    (func (export "f64") (param (ref null $mixed)) (result f64) (struct.get $mixed 3 (local.get 0)))
    (func (export "i16_s") (param (ref null $mixed)) (result i32) (struct.get_s $mixed 4 (local.get 0)))
    (func (export "f32") (param (ref null $mixed)) (result f32) (struct.get $mixed 5 (local.get 0)))
    (func (export "set i64") (param (ref null $mixed) i64) (result i32)
      (struct.set $mixed 1 (local.get 0) (local.get 1)) (i32.const 0))
  )`);
  const nan64: Value = { type: "f64", bits: 0x7ff4_dead_beef_0001n };
  const nan32: Value = { type: "f32", bits: 0x7fa0_0001 };

  test("fields keep all their bits, packed ones the low ones", () => {
    const host = new HostRef("x");
    const object = ref(
      refOf("new", i32(0x1ff), i64(-0x7fff_ffff_ffff_fffbn), ref(host), nan64, i32(-2), nan32),
    );
    expect(call("i8_s", object)).toEqual(i32(-1));
    expect(call("i8_u", object)).toEqual(i32(0xff));
    expect(call("i64", object)).toEqual(i64(-0x7fff_ffff_ffff_fffbn));
    expect(refOf("any", object)).toBe(host);
    expect(call("f64", object)).toEqual(nan64);
    expect(call("i16_s", object)).toEqual(i32(-2));
    expect(call("f32", object)).toEqual(nan32);
    call("set i64", object, i64(7n << 40n));
    expect(call("i64", object)).toEqual(i64(7n << 40n));
    expect(call("i16_s", object)).toEqual(i32(-2));
  });

  test("defaults are zeros and null; null itself traps", () => {
    const zero = ref(refOf("zero"));
    expect(call("i64", zero)).toEqual(i64(0n));
    expect(refOf("any", zero)).toBe(null);
    expect(() => call("i64", ref(null))).toThrow("null structure reference");
    expect(() => call("set i64", ref(null), i64(1n))).toThrow("null structure reference");
  });
});

describe("arrays", () => {
  const element: Record<string, { param: string; value: (n: number) => Value }> = {
    i8: { param: "i32", value: i32 },
    i64: { param: "i64", value: (n) => i64((BigInt(n) << 40n) + BigInt(n)) },
    anyref: { param: "anyref", value: (n) => ref(n) },
  };
  test.each(Object.entries(element))(
    "%s: copies that overlap are as if by way of a copy",
    (storage, { param, value }) => {
      const get = storage === "i8" ? "array.get_u" : "array.get";
      const { call, refOf } = load(`(module
      (type $a (array (mut ${storage})))
      (func (export "new") (param i32) (result (ref $a)) (array.new_default $a (local.get 0)))
      (func (export "set") (param (ref $a) i32 ${param}) (result i32)
        (array.set $a (local.get 0) (local.get 1) (local.get 2)) (i32.const 0))
      (func (export "get") (param (ref $a) i32) (result ${param}) (${get} $a (local.get 0) (local.get 1)))
      (func (export "fill") (param (ref $a) i32 ${param} i32) (result i32)
        (array.fill $a (local.get 0) (local.get 1) (local.get 2) (local.get 3)) (i32.const 0))
      (func (export "copy") (param (ref $a) i32 i32 i32) (result i32)
        (array.copy $a $a (local.get 0) (local.get 1) (local.get 0) (local.get 2) (local.get 3)) (i32.const 0)))`);
      const length = 9;
      for (const [to, from, n] of [
        [0, 3, 6],
        [3, 0, 6],
        [2, 2, 4],
        [0, 9, 0],
      ] as const) {
        const array = ref(refOf("new", i32(length)));
        const model = Array.from({ length }, (_, k) => k + 1);
        model.forEach((v, k) => call("set", array, i32(k), value(v)));
        call("copy", array, i32(to), i32(from), i32(n));
        model.copyWithin(to, from, from + n);
        call("fill", array, i32(4), value(77), i32(2));
        model.fill(77, 4, 6);
        expect(model.map((_, k) => call("get", array, i32(k)))).toEqual(model.map(value));
      }
      const array = ref(refOf("new", i32(length)));
      expect(() => call("copy", array, i32(4), i32(0), i32(6))).toThrow(
        "out of bounds array access",
      );
      expect(() => call("fill", array, i32(9), value(1), i32(-1))).toThrow(
        "out of bounds array access",
      );
      expect(() => call("get", array, i32(-1))).toThrow("out of bounds array access");
    },
  );

  test("too long an array traps before a segment is looked at only if the segment is long enough", () => {
    const { call } = load(`(module (memory 1) (type $a (array i64)) (data $d "0123456789abcdef")
      (func (export "data") (param i32) (result (ref $a)) (array.new_data $a $d (i32.const 0) (local.get 0)))
      (func (export "default") (param i32) (result (ref $a)) (array.new_default $a (local.get 0))))`);
    expect(call("data", i32(2))).toMatchObject({ ref: { length: 2 } });
    expect(() => call("data", i32(3))).toThrow("out of bounds memory access");
    expect(() => call("data", i32(-1))).toThrow("out of bounds memory access");
    expect(() => call("default", i32(-1))).toThrow("array too large");
  });
});

describe("references", () => {
  const wat = `(module
    (type $base (sub (struct (field i32))))
    (type $derived (sub $base (struct (field i32) (field i64))))
    (type $same (sub $base (struct (field i32) (field i64))))
    (type $bytes (array i8))
    (func (export "eq") (param i32 i32) (result i32)
      (ref.eq (ref.i31 (local.get 0)) (ref.i31 (local.get 1))))
    (func (export "get_s") (param i32) (result i32) (i31.get_s (ref.i31 (local.get 0))))
    (func (export "get_u") (param i32) (result i32) (i31.get_u (ref.i31 (local.get 0))))
    (func (export "there and back") (param externref) (result externref)
      (extern.convert_any (any.convert_extern (local.get 0))))
    (func (export "derived") (result anyref) (struct.new_default $derived))
    (func (export "bytes") (result anyref) (array.new_default $bytes (i32.const 2)))
    (func $kind (export "kind") (param anyref) (result i32)
      (block $base (result (ref $base))
        (block $derived (result (ref $derived))
          (block $other (result anyref)
            (block $i31 (result (ref i31))
              (br_on_cast_fail $other anyref (ref eq)
                (br_on_cast $i31 anyref (ref i31)
                  (br_on_cast $derived anyref (ref $derived)
                    (br_on_cast $base anyref (ref $base) (local.get 0)))))
              (return (i32.const 4)))
            (return (i31.get_s)))
          (if (result i32) (ref.is_null) (then (i32.const 5)) (else (i32.const 6)))
          (return))
        (drop) (return (i32.const 1)))
      (drop) (i32.const 2))
    (func (export "cast") (param anyref) (result i32)
      (struct.get $base 0 (ref.cast (ref $base) (local.get 0)))))`;
  const { machine, func, call, refOf } = load(wat);

  test("31 bits, equal by value", () => {
    expect(call("eq", i32(5), i32(5))).toEqual(i32(1));
    expect(call("eq", i32(0x4000_0000), i32(-0x4000_0000))).toEqual(i32(1));
    expect(call("eq", i32(0), i32(-0x8000_0000))).toEqual(i32(1));
    expect(call("get_s", i32(0x7fff_ffff))).toEqual(i32(-1));
    expect(call("get_u", i32(-1))).toEqual(i32(0x7fff_ffff));
  });

  test("conversions keep identity", () => {
    for (const reference of [new HostRef({}), refOf("derived"), refOf("bytes"), 5, null]) {
      expect(refOf("there and back", ref(reference))).toBe(reference);
    }
  });

  test("branches on casts, the same in one go and one instruction at a time", () => {
    expect(refOf("derived")).toBeInstanceOf(StructInstance);
    expect(refOf("bytes")).toBeInstanceOf(ArrayInstance);
    const kinds: [Reference, number][] = [
      [refOf("derived"), 2],
      [-7, -7],
      [refOf("bytes"), 4],
      [null, 5],
      [new HostRef(1), 6],
    ];
    for (const [reference, kind] of kinds) {
      expect(call("kind", ref(reference))).toEqual(i32(kind));
      machine.start(func("kind"), [ref(reference)]);
      let outcome: Outcome;
      while ((outcome = machine.step()).kind === "paused");
      expect(outcome).toEqual({ kind: "returned", results: [i32(kind)] });
    }
  });

  test("a failed cast says what it found", () => {
    expect(call("cast", ref(refOf("derived")))).toEqual(i32(0));
    expect(() => call("cast", ref(3))).toThrow("cast failure: i31 3 is no type 0");
    expect(() => call("cast", ref(null))).toThrow("cast failure: null is no type 0");
    expect(() => call("cast", ref(refOf("bytes")))).toThrow("cast failure: an array of 2");
  });
});
