// Breakpoints: a machine that asks for them stops before the instruction, every time that
// it comes there, whoever else executes the function; others do not notice.

import { expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import { tierOf, type TierName } from "../forward/choose.js";
import { i32 } from "../runtime/values.js";
import { validate } from "../valid/validate.js";
import { addBreak, hasBreaks, removeBreak } from "./breaks.js";
import type { Code } from "./code.js";
import { instantiate } from "./instantiate.js";
import { codeOf } from "./lower.js";
import { Machine } from "./machine.js";

const LOOP = `(module (memory 1)
  (func $step (param $x i32) (result i32) (i32.add (local.get $x) (i32.const 3)))
  (func (export "run") (param $n i32) (result i32) (local $s i32)
    (block $out
      (loop $more
        (br_if $out (i32.eqz (local.get $n)))
        (local.set $s (call $step (i32.add (local.get $s) (i32.load (i32.const 8)))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $more)))
    (local.get $s)))`;

function load(tier: TierName) {
  const parsed = binaryen.parseText(LOOP);
  const machine = new Machine({ tier: tierOf(tier) });
  const instance = instantiate(machine, validate(decode(parsed.emitBinary())));
  return { machine, run: instance.func("run"), step: instance.funcs[0]! };
}

/** How often a run stops at each position of `run` and `step`, with breakpoints at all of them. */
function stops(tier: TierName, fuel: number, compiledBefore: boolean): Record<string, number> {
  const { machine, run, step } = load(tier);
  if (compiledBefore) machine.invoke(run, [i32(20_000)]);
  const seen: Record<string, number> = {};
  for (const func of [run, step]) for (const pc of codeOf(func).starts) addBreak(func, pc);
  machine.stopsAt = () => true;
  machine.start(run, [i32(7)]);
  for (let past = false; ; past = true) {
    const before = machine.executed;
    const outcome = machine.run({ fuel, past });
    if (outcome.kind === "returned") {
      expect(outcome.results).toEqual([i32(21)]);
      break;
    }
    expect(outcome.kind).toBe("paused");
    // It stands at the next one.
    expect(machine.executed - before).toBe(past ? 1 : 0);
    const { func, pc } = machine.fiber!.top;
    const place = `${func === run ? "run" : "step"} ${pc}`;
    seen[place] = (seen[place] ?? 0) + 1;
  }
  for (const func of [run, step]) {
    for (const pc of codeOf(func).starts) removeBreak(func, pc);
    expect(hasBreaks(func.code as Code)).toBe(false);
  }
  machine.stopsAt = null;
  expect(machine.invoke(run, [i32(7)])).toEqual([i32(21)]);
  return seen;
}

test.each(["interpreter", "forward", "mixed"] as const)("all positions, %s", (tier) => {
  const expected = stops("interpreter", Infinity, false);
  expect(Object.keys(expected).length).toBeGreaterThan(20);
  for (const compiledBefore of [false, true])
    for (const fuel of [1, 3, Infinity])
      expect(stops(tier, fuel, compiledBefore)).toEqual(expected);
});

test.each(["interpreter", "forward"] as const)("one in a loop, at full speed, %s", (tier) => {
  const { machine, run } = load(tier);
  machine.invoke(run, [i32(5)]);
  const { starts, words } = codeOf(run);
  // The subtraction, in the middle of what would be one shortcut.
  const pc = [...starts].find((start) => words[start] === 0x6b) ?? [...starts].at(-8)!;
  addBreak(run, pc);
  addBreak(run, pc);
  removeBreak(run, pc);
  machine.stopsAt = (fiber) => fiber.top.pc === pc;
  machine.start(run, [i32(1000)]);
  let hits = 0;
  let outcome = machine.run();
  for (; outcome.kind === "paused"; outcome = machine.run({ past: true })) hits++;
  expect(hits).toBe(1000);
  expect(outcome).toEqual({ kind: "returned", results: [i32(3000)] });
});

test.each(["interpreter", "forward"] as const)(
  "each is asked about, whatever is answered, %s",
  (tier) => {
    const asked = (answer: (n: number) => boolean): string[] => {
      const { machine, run, step } = load(tier);
      for (const func of [run, step]) for (const pc of codeOf(func).starts) addBreak(func, pc);
      const places: string[] = [];
      machine.stopsAt = ({ top: { func, pc } }) => {
        places.push(`${func === run ? "run" : "step"} ${pc}`);
        return answer(places.length);
      };
      machine.start(run, [i32(40)]);
      // One that it has stopped at is not asked about again.
      for (let past = false; machine.run({ past }).kind === "paused";) past = true;
      return places;
    };
    const all = asked(() => true);
    expect(all.length).toBeGreaterThan(500);
    expect(asked(() => false)).toEqual(all);
    expect(asked((n) => n % 7 === 0)).toEqual(all);
  },
);

test("a machine that does not ask passes by", () => {
  const { machine, run } = load("interpreter");
  for (const pc of codeOf(run).starts) addBreak(run, pc);
  expect(machine.invoke(run, [i32(100)])).toEqual([i32(300)]);
  const { machine: other, run: same } = load("interpreter");
  other.invoke(same, [i32(100)]);
  expect(machine.executed).toBe(other.executed);
});
