// Correct programs that the checker once took for wrong: tail calls on the way to what sleeps,
// a host that calls the program again behind `stop_rewind`, a function that stops unwinds of
// its own and lets others pass, and a host that takes one stop for the other. Random ones: spec-tests/asyncify-extensions.

import { expect, test } from "@jest/globals";
import { instantiate } from "../../exec/instantiate.js";
import { Machine } from "../../exec/machine.js";
import { Asyncify } from "../../fiber/asyncify/asyncify.js";
import { moduleOf } from "../../fiber/asyncify/program.testing.js";
import { jsExports } from "../../js-api/exports.js";
import { jsImports } from "../../js-api/imports.js";
import { Checker } from "./checker.js";

const BUFFER = 0x1000;
type Exports = Record<string, (...args: unknown[]) => unknown>;

/**
 * Calls `run` with 1; `sleep` sleeps once in each call. `woken` happens before it answers, `stop`
 * ends the unwind.
 */
function check(
  wat: string,
  woken: (exports: Exports) => void = () => undefined,
  stop: "asyncify_stop_unwind" | "asyncify_stop_rewind" = "asyncify_stop_unwind",
) {
  const module = moduleOf(wat);
  const checker = new Checker(module);
  const asyncify = new Asyncify(module, { imports: ["env.sleep"], listener: checker.event });
  const machine = new Machine({ interposer: asyncify, observer: checker.observer });
  const sp = () => exports["__stack_pointer"] as unknown as { value: number };
  let slept = 0;
  const sleep = (n: number): number => {
    if (asyncify.state === 2) {
      exports["asyncify_stop_rewind"]!();
      woken(exports);
      return 10 * n;
    }
    slept = sp().value;
    exports["asyncify_start_unwind"]!(BUFFER);
    return 0;
  };
  const imports = new Map([
    ...jsImports(machine, module, { env: { sleep, log: () => undefined } }),
    ["asyncify", asyncify.imports] as const,
  ]);
  const instance = instantiate(machine, module, imports, (made) => {
    asyncify.attach(made);
    checker.attach(made);
  });
  const exports = jsExports(machine, instance) as Exports;
  let result: unknown;
  for (;;) {
    result = exports["run"]!(1);
    if (asyncify.state === 0) break;
    exports[stop]!();
    sp().value = slept;
    exports["asyncify_start_rewind"]!(BUFFER);
  }
  checker.finish();
  return { result, findings: checker.findings.map(({ code }) => code) };
}

const HEAD = `
  (import "env" "sleep" (func $sleep (param i32) (result i32)))
  (import "env" "log" (func $log))
  (memory 1) (data (i32.const ${BUFFER}) "\\08\\10\\00\\00\\00\\12\\00\\00")
  (global $sp (export "__stack_pointer") (mut i32) (i32.const 4096))`;

test.each([
  ["outermost", `(func (export "run") (param i32) (result i32) (return_call $f (local.get 0)))`],
  [
    "in between",
    `(func $g (param i32) (result i32) (return_call $f (local.get 0)))
    (func (export "run") (param i32) (result i32) (i32.add (i32.const 1) (call $g (local.get 0))))`,
  ],
])("a tail call, %s, leads to the function that sleeps twice", (_name, callers) => {
  const { result, findings } = check(`(module ${HEAD}
    (func $f (param i32) (result i32)
      (call $sleep (i32.add (i32.const 1) (call $sleep (local.get 0)))))
    ${callers})`);
  expect(result).toBe(callers.includes("i32.add") ? 111 : 110);
  expect(findings).toEqual([]);
});

test("a host that calls the program again before it answers", () => {
  const { result, findings } = check(
    `(module ${HEAD}
      (func (export "run") (param i32) (result i32)
        (i32.add (call $sleep (local.get 0)) (call $sleep (local.get 0))))
      (func (export "other")
        (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
        (call $log)
        (call $log)
        (global.set $sp (i32.add (global.get $sp) (i32.const 16)))))`,
    (exports) => exports["other"]!(),
  );
  expect(result).toBe(20);
  expect(findings).toEqual([]);
});

test.each([
  ["lets it pass, and makes its call again", "", []],
  ["runs on", "(call $log)", ["frame-not-instrumented"]],
])("a function that stops other rewinds %s", (_name, then, codes) => {
  const { findings } =
    check(`(module ${HEAD.replace("(memory", `(import "asyncify" "stop_rewind" (func $stop)) (memory`)}
    (global $never (mut i32) (i32.const 0))
    (func $f (param i32) (result i32) (call $sleep (local.get 0)))
    (func $loop (param i32) (result i32)
      (local $result i32)
      (local.set $result (i32.add (i32.const 100) (call $f (local.get 0))))
      ${then}
      (if (global.get $never) (then (call $stop)))
      (local.get $result))
    (func (export "run") (param i32) (result i32) (i32.add (i32.const 1) (call $loop (local.get 0)))))`);
  expect(findings).toEqual(codes);
});

test("a host that ends unwinds by the function for rewinds, which does the same", () => {
  const { result, findings } = check(
    `(module ${HEAD} (func (export "run") (param i32) (result i32) (call $sleep (local.get 0))))`,
    () => undefined,
    "asyncify_stop_rewind",
  );
  expect(result).toBe(10);
  expect(findings).toEqual([]);
});
