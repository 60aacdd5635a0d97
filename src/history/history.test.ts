// A recorded run goes again as it went, wherever one begins; to the byte.

import { describe, expect, test } from "@jest/globals";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { jsExports } from "../js-api/exports.js";
import { jsImports } from "../js-api/imports.js";
import { worldOf } from "../js-api/world.js";
import { tierOf } from "../forward/choose.js";
import { i32 } from "../runtime/values.js";
import { importsFor, moduleOf, PROGRAMS } from "../snapshot/programs.testing.js";
import { random } from "../util/random.js";
import { readRecording, writeRecording } from "./file.js";
import { imageOf, Recorded } from "./history.testing.js";
import { Replica } from "./replica.js";
import { finish, Timeline } from "./timeline.js";

describe.each(Object.entries(PROGRAMS))("%s", (_name, wat) => {
  test.each(["interpreter", "mixed"] as const)(
    "random positions, back and forth: %s",
    async (tier) => {
      const module = moduleOf(wat);
      const machine = new Machine({ tier: tierOf(tier) });
      const instance = instantiate(machine, module, importsFor(module));
      const recorded = new Recorded({ machine, instances: [instance], asyncify: null, abi: null });
      const next = random(1);
      for (const n of [3, 5]) {
        machine.start(instance.func("run"), [i32(n)]);
        recorded.see();
        for (let over = false; !over;) {
          const outcome = machine.run({ fuel: 1 + (next() % 60) });
          recorded.see();
          over = outcome.kind !== "host" && outcome.kind !== "paused";
          if (outcome.kind === "host") machine.answer(await outcome.call.func.host!(outcome.call.args)); // prettier-ignore
        }
      }
      const timeline = await recorded.timeline({ spacing: 40 });
      const { seen } = recorded;
      expect(seen.length).toBeGreaterThan(10);
      for (let i = 0; i < 60; i++) {
        const { position, image } = seen[next() % seen.length]!;
        expect(await finish(timeline.goTo(position))).toBe("there");
        expect(timeline.position).toEqual(position);
        expect(await imageOf(timeline.replica).exact).toBe(await image.exact);
      }
    },
    60_000,
  );
});

/** The host keeps what it is given and gives it back, throws, writes, and makes things larger. */
const MEDDLED = `
  (type $point (struct (field $x (mut i32))))
  (type $bytes (array (mut i8)))
  (import "env" "keep" (func $keep (param anyref)))
  (import "env" "give" (func $give (param i32) (result anyref)))
  (import "env" "fail" (func $fail (param i32)))
  (import "env" "meddle" (func $meddle (param i32)))
  (import "env" "tag" (tag $tag (param i32)))
  (memory (export "memory") 1 4)
  (table $t (export "table") 4 8 anyref)
  (global $any (export "any") (mut anyref) (ref.null any))
  (global $long (export "long") (mut i64) (i64.const 0))
  (func $x (param $p anyref) (result i32)
    (block $no (result anyref)
      (return (struct.get $point $x (br_on_cast_fail $no anyref (ref $point) (local.get $p)))))
    (drop) (i32.const 1000))
  (func $try (param $n i32) (result i32)
    (block $caught (result i32)
      (block $other
        (try_table (catch $tag $caught) (catch_all $other) (call $fail (local.get $n)))
        (return (i32.const 0)))
      (i32.const 7)))
  (func (export "run") (param $n i32) (result i32) (local $s i32)
    (loop $go
      (call $keep (struct.new $point (local.get $n)))
      (call $keep (array.new_default $bytes (local.get $n)))
      (table.set $t (i32.const 1) (struct.new $point (i32.mul (local.get $n) (i32.const 3))))
      (global.set $any (struct.new $point (i32.mul (local.get $n) (i32.const 5))))
      (call $meddle (local.get $n))
      (local.set $s (i32.add (local.get $s) (call $x (call $give (local.get $n)))))
      (local.set $s (i32.add (local.get $s) (call $x (table.get $t (i32.const 0)))))
      (local.set $s (i32.add (local.get $s) (call $try (local.get $n))))
      (local.set $s (i32.add (local.get $s) (i32.load8_u (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)))))
      (local.set $s (i32.add (local.get $s) (i32.wrap_i64 (global.get $long))))
      (br_if $go (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))`;

interface Meddled {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
  table: { get(i: number): unknown; set(i: number, value: unknown): void; grow(n: number): number };
  any: { value: unknown };
  long: { value: bigint };
  run(n: number): number;
}

test("what the host keeps and gives back, throws, writes and makes larger", async () => {
  const machine = new Machine();
  const world = worldOf(machine);
  const tag = new world.Tag({ parameters: ["i32"] }) as object;
  const kept: unknown[] = [];
  let exports: Meddled | null = null;
  const env = {
    tag,
    keep: (value: unknown) => void kept.push(value),
    give(n: number) {
      const { table, any } = exports!;
      return [kept[n], table.get(1), any.value, { some: "object" }, n, null][n % 6];
    },
    fail(n: number) {
      if (n % 3 === 0) throw new world.Exception(tag, [n]);
      if (n % 3 === 1) throw new Error("of the host");
    },
    meddle(n: number) {
      const { memory, table, any, long } = exports!;
      if (n === 5) memory.grow(1);
      const bytes = new Uint8Array(memory.buffer);
      bytes[bytes.length - 1] = n;
      bytes[n] = 255;
      table.set(0, n % 2 === 0 ? any.value : table.get(1));
      if (n === 4) table.grow(2);
      any.value = kept[0];
      long.value += 3n;
    },
  };
  const module = moduleOf(MEDDLED);
  const instance = instantiate(machine, module, jsImports(machine, module, { env }));
  exports = jsExports(machine, instance) as unknown as Meddled;
  const recorded = new Recorded({ machine, instances: [instance], asyncify: null, abi: null });
  const next = random(3);
  recorded.lookAtStops(
    () => next() % 3 === 0,
    () => next() % 2 === 0,
  );
  exports.run(8);
  new Uint8Array(exports.memory.buffer)[77] = 1;
  exports.run(3);
  recorded.see();
  const { seen, recorder } = recorded;
  expect(recorder.problem).toBeNull();
  const kinds = new Set(JSON.stringify(recorder.entries, bits).match(/"(left|element|global|host|exception)"/g)); // prettier-ignore
  expect(kinds.size).toBe(5);
  const { start, log, codec } = await readRecording(await writeRecording(recorder));
  const file = new Timeline(await Replica.load(start, log, { codec }), { spacing: 50 });
  for (const timeline of [await recorded.timeline({ spacing: 60 }), file]) {
    for (let i = 0; i < 60; i++) {
      const { position, image } = seen[next() % seen.length]!;
      expect(await finish(timeline.goTo(position))).toBe("there");
      const again = imageOf(timeline.replica);
      expect(await again.outline).toBe(await image.outline);
      expect(await again.exact).toBe(await image.exact);
    }
  }
});
const bits = (_key: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

test("a recording ends where it cannot go on, and says why", async () => {
  const module = moduleOf(
    `(import "env" "wait" (func $wait)) (memory (export "m") 1 1 shared)
     (func (export "run") (param i32) (result i32) (call $wait)
       (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 1)))`,
  );
  const machine = new Machine();
  const instance = instantiate(machine, module, jsImports(machine, module, { env: { wait: () => undefined } })); // prettier-ignore
  const recorded = new Recorded({ machine, instances: [instance], asyncify: null, abi: null });
  await machine.invokeAsync(instance.func("run"), [i32(1)]);
  const { recorder } = recorded;
  expect(recorder.problem).toMatch(/waits for another thread/);
  expect(recorder.end.executed).toBeLessThanOrEqual(machine.executed);
  const timeline = await recorded.timeline();
  expect(await finish(timeline.goTo(recorder.end))).toBe("there");
});
