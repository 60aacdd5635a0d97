// An unwind can be paused between two of the frames that it drops: what is due there is
// data, positions there are counted, and going on is as if nobody had looked.

import { expect, test } from "@jest/globals";
import { instantiate } from "../../exec/instantiate.js";
import { Machine, type Outcome } from "../../exec/machine.js";
import { tierOf, type TierName } from "../../forward/choose.js";
import { i32 } from "../../runtime/values.js";
import { pack, unpack } from "../../snapshot/format.js";
import { loadSnapshot } from "../../snapshot/load.js";
import { saveSnapshot } from "../../snapshot/save.js";
import { BobbinError, CrashError } from "../../util/errors.js";
import { Asyncify } from "./asyncify.js";
import { moduleOf, program } from "./program.testing.js";

/** Unwinds itself out of three frames, and rewinds them. */
const YIELD = `(module
  (import "asyncify" "start_unwind" (func $start_unwind (param i32)))
  (import "asyncify" "stop_unwind" (func $stop_unwind))
  (import "asyncify" "start_rewind" (func $start_rewind (param i32)))
  (import "asyncify" "stop_rewind" (func $stop_rewind))
  (memory (export "memory") 1)
  (global $there (mut i32) (i32.const 0))
  (func $yield
    (if (global.get $there)
      (then (call $stop_rewind))
      (else (global.set $there (i32.const 1)) (call $start_unwind (i32.const 16)))))
  (func $a (param $n i32) (result i32) (call $yield) (i32.add (local.get $n) (i32.const 1)))
  (func $b (param $n i32) (result i64) (i64.extend_i32_s (i32.mul (call $a (local.get $n)) (i32.const 10))))
  (func $c (param $n i32) (result i32) (i32.wrap_i64 (call $b (local.get $n))))
  (func (export "run") (param $n i32) (result i32)
    (i32.store (i32.const 16) (i32.const 1024))
    (i32.store (i32.const 20) (i32.const 2048))
    (drop (call $c (local.get $n)))
    (call $stop_unwind)
    (i32.store8 (i32.const 24) (i32.const 1))
    (call $start_rewind (i32.const 16))
    (call $c (i32.const 0))))`;

interface Program {
  readonly machine: Machine;
  readonly asyncify: Asyncify;
  readonly save: () => Promise<Uint8Array>;
}

function start(tier: TierName = "interpreter"): Program {
  const module = moduleOf(YIELD);
  const asyncify = new Asyncify(module);
  const machine = new Machine({ interposer: asyncify, tier: tierOf(tier) });
  const imports = new Map([["asyncify", asyncify.imports]]);
  const instance = instantiate(machine, module, imports, (made) => asyncify.attach(made));
  machine.start(instance.func("run"), [i32(6)]);
  return {
    machine,
    asyncify,
    save: () => saveSnapshot(machine, { instances: [instance], asyncify }),
  };
}

const position = ({ executed, drops }: Machine) => `${executed}.${drops}`;
const finish = (machine: Machine): Outcome => {
  for (;;) {
    const outcome = machine.run({ fuel: 3 });
    if (outcome.kind !== "paused") return outcome;
  }
};

test("stepping stops between the frames, each time at a new position", () => {
  const { machine, asyncify } = start();
  const seen: string[] = [];
  const between: string[] = [];
  while (machine.step().kind === "paused") {
    seen.push(position(machine));
    const { due, top, depth } = machine.fiber!;
    if (due >= 0) between.push(`${top.func.name} ${depth} ${due} ${asyncify.records.pos - 1024}`);
  }
  expect(between).toEqual(["b 3 2 12", "c 2 2 24", "run 1 2 36"]);
  expect(new Set(seen).size).toBe(seen.length);
  expect(machine.drops).toBe(3);
});

test.each(["interpreter", "forward", "mixed"] as const)(
  "a run counts instructions only, a pause at drops changes nothing, %s",
  (tier) => {
    const whole = start(tier).machine;
    const outcome = whole.run();
    expect(outcome).toEqual({ kind: "returned", results: [i32(70)] });
    const { machine } = start(tier);
    let pauses = 0;
    let last = machine.run({ drops: 1 });
    for (; last.kind === "paused"; last = machine.run({ drops: 1 })) {
      expect(machine.fiber!.due).toBeGreaterThanOrEqual(0);
      pauses++;
    }
    expect([last, pauses]).toEqual([outcome, 3]);
    expect(machine.counters).toEqual(whole.counters);
  },
);

test("every position can be saved, and gone on from", async () => {
  const whole = start().machine;
  const outcome = whole.run();
  const { machine, save } = start();
  let between = 0;
  do {
    const bytes = await save();
    const loaded = await loadSnapshot(bytes);
    const { machine: other } = loaded;
    expect(await saveSnapshot(other, loaded)).toEqual(bytes);
    expect([position(other), other.fiber!.due]).toEqual([position(machine), machine.fiber!.due]);
    expect(finish(other)).toEqual(outcome);
    expect(other.counters).toEqual(whole.counters);
    if (machine.fiber!.due >= 0) between++;
  } while (machine.step().kind === "paused");
  expect(between).toBe(3);
});

test("a saved position between frames that was changed is refused, or goes on in order", async () => {
  const { machine, save } = start();
  while (machine.fiber!.due < 0) machine.step();
  const file = await unpack(await save(), 2 ** 30);
  let refused = 0;
  let ran = 0;
  for (const name of ["fibers", "machine"] as const) {
    const length = file.sections.find((section) => section.name === name)!.bytes.length;
    for (let bit = 0; bit < 8 * length; bit++) {
      const sections = file.sections.map((section) => {
        const bytes = section.bytes.slice();
        if (section.name === name) bytes[bit >> 3]! ^= 1 << (bit & 7);
        return { name: section.name, bytes };
      });
      try {
        const loaded = await loadSnapshot(await pack({ features: file.features, sections }, false));
        if (loaded.machine.fiber !== null) loaded.machine.run({ fuel: 1000 });
        ran++;
      } catch (error) {
        if (!(error instanceof BobbinError) || error instanceof CrashError) throw error;
        refused++;
      }
    }
  }
  expect(Math.min(refused, ran)).toBeGreaterThan(10);
});

test("an answer of the host that unwinds stops between frames where it is asked to", () => {
  const { machine, instance, asyncify } = program(`(module
    (import "env" "sleep" (func $sleep (param i32) (result i32)))
    (memory 1)
    (func $a (result i32) (call $sleep (i32.const 1)))
    (func (export "run") (result i32) (i32.add (call $a) (i32.const 1))))`);
  machine.start(instance.func("run"), []);
  const outcome = machine.run();
  if (outcome.kind !== "host") throw new Error(outcome.kind);
  const results = outcome.call.func.host!(outcome.call.args) as ReturnType<typeof i32>[];
  machine.answer(results, { drops: 1 });
  expect(machine.fiber).toMatchObject({ status: "suspended", due: 2, depth: 1 });
  expect(machine.step()).toMatchObject({ kind: "paused" });
  expect(machine.fiber).toMatchObject({ due: 2, depth: 0 });
  expect(machine.step()).toEqual({ kind: "returned", results: [i32(0)] });
  expect([machine.drops, asyncify.state]).toEqual([2, 1]);
});

test("whoever hears of a record may ask for a pause there", () => {
  const module = moduleOf(YIELD);
  const asyncify: Asyncify = new Asyncify(module, {
    listener: (event) => {
      if (event.type === "push" && event.name === "b") machine.requestPause();
    },
  });
  const machine = new Machine({ interposer: asyncify });
  const imports = new Map([["asyncify", asyncify.imports]]);
  const instance = instantiate(machine, module, imports, (made) => asyncify.attach(made));
  machine.start(instance.func("run"), [i32(6)]);
  expect(machine.run().kind).toBe("paused");
  expect(machine.fiber).toMatchObject({ due: 2, top: { func: { name: "c" } } });
  expect(machine.run()).toEqual({ kind: "returned", results: [i32(70)] });
});
