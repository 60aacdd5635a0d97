import { expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { assemble } from "../cli/assembler.js";
import { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { validate } from "../valid/validate.js";
import type { Observer } from "./hooks.js";
import { instantiate } from "./instantiate.js";
import { Machine } from "./machine.js";

const TEXT = `(module
  (import "asyncify" "stop_unwind" (func $native))
  (tag $t)
  (func $leaf nop nop)
  (func $tail (return_call $leaf))
  (func $throws nop (throw $t))
  (func (export "main")
    (call $leaf)
    (call $native)
    (call $tail)
    (block $caught (try_table (catch $t $caught) (call $throws)))
    nop))`;

/** What the machine says when observers are told, by whether it is asked before each instruction. */
function told(stepping: boolean): [string, number][] {
  const times: [string, number][] = [];
  const note = (what: string) => times.push([what, machine.now]);
  const observer: Observer = {
    enter: ({ top }) => note(`enter ${top.func.name}`),
    leave: ({ top }, how) => note(`${how} ${top.func.name}`),
    ...(stepping ? { instruction: () => undefined } : {}),
  };
  const machine = new Machine({ observer });
  const module = validate(decode(assemble(TEXT)));
  const asyncify = new Asyncify(module, { listener: () => note("native") });
  const imports = new Map([["asyncify", asyncify.imports]]);
  const attach = (made: ModuleInstance) => asyncify.attach(made);
  machine.invoke(instantiate(machine, module, imports, attach).func("main"), []);
  expect(machine.now).toBe(machine.executed);
  return times;
}

test("in the middle of a run, observers know how many instructions have been executed", () => {
  const times = told(false);
  // Where every instruction is watched, the machine counts each as it goes.
  expect(times).toEqual(told(true).map(([what, time]) => [what, time]));
  expect(times.slice(0, 4)).toEqual([
    ["enter main", 0],
    ["enter leaf", 1],
    ["return leaf", 4],
    ["native", 5],
  ]);
  expect(times.at(-1)).toEqual(["return main", 17]);
});
