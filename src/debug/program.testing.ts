// For tests: a program that unwinds itself, calls the host and throws, in a debugger.

import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { tierOf } from "../forward/choose.js";
import { Asyncify } from "../fiber/asyncify/asyncify.js";
import { moduleOf } from "../fiber/asyncify/program.testing.js";
import { History } from "../history/history.js";
import { Recorder } from "../history/recorder.js";
import { type ExternInstance, FuncInstance, type ModuleInstance } from "../runtime/instances.js";
import { i32 } from "../runtime/values.js";
import { ProgramEvents } from "./happenings.js";
import { DebugSession } from "./session.js";

export const PROGRAM = `(module
  (import "asyncify" "start_unwind" (func $start_unwind (param i32)))
  (import "asyncify" "stop_unwind" (func $stop_unwind))
  (import "asyncify" "start_rewind" (func $start_rewind (param i32)))
  (import "asyncify" "stop_rewind" (func $stop_rewind))
  (import "env" "log" (func $log (param i32) (result i32)))
  (import "env" "poke" (func $poke (param i32)))
  (memory (export "memory") 1)
  (table $t 4 funcref)
  (elem declare func $sum)
  (tag $oops (param i32))
  (global $there (mut i32) (i32.const 0))
  (global $total (mut i32) (i32.const 0))
  (func $yield
    (if (global.get $there)
      (then (call $stop_rewind))
      (else (global.set $there (i32.const 1)) (call $start_unwind (i32.const 16)))))
  (func $a (param $n i32) (result i32) (call $yield) (i32.add (local.get $n) (i32.const 1)))
  (func $b (param $n i32) (result i32) (i32.mul (call $a (local.get $n)) (i32.const 10)))
  (func $sum (param $n i32) (result i32) (local $s i32)
    (loop $more
      (local.set $s (i32.add (local.get $s) (local.get $n)))
      (i32.store (i32.const 100) (local.get $s))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $more (local.get $n)))
    (local.get $s))
  (func $throwing (param $n i32) (if (local.get $n) (then (throw $oops (local.get $n)))))
  (func $catching (param $n i32) (result i32)
    (block $h (result i32) (try_table (catch $oops $h) (call $throwing (local.get $n))) (i32.const 0)))
  (func $unwinding (param $n i32) (result i32)
    (i32.store (i32.const 16) (i32.const 1024))
    (i32.store (i32.const 20) (i32.const 2048))
    (drop (call $b (local.get $n)))
    (call $stop_unwind)
    (call $start_rewind (i32.const 16))
    (call $b (i32.const 0)))
  (func (export "run") (param $n i32) (result i32)
    (global.set $total (call $sum (local.get $n)))
    (global.set $total (i32.add (global.get $total) (call $log (global.get $total))))
    (call $poke (i32.const 200))
    (table.set $t (i32.const 2) (ref.func $sum))
    (global.set $total (i32.add (global.get $total) (call $catching (i32.const 5))))
    (call $unwinding (global.get $total))))`;

/** Stands at the start of `run`. @param recorded whether it can go back */
export function debug(n = 4, recorded = false): DebugSession {
  const module = moduleOf(PROGRAM);
  const events = new ProgramEvents(false);
  const asyncify = new Asyncify(module, { listener: events.emit });
  // What is compiled must not pass by either.
  const machine = new Machine({ interposer: asyncify, tier: tierOf("forward") });
  let instance: ModuleInstance | null = null;
  const typeOf = (index: number) => module.context.defTypes[module.context.funcs[index]!]!;
  const log = FuncInstance.host(typeOf(4), "env.log", () => [i32(7)]);
  const poke = FuncInstance.host(typeOf(5), "env.poke", ([at]) => {
    instance!.memories[0]!.view.setInt32((at as { value: number }).value, 0xabcd, true);
    return [];
  });
  const env = new Map<string, ExternInstance>([["log", { kind: "func", func: log }], ["poke", { kind: "func", func: poke }]]); // prettier-ignore
  const imports = new Map([["asyncify", asyncify.imports], ["env", env]]); // prettier-ignore
  instance = instantiate(machine, module, imports, (made) => asyncify.attach(made));
  const recorder = recorded ? new Recorder(machine, { instances: [instance], asyncify }) : null;
  const history = recorder && History.of(recorder, { spacing: 30 });
  machine.start(instance.func("run"), [i32(n)]);
  return new DebugSession(machine, instance, { asyncify, events, history });
}
/** What `run` returns. */
export const RESULT = 230;
