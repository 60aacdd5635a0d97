// What records name by number: equal things share a number, what no memory names can be
// dropped, and all of it can be saved and goes on elsewhere.

import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { HostRef, i32 } from "../../runtime/values.js";
import { type Image, ImageTable, ReferenceTable } from "./images.js";
import { ANSWER, BUFFER, DATA, moduleOf, program } from "./program.testing.js";
import { compactLayout, fullLayout, type LayoutOf, twinLayout } from "./records.js";

const image = fc.record({
  func: fc.nat(3),
  callIndex: fc.nat(2),
  tail: fc.boolean(),
  words: fc.array(fc.integer({ min: -2, max: 2 }), { maxLength: 3 }).map((w) => Int32Array.from(w)),
});

test("images have one id for each that is another one", () => {
  fc.assert(
    fc.property(fc.array(image), (images) => {
      const table = new ImageTable();
      const ids = images.map((one) => table.put(one));
      const text = ({ words, ...rest }: Image) => JSON.stringify([rest, ...words]);
      images.forEach((one, i) => expect(text(table.get(ids[i]!)!)).toBe(text(one)));
      expect(table.size).toBe(new Set(images.map(text)).size);
      expect(new Set(ids).size).toBe(table.size);
    }),
  );
});

test("ids are given once, also after some are dropped, and small words are none", () => {
  const table = new ReferenceTable();
  const things = Array.from({ length: 100 }, (_, i) => new HostRef(i));
  const ids = things.map((thing) => table.idOf(thing));
  table.keepOnly(new Set(ids.slice(0, 10)));
  expect(table.size).toBe(10);
  expect(table.named(ids[50]!)).toBeUndefined();
  expect(ids).not.toContain(table.idOf(things[50]!));
  expect(table.idOf(things[3]!)).toBe(ids[3]);
  expect(Array.from({ length: 1000 }, (_, i) => i + 1).filter((word) => table.has(word))).toEqual(
    [],
  );
  expect([table.idOf(null), table.named(0)]).toEqual([0, null]);
});

const WAT = `(module
  (import "env" "sleep" (func $sleep (param i32) (result i32)))
  (memory (export "memory") 1)
  (func $inner (param $a i32) (param $x f64) (result i32)
    (i32.add (call $sleep (local.get $a)) (i32.trunc_f64_s (local.get $x))))
  (func (export "run") (param $n i32) (result i32)
    (i32.mul (local.get $n) (call $inner (local.get $n) (f64.const 4.5)))))`;
const module = moduleOf(WAT);
const layouts: [string, LayoutOf][] = [
  ["full", fullLayout],
  ["compact", compactLayout],
  [
    "twin",
    twinLayout(
      new Map([
        [1, 12],
        [2, 8],
      ]),
    ),
  ],
];

describe.each(layouts)("%s records", (name, layout) => {
  test("a suspended program is saved as plain data, and goes on in another instance", () => {
    const one = program(module, { layout });
    one.call("run", i32(3));
    one.call("asyncify_stop_unwind");
    const saved = structuredClone(one.asyncify.save());
    const memory = one.bytes.slice();
    const other = program(module, { layout });
    other.bytes.set(memory);
    other.asyncify.restore(saved);
    expect([other.asyncify.state, other.asyncify.data]).toEqual([0, DATA]);
    other.call("asyncify_start_rewind", i32(DATA));
    expect(other.call("run", i32(0))).toEqual([i32(3 * (ANSWER + 4))]);
    // Ids go on where they were.
    other.clear();
    other.call("run", i32(9));
    expect(other.asyncify.images.size).toBe(name === "full" ? 0 : 4);
  });

  test("what no memory names is dropped, and nothing else", () => {
    const { call, asyncify, bytes, clear, view } = program(module, { layout });
    for (const n of [1, 2, 3]) {
      clear();
      call("run", i32(n));
      call("asyncify_stop_unwind");
    }
    expect(asyncify.collect()).toBe(name === "full" ? 0 : 4);
    const kept = bytes.slice(BUFFER, view.getInt32(DATA, true));
    bytes.fill(0, BUFFER, BUFFER + 512);
    bytes.set(kept, 4097);
    // A copy counts at whatever address.
    expect(asyncify.collect()).toBe(0);
    view.setInt32(DATA, 4097 + kept.length, true);
    view.setInt32(DATA + 4, 8192, true);
    call("asyncify_start_rewind", i32(DATA));
    expect(call("run", i32(0))).toEqual([i32(3 * (ANSWER + 4))]);
    bytes.fill(0, 4097, 4097 + 512);
    expect(asyncify.collect()).toBe(name === "full" ? 0 : 2);
  });

  test("the same sleep again and again needs no more images", () => {
    const { asyncify, sleepThrough, clear } = program(module, { layout });
    for (let turn = 0; turn < 20; turn++) {
      clear();
      sleepThrough("run", i32(7));
    }
    expect(asyncify.images.size).toBe(name === "full" ? 0 : 2);
  });
});

test("compact records have four bytes", () => {
  const { call, records } = program(module, { layout: compactLayout });
  call("run", i32(3));
  expect(records().map(({ size, address }) => [address, size])).toEqual([
    [BUFFER, 4],
    [BUFFER + 4, 4],
  ]);
});
