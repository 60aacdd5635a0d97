// Who writes to a place: at every instruction of a run, what is said before must agree with
// what has changed after.

import { describe, expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { assemble } from "../cli/assembler.js";
import { i32, type Value } from "../runtime/values.js";
import { validate } from "../valid/validate.js";
import { instantiate } from "./instantiate.js";
import { Machine } from "./machine.js";
import { readSlots } from "./slots.js";
import { codeOf } from "./lower.js";
import { type Place, Writers } from "./writers.js";

const ALL = `(module
  (memory $m 1) (memory $other i64 1)
  (data $d "0123456789abcdef")
  (table $t 12 funcref) (table $u 4 funcref)
  (elem $e func $inner $other_func)
  (global $g (mut i64) (i64.const 0)) (global $h (mut v128) (v128.const i64x2 0 0))
  (func $other_func)
  (func $inner (param $a i32) (result i32) (local $x i32)
    (local.set $x (i32.const 3))
    (drop (local.tee $a (i32.add (local.get $x) (local.get $a))))
    (if (i32.lt_u (local.get $a) (i32.const 20)) (then (local.set $x (call $inner (local.get $a)))))
    (local.get $x))
  (func (export "run") (param $n i32)
    (i32.store $m offset=4 (local.get $n) (i32.const -1))
    (i64.store8 $m (i32.add (local.get $n) (i32.const 17)) (i64.const 200))
    (f64.store $m offset=8 (i32.const 32) (f64.const 2.5))
    (v128.store $m (i32.const 48) (v128.const i64x2 5 6))
    (v128.store16_lane $m 3 (i32.const 70) (v128.const i64x2 -1 -1))
    (memory.fill $m (i32.const 80) (i32.const 9) (i32.const 8))
    (memory.copy $m $m (i32.const 96) (i32.const 80) (i32.const 5))
    (memory.init $m $d (i32.const 104) (i32.const 2) (i32.const 7))
    (i64.store $other offset=2 (i64.const 9) (i64.const -1))
    (memory.fill $other (i64.const 100) (i32.const 1) (i64.const 3))
    (memory.copy $other $m (i64.const 40) (i32.const 80) (i32.const 4))
    (memory.copy $m $other (i32.const 120) (i64.const 9) (i32.const 6))
    (drop (i32.atomic.rmw.add $m (i32.const 128) (i32.const 5)))
    (drop (i64.atomic.rmw16.cmpxchg_u $m (i32.const 136) (i64.const 0) (i64.const 77)))
    (i32.atomic.store $m (i32.const 144) (i32.const 1))
    (table.set $t (i32.const 1) (ref.func $inner))
    (table.fill $t (i32.const 3) (ref.func $inner) (i32.const 2))
    (table.copy $t $t (i32.const 6) (i32.const 1) (i32.const 2))
    (table.init $t $e (i32.const 9) (i32.const 0) (i32.const 2))
    (table.set $u (i32.const 1) (ref.func $inner))
    (table.copy $u $t (i32.const 2) (i32.const 3) (i32.const 1))
    (global.set $g (i64.const 5))
    (global.set $h (v128.const i64x2 1 1))
    (drop (call $inner (i32.const 7)))
    (local.set $n (i32.const 1))
    (i32.store $m (i32.const 65534) (i32.const 0))))`;

const BYTES = assemble(ALL);

function load() {
  const machine = new Machine();
  const instance = instantiate(machine, validate(decode(BYTES)));
  machine.start(instance.func("run"), [i32(0)]);
  return { machine, instance };
}

/** Runs to the trap at the end: [said, changed] at each instruction. */
function agree(place: Place, from: ReturnType<typeof load>, look: () => unknown): number {
  const { machine, instance } = from;
  const writers = new Writers(place, [instance]);
  let written = 0;
  for (;;) {
    const said = writers.writes(machine.fiber!);
    const { func, pc } = machine.fiber!.top;
    const before = look();
    const { kind } = machine.step();
    if (kind !== "paused") return written;
    const after = look();
    const changed = JSON.stringify(before) !== JSON.stringify(after);
    expect({ at: `${func.name} ${pc}`, said }).toEqual({ at: `${func.name} ${pc}`, said: changed });
    if (said) written++;
  }
}

describe.each([1, 3, 16])("windows of %i bytes", (size) => {
  test.each([0, 1])("memory %i", (index) => {
    let written = 0;
    for (let address = 0; address < 160; address += Math.max(1, size >> 1)) {
      const at = load();
      const memory = at.instance.memories[index]!;
      // What is there must differ from all that is written.
      memory.bytes.fill(0xcc, 0, 4096);
      const place = { kind: "memory", memory, address, size } as const;
      // What a copy copies, too.
      const look = () => [...memory.part(address, size)].map((byte, i) => [byte, i]);
      written += agreeLoosely(place, at, look);
    }
    expect(written).toBeGreaterThan(index === 0 ? 12 : 4);
  });
});

/** The same, where a write may leave what is there. */
function agreeLoosely(place: Place, from: ReturnType<typeof load>, look: () => unknown): number {
  const { machine, instance } = from;
  const writers = new Writers(place, [instance]);
  let written = 0;
  for (;;) {
    const said = writers.writes(machine.fiber!);
    const before = JSON.stringify(look());
    if (machine.step().kind !== "paused") return written;
    if (JSON.stringify(look()) !== before) {
      expect(said).toBe(true);
      written++;
    } else if (said) {
      // 0xcc copied over 0xcc, of the memory's own.
      expect(before).toContain("204");
    }
  }
}

test.each([0, 1])("elements of table %i", (index) => {
  for (let element = 0; element < 4; element++) {
    const at = load();
    const table = at.instance.tables[index]!;
    const place = { kind: "table", table, index: element, size: 1 } as const;
    // Null copied over null.
    const look = () => (table.elements[element] as { name?: string } | null)?.name ?? null;
    agree(place, at, look);
  }
});

test.each([0, 1])("global %i", (index) => {
  const at = load();
  const global = at.instance.globals[index]!;
  expect(agree({ kind: "global", global }, at, () => [...global.words])).toBe(1);
});

test("a local of one frame", () => {
  const at = load();
  const func = at.instance.funcs[1]!;
  const place = { kind: "local", func, local: 1, depth: 3 } as const;
  const look = (): Value[] => {
    const { fiber } = at.machine;
    const frame = fiber!.frames[2];
    if (fiber!.depth < 3 || frame?.func !== func) return [];
    const { localOffsets } = codeOf(func);
    return readSlots(fiber!, frame.fp + localOffsets[1]!, ["i32"]);
  };
  const writers = new Writers(place, [at.instance]);
  let written = 0;
  for (;;) {
    const said = writers.writes(at.machine.fiber!);
    const [before] = look();
    if (at.machine.step().kind !== "paused") break;
    const [after] = look();
    if (before !== undefined && after !== undefined && JSON.stringify(before) !== JSON.stringify(after)) expect(said).toBe(true); // prettier-ignore
    if (said) written++;
  }
  expect(written).toBeGreaterThan(0);
  // One for each mention, of this function only.
  expect(writers.size).toBe(2);
});
