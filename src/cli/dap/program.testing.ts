// For tests: two programs to debug, one with its source, one without.

import { fileOf, wat } from "../testing.js";

/** Lines of text, and a bit of everything to stop at. */
export const TEXT = `(module
  (import "env" "ask" (func $ask (param i32) (result i32)))
  (memory (export "memory") 1)
  (tag $oops (param i32))
  (global $count (mut i32) (i32.const 3))
  (func $square (param $x i32) (result i32)
    (i32.mul (local.get $x) (local.get $x)))
  (func $main (export "main") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (loop $again
      ;; nothing here
      (local.set $sum (i32.add (local.get $sum) (call $square (local.get $i))))
      (i32.store (i32.const 32) (local.get $sum))
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (drop (call $ask (local.get $sum)))
    (block $caught (result i32)
      (try_table (catch $oops $caught) (throw $oops (local.get $sum)))
      (i32.const 0)))
  (func (export "fails") (throw $oops (i32.const 7))))
`;
export const program = fileOf("stops.wat", TEXT);
export const main = { program, invoke: "main", args: [5], stubImports: true };
/** The first line with some text. */
export const lineOf = (text: string): number =>
  TEXT.split("\n").findIndex((line) => line.includes(text)) + 1;
/** What sets a breakpoint there. */
export const atLine = (line: number, rest: object = {}) => ({
  source: { path: program },
  breakpoints: [{ line, ...rest }],
});

/** A module with names, and no lines. */
export const plain = fileOf(
  "dap.wasm",
  wat(`(module
  (import "env" "ask" (func $ask (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "Hello, bobbin")
  (global $count (mut i64) (i64.const 3))
  (func $div (param $a i32) (param $b i32) (result i32)
    (i32.div_s (local.get $a) (local.get $b)))
  (func $twice (param $f f64) (result f64) (f64.add (local.get $f) (local.get $f)))
  (func $main (export "main") (param $n i32) (result i32) (local $x f64)
    (local.set $x (call $twice (f64.const 1.5)))
    (global.set $count (i64.add (global.get $count) (i64.const 1)))
    (i32.store (i32.const 32) (local.get $n))
    (i32.add
      (call $div (i32.const 100) (local.get $n))
      (call $ask (i32.const 7))))
  (func (export "spin") (loop $again (br $again))))`),
);
export const plainMain = (n: number) => ({ program: plain, args: [n], stubImports: true });
