// What snapshots cost: `node bench/snapshots.mjs`, after `npm run build`. A machine with
// 10,000 suspended continuations and 16 MiB of memory that is not zero.

import binaryen from "binaryen";
import { decode, instantiate, loadSnapshot, Machine, saveSnapshot, validate } from "../dist/index.js"; // prettier-ignore

const FIBERS = 10_000;
const text = `(module
  (type $f (func (param i32) (result i32)))
  (type $c (cont $f))
  (tag $yield (param i32) (result i32))
  (table $waiting ${FIBERS} (ref null $c))
  (memory 256)
  (elem declare func $task)
  (func $down (param $n i32) (param $x i64) (result i32)
    (if (result i32) (local.get $n)
      (then (call $down (i32.sub (local.get $n) (i32.const 1)) (i64.add (local.get $x) (i64.const 3))))
      (else (suspend $yield (i32.wrap_i64 (local.get $x))))))
  (func $task (param i32) (result i32) (call $down (i32.const 3) (i64.extend_i32_u (local.get 0))))
  (func (export "run") (result i32) (local $i i32) (local $a i32) (local $k (ref null $c))
    (loop $fill
      (i32.store (local.get $a) (i32.mul (local.get $a) (i32.const 0x9e3779b1)))
      (br_if $fill (i32.lt_u (local.tee $a (i32.add (local.get $a) (i32.const 4))) (i32.const 0x1000000))))
    (loop $make
      (block $on (result i32 (ref $c))
        (drop (resume $c (on $yield $on) (local.get $i) (cont.new $c (ref.func $task))))
        (unreachable))
      (local.set $k) (drop) (table.set $waiting (local.get $i) (local.get $k))
      (br_if $make (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${FIBERS}))))
    (i32.const 7)))`;

const parsed = binaryen.parseText(text);
parsed.setFeatures(binaryen.Features.All);
const machine = new Machine();
const instance = instantiate(machine, validate(decode(parsed.emitBinary())));
machine.start(instance.func("run"), []);
const outcome = machine.run();
if (outcome.kind !== "returned") throw outcome.error;

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];
async function measure(compress) {
  const saves = [];
  const loads = [];
  let size = 0;
  for (let round = 0; round < 5; round++) {
    let from = performance.now();
    const bytes = await saveSnapshot(machine, { instances: [instance], compress });
    saves.push(performance.now() - from);
    size = bytes.length;
    from = performance.now();
    await loadSnapshot(bytes);
    loads.push(performance.now() - from);
  }
  const line = `${(size / 2 ** 20).toFixed(2)} MiB, save ${median(saves).toFixed(0)} ms, load ${median(loads).toFixed(0)} ms`;
  console.log(`${compress ? "deflated" : "stored  "}  ${line}`);
}
console.log(`${FIBERS} suspended continuations of 5 frames, 16 MiB of memory`);
await measure(true);
await measure(false);
