// For tests: programs that have everything a snapshot can hold, and a run that is saved
// and loaded again and again on its way.

import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { type ExternInstance, FuncInstance, type Imports } from "../runtime/instances.js";
import { formatValues } from "../runtime/notation.js";
import { i32 } from "../runtime/values.js";
import { type ValidModule, validate } from "../valid/validate.js";
import { loadSnapshot, type LoadedSnapshot } from "./load.js";
import { saveSnapshot } from "./save.js";

export function moduleOf(wat: string): ValidModule {
  const parsed = binaryen.parseText(`(module ${wat})`);
  // Imports in groups are a proposal that nothing here reads.
  const { CompactImports } = binaryen.Features as unknown as Record<string, number>;
  parsed.setFeatures(binaryen.Features.All & ~CompactImports!);
  return validate(decode(parsed.emitBinary()));
}

/** The program of each is `run`, from an i32 to an i32. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  "structures, arrays, i31, tables, segments": `
    (type $node (sub (struct (field $next (mut (ref null $node))) (field $n (mut i64)) (field $b (mut i8)))))
    (type $leaf (sub final $node (struct (field $next (mut (ref null $node))) (field $n (mut i64)) (field $b (mut i8)) (field $h i16))))
    (type $list (array (mut (ref null $node))))
    (type $bytes (array (mut i8)))
    (type $wide (array v128))
    (type $f (func (param i32) (result i32)))
    (table $t 4 8 funcref)
    (table $a 2 anyref)
    (memory $m 1 3)
    (memory $second 2)
    (global $g (mut anyref) (ref.null any))
    (global $v (mut v128) (v128.const i64x2 1 -2))
    (data $d "hello, snapshots")
    (elem $e func $double $inc)
    (func $double (type $f) (i32.mul (local.get 0) (i32.const 2)))
    (func $inc (type $f) (i32.add (local.get 0) (i32.const 1)))
    (func $sum (param $l (ref $list)) (result i32) (local $i i32) (local $s i64) (local $n (ref $node))
      (loop $go
        (local.set $n (ref.as_non_null (array.get $list (local.get $l) (local.get $i))))
        (local.set $s (i64.add (local.get $s) (struct.get $node $n (local.get $n))))
        (local.set $s (i64.add (local.get $s) (i64.extend_i32_s (struct.get_s $node $b (local.get $n)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $go (i32.lt_u (local.get $i) (array.len (local.get $l)))))
      (i32.wrap_i64 (local.get $s)))
    (func (export "run") (param $n i32) (result i32) (local $l (ref null $list)) (local $i i32) (local $r i32) (local $w (ref null $wide))
      (local.set $l (array.new_default $list (local.get $n)))
      (loop $fill
        (array.set $list (local.get $l) (local.get $i)
          (if (result (ref $node)) (i32.and (local.get $i) (i32.const 1))
            (then (struct.new $node (if (result (ref null $node)) (local.get $i) (then (array.get $list (local.get $l) (i32.const 0))) (else (ref.null $node))) (i64.extend_i32_u (local.get $i)) (i32.const -3)))
            (else (struct.new $leaf (ref.null $node) (i64.const 5) (i32.const 200) (i32.const 77)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $fill (i32.lt_u (local.get $i) (local.get $n))))
      (table.init $t $e (i32.const 1) (i32.const 0) (i32.const 2))
      (drop (table.grow $t (ref.null func) (i32.const 1)))
      (memory.init $m $d (i32.const 100) (i32.const 0) (i32.const 16))
      (data.drop $d)
      (drop (memory.grow $second (i32.const 1)))
      (i32.store $second (i32.const 140000) (i32.const 99))
      (global.set $g (array.new_data $bytes $d (i32.const 0) (i32.const 0)))
      (table.set $a (i32.const 1) (global.get $g))
      (table.set $a (i32.const 0) (ref.i31 (i32.const -7)))
      (local.set $w (array.new $wide (global.get $v) (i32.const 3)))
      (global.set $v (i64x2.add (array.get $wide (local.get $w) (i32.const 2)) (global.get $v)))
      (local.set $r (call $sum (ref.as_non_null (local.get $l))))
      (local.set $r (i32.add (local.get $r) (call_indirect $t (type $f) (local.get $r) (i32.const 1))))
      (local.set $r (i32.add (local.get $r) (call_indirect $t (type $f) (local.get $r) (i32.const 2))))
      (local.set $r (i32.add (local.get $r) (i31.get_s (ref.cast (ref i31) (table.get $a (i32.const 0))))))
      (local.set $r (i32.add (local.get $r) (i32.load8_u $m (i32.const 104))))
      (local.set $r (i32.add (local.get $r) (i32.load $second (i32.const 140000))))
      (i32.add (local.get $r) (i32.wrap_i64 (i64x2.extract_lane 1 (global.get $v)))))`,
  exceptions: `
    (tag $t (param i32 f64))
    (tag $u)
    (global $kept (mut exnref) (ref.null exn))
    (func $f (param i32) (result i32)
      (if (i32.and (local.get 0) (i32.const 1)) (then (throw $t (local.get 0) (f64.const 2.5))))
      (if (i32.eqz (local.get 0)) (then (throw $u)))
      (i32.mul (local.get 0) (i32.const 3)))
    (func $try (param $n i32) (result i32) (local $x i32) (local $d f64) (local $e exnref)
      (block $all (result exnref)
        (block $h (result i32 f64 exnref)
          (return (try_table (result i32) (catch_ref $t $h) (catch_all_ref $all) (call $f (local.get $n)))))
        (local.set $e) (local.set $d) (local.set $x)
        (global.set $kept (local.get $e))
        (return (i32.add (local.get $x) (i32.trunc_f64_s (local.get $d)))))
      (drop) (i32.const 1000))
    (func (export "run") (param $n i32) (result i32) (local $s i32)
      (loop $go
        (local.set $s (i32.add (local.get $s) (call $try (local.get $n))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $go (i32.ge_s (local.get $n) (i32.const 0))))
      (i32.add (local.get $s)
        (block $again (result i32)
          (block $got (result i32 f64)
            (try_table (catch $t $got) (throw_ref (global.get $kept)))
            (unreachable))
          (drop))))`,
  "legacy exceptions": `
    (tag $t (param i32))
    (tag $u (param f64))
    (func $f (param i32) (result i32)
      (if (i32.and (local.get 0) (i32.const 1)) (then (throw $t (local.get 0))))
      (if (i32.and (local.get 0) (i32.const 2)) (then (throw $u (f64.const 2.5))))
      (i32.mul (local.get 0) (i32.const 3)))
    (func $inner (param $n i32) (result i32) (local $k i32)
      (try $a (result i32)
        (do (call $f (local.get $n)))
        (catch $t
          (local.set $k)
          (try $b (result i32)
            (do (call $f (i32.add (local.get $k) (i32.const 1))))
            (catch $u (drop) (local.set $k (i32.add (local.get $k) (i32.const 100))) (rethrow $a))
            (catch_all (local.get $k))))
        (catch_all
          (local.set $k (i32.const 7))
          (local.set $k (i32.add (local.get $k) (i32.const 1)))
          (rethrow $a))))
    (func $outer (param $n i32) (result i32)
      (try (result i32)
        (do (call $inner (local.get $n)))
        (catch $t (i32.add (i32.const 1000)))
        (catch $u (i32.trunc_f64_s))))
    (func (export "run") (param $n i32) (result i32) (local $s i32)
      (loop $go
        (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 2)) (call $outer (local.get $n))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $go (i32.ge_s (local.get $n) (i32.const 0))))
      (local.get $s))`,
  continuations: `
    (type $f (func (param i32) (result i32)))
    (type $c (cont $f))
    (type $f2 (func (param i32 i32) (result i32)))
    (type $c2 (cont $f2))
    (import "env" "ask" (func $ask (param i32) (result i32)))
    (tag $yield (param i32) (result i32))
    (table $waiting 16 (ref null $c))
    (func $task (param $a i32) (param $b i32) (result i32)
      (loop $go
        (local.set $a (i32.add (local.get $a) (suspend $yield (i32.add (local.get $a) (local.get $b)))))
        (local.set $b (i32.sub (local.get $b) (i32.const 1)))
        (br_if $go (i32.gt_s (local.get $b) (i32.const 0))))
      (i32.add (local.get $a) (call $ask (local.get $a))))
    (elem declare func $task)
    (func $step (param $i i32) (param $x i32) (result i32) (local $k (ref null $c)) (local $v i32)
      (block $on (result i32 (ref $c))
        (return (resume $c (on $yield $on) (local.get $x) (ref.as_non_null (table.get $waiting (local.get $i))))))
      (local.set $k) (local.set $v)
      (table.set $waiting (local.get $i) (local.get $k))
      (local.get $v))
    (func (export "run") (param $n i32) (result i32) (local $i i32) (local $s i32)
      (loop $make
        (table.set $waiting (local.get $i)
          (cont.bind $c2 $c (local.get $i) (cont.new $c2 (ref.func $task))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $make (i32.lt_u (local.get $i) (local.get $n))))
      (local.set $i (i32.const 0))
      (loop $rounds
        (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 3)) (call $step (local.get $i) (i32.const 2))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $rounds (i32.lt_u (local.get $i) (local.get $n))))
      (local.set $i (i32.const 0))
      (loop $again
        (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 3)) (call $step (local.get $i) (i32.const 4))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
      (i32.add (local.get $s) (call $step (i32.const 0) (i32.const 1))))`,
};

export function importsFor(module: ValidModule): Imports {
  const env = new Map<string, ExternInstance>();
  for (const { name, description } of module.imports) {
    if (description.kind !== "func") continue;
    const type = module.context.defTypes[description.type]!;
    const host = FuncInstance.host(type, `env.${name}`, ([question]) => [
      i32((question as { value: number }).value * 7 + 3),
    ]);
    env.set(name, { kind: "func", func: host });
  }
  return new Map([["env", env]]);
}

export function start(wat: string, n: number): LoadedSnapshot {
  const module = moduleOf(wat);
  const machine = new Machine();
  const instance = instantiate(machine, module, importsFor(module));
  machine.start(instance.func("run"), [i32(n)]);
  return { machine, instances: [instance], asyncify: null, fibers: null, suspended: [] };
}

export const save = ({ machine, instances, asyncify, fibers }: LoadedSnapshot) =>
  saveSnapshot(machine, { instances, asyncify, fibers });
export const load = (bytes: Uint8Array) =>
  loadSnapshot(bytes, { supply: (_machine, module) => importsFor(module) });

/** Runs to the end; every so many instructions, `between` says which machine goes on. */
export async function finish(
  begun: LoadedSnapshot,
  every: number,
  between: (at: LoadedSnapshot) => LoadedSnapshot | Promise<LoadedSnapshot>,
): Promise<string> {
  let at = begun;
  for (;;) {
    const { machine } = at;
    const outcome = machine.run({ fuel: every });
    if (outcome.kind === "returned")
      return `${formatValues(outcome.results)} after ${machine.executed}`;
    if (outcome.kind === "trapped" || outcome.kind === "threw") throw outcome.error;
    at = await between(at);
    if (outcome.kind === "host") {
      const { func, args } = at.machine.fiber!.hostCall!;
      at.machine.answer(await func.host!(args));
    }
  }
}
