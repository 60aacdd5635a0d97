// Native asyncify at its edges: what the runtime functions do in every order, what
// records hold, and what happens where a program uses it wrongly. The names of the
// rules are those of rules.md.

import { describe, expect, test } from "@jest/globals";
import { i32 } from "../../runtime/values.js";
import { Trap } from "../../runtime/traps.js";
import { BUFFER, DATA, program } from "./program.testing.js";
import { twinLayout } from "./records.js";

const SUM = `(module
  (import "env" "sleep" (func $sleep (param i32) (result i32)))
  (memory (export "memory") 1)
  (func $inner (param $a i32) (param $x f64) (result i32) (local $y i64)
    (local.set $y (i64.const 0x100000000))
    (i32.add
      (i32.add (call $sleep (i32.add (local.get $a) (i32.const 5))) (i32.trunc_f64_s (local.get $x)))
      (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 32)))))
  (func (export "run") (param $n i32) (result i32)
    (i32.mul (local.get $n) (call $inner (local.get $n) (f64.const 0.5)))))`;

describe("unwinding and rewinding", () => {
  // asyncify/enter-normal, asyncify/return-normal on the way; asyncify/return-unwind, asyncify/enter-rewind
  test("unwound calls give zeros, the rewound call gives the result", () => {
    const { call, slept } = program(SUM);
    expect(call("run", i32(3))).toEqual([i32(0)]);
    call("asyncify_stop_unwind");
    call("asyncify_start_rewind", i32(DATA));
    // Arguments of the rewinding call are ignored: the original ones are live.
    expect(call("run", i32(1000))).toEqual([i32(3 * (77 + 0 + 1))]);
    expect(slept).toEqual([8]);
  });

  test("records are pushed innermost first and popped outermost first", () => {
    const { call, records } = program(SUM);
    call("run", i32(3));
    call("asyncify_stop_unwind");
    call("asyncify_start_rewind", i32(DATA));
    call("run", i32(0));
    expect(records().map((e) => `${e.type} ${(e as { name: string }).name}`)).toEqual([
      "push inner",
      "push run",
      "pop run",
      "pop inner",
    ]);
  });

  test("a continuation may be rewound twice, and from a copy of its bytes", () => {
    const { call, view, bytes } = program(SUM);
    call("run", i32(3));
    call("asyncify_stop_unwind");
    const pos = view.getInt32(DATA, true);
    const COPY = 4096;
    bytes.copyWithin(COPY, BUFFER, pos);
    for (const _ of [1, 2]) {
      view.setInt32(DATA, pos, true);
      call("asyncify_start_rewind", i32(DATA));
      expect(call("run", i32(0))).toEqual([i32(234)]);
    }
    bytes.fill(0, BUFFER, pos);
    view.setInt32(DATA, COPY + pos - BUFFER, true);
    view.setInt32(DATA + 4, COPY + 512, true);
    call("asyncify_start_rewind", i32(DATA));
    expect(call("run", i32(0))).toEqual([i32(234)]);
  });

  test("self-contained records hold live values in their natural size and no constants", () => {
    const { call, records, view } = program(SUM);
    call("run", i32(3));
    // inner: index, x (8 bytes), y (8), the operand n + 5 (4), length; a is dead.
    expect(records()[0]).toMatchObject({
      name: "inner",
      callIndex: 0,
      address: BUFFER,
      size: 4 + 8 + 8 + 4 + 4,
    });
    expect(view.getFloat64(BUFFER + 4, true)).toBe(0.5);
    expect(view.getBigInt64(BUFFER + 12, true)).toBe(1n << 32n);
    expect(view.getInt32(BUFFER + 20, true)).toBe(8);
  });

  test("records of given sizes keep positions, and work without room for a value", () => {
    const sizes = new Map([
      [1, 12],
      [2, 0],
    ]);
    const { call, records } = program(SUM, { layout: twinLayout(sizes) });
    call("run", i32(3));
    expect(records().map((e) => (e as { size: number }).size)).toEqual([16, 4]);
    call("asyncify_stop_unwind");
    call("asyncify_start_rewind", i32(DATA));
    expect(call("run", i32(0))).toEqual([i32(234)]);
  });
});

describe("the runtime functions", () => {
  test("asyncify/start_unwind, asyncify/start_rewind, asyncify/stop, asyncify/get_state: no order of calls is refused", () => {
    const { call, asyncify } = program(SUM);
    const names = [
      "start_unwind",
      "start_unwind",
      "start_rewind",
      "stop_unwind",
      "start_rewind",
      "start_unwind",
      "stop_rewind",
      "stop_rewind",
    ];
    const states = names.map((name) => {
      call(`asyncify_${name}`, ...(name.startsWith("start") ? [i32(DATA)] : []));
      expect(call("asyncify_get_state")).toEqual([i32(asyncify.state)]);
      return asyncify.state;
    });
    expect(states).toEqual([1, 1, 2, 0, 2, 1, 0, 0]);
  });

  test("asyncify/check: a position past the end traps, with the state already changed", () => {
    const { call, asyncify, view } = program(SUM);
    view.setInt32(DATA, BUFFER + 513, true);
    expect(() => call("asyncify_start_unwind", i32(DATA))).toThrow(Trap);
    expect([asyncify.state, asyncify.data]).toEqual([1, DATA]);
    expect(() => call("asyncify_stop_unwind")).toThrow(/position 1537 is past the end 1536/);
    expect(asyncify.state).toBe(0);
  });

  test("a data pointer outside of memory traps", () => {
    const { call } = program(SUM);
    expect(() => call("asyncify_start_rewind", i32(0x7fffffff))).toThrow(
      "out of bounds memory access",
    );
  });
});

describe("misuse", () => {
  test("asyncify/overflow: told before the store, nothing written", () => {
    const { call, view, bytes } = program(SUM);
    view.setInt32(DATA + 4, BUFFER + 20, true);
    expect(() => call("run", i32(3))).toThrow(
      /asyncify stack overflow: the record of inner \(call 0\) needs 28 bytes at 1024/,
    );
    expect([...bytes.subarray(BUFFER, BUFFER + 64)].every((byte) => byte === 0)).toBe(true);
    expect(view.getInt32(DATA, true)).toBe(BUFFER);
  });

  test("like Binaryen: stored anyway, told by stop_unwind", () => {
    const { call, view } = program(SUM, { overflowLikeBinaryen: true });
    view.setInt32(DATA + 4, BUFFER + 20, true);
    expect(call("run", i32(3))).toEqual([i32(0)]);
    expect(() => call("asyncify_stop_unwind")).toThrow("unreachable");
  });

  test("asyncify/return-rewind: a rewind that nobody stops ends in a trap", () => {
    const { call, asyncify } = program(SUM, {}, { stops: false });
    call("run", i32(3));
    call("asyncify_stop_unwind");
    call("asyncify_start_rewind", i32(DATA));
    expect(() => call("run", i32(0))).toThrow(/no call of inner was reached/);
    expect(asyncify.state).toBe(2);
  });

  test("asyncify/enter-lost: a record that names no call of the function", () => {
    const { call, view } = program(SUM);
    call("run", i32(3));
    call("asyncify_stop_unwind");
    const pos = view.getInt32(DATA, true);
    // The outermost record is run's: its index is its first word, its length the last.
    view.setInt32(pos - view.getInt32(pos - 4, true), 9, true);
    call("asyncify_start_rewind", i32(DATA));
    expect(() => call("run", i32(0))).toThrow(/no call of run was reached/);
  });

  test("asyncify/enter-unwind: entered while unwinding, functions run their call 0 on zeros", () => {
    const { call, asyncify, slept, records } = program(SUM, {}, { stops: false });
    call("asyncify_start_unwind", i32(DATA));
    expect(call("run", i32(3))).toEqual([i32(0)]);
    expect(slept).toEqual([0]);
    expect(asyncify.state).toBe(1);
    expect(records().map((e) => (e as { name: string }).name)).toEqual(["inner", "run"]);
  });

  test("asyncify/enter-unwind: no first arm of an `if` is entered, for its condition is zero", () => {
    const branching = `(module
      (import "env" "sleep" (func $sleep (param i32) (result i32)))
      (memory 1)
      (func (export "run") (param i32)
        (if (local.get 0)
          (then (drop (call $sleep (local.get 0)))
                (drop (call $sleep (local.get 0))))))
      (func (export "value") (param i32) (result i32)
        (if (result i32) (local.get 0)
          (then (call $sleep (local.get 0)))
          (else (i32.const 1))))
      (func (export "other") (param i32)
        (if (local.get 0)
          (then (nop))
          (else (drop (call $sleep (local.get 0)))))))`;
    const { call, slept, records } = program(branching, {}, { stops: false });
    call("asyncify_start_unwind", i32(DATA));
    expect(call("run", i32(3))).toEqual([]);
    expect(records()).toEqual([]);
    expect(() => call("value", i32(3))).toThrow("unreachable");
    expect(slept).toEqual([]);
    expect(call("other", i32(3))).toEqual([]);
    expect(slept).toEqual([0]);
    expect(records()).toMatchObject([{ name: "other", callIndex: 0 }]);
  });

  test("asyncify/enter-unwind: a function that goes on after call 0 has its arguments", () => {
    const plus = `(module
      (import "env" "sleep" (func $sleep (param i32) (result i32)))
      (memory 1)
      (func (export "run") (param i32) (result i32)
        (i32.add (call $sleep (local.get 0)) (local.get 0))))`;
    const { call, asyncify, slept } = program(plus);
    call("asyncify_start_unwind", i32(DATA));
    // sleep stops: on an operand that nobody computed, but the parameter is there.
    expect(call("run", i32(3))).toEqual([i32(77 + 3)]);
    expect(slept).toEqual([0]);
    expect(asyncify.state).toBe(0);
  });

  test("asyncify/enter-plain, asyncify/return-plain: functions that are not instrumented run on", () => {
    const { call, records } = program(SUM, { removeList: ["inner"] });
    // inner takes what sleep answered while it began to unwind, and goes on with it.
    expect(call("run", i32(3))).toEqual([i32(3 * (77 + 0 + 1))]);
    expect(records()).toEqual([]);
  });
});
