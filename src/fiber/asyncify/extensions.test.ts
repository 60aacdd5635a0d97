// What Binaryen cannot do: a program that sleeps must come to what it comes to when it does
// not, with records by value and by image; and `strict` refuses, or overlooks, as Binaryen.

import { describe, expect, test } from "@jest/globals";
import { FuncInstance } from "../../runtime/instances.js";
import { HostRef, i32, ref } from "../../runtime/values.js";
import { AsyncifyError } from "./roles.js";
import { ANSWER, BUFFER, DATA, moduleOf, program } from "./program.testing.js";
import { compactLayout, fullLayout, type LayoutOf } from "./records.js";

const layouts: [string, LayoutOf][] = [
  ["full", fullLayout],
  ["compact", compactLayout],
];
const SLEEP = `(import "env" "sleep" (func $sleep (param i32) (result i32)))`;
const MEMORY = "(memory 1)";
const extensionsOf = (wat: string) =>
  program(wat).asyncify.roles.extensions.map(({ extension }) => extension);
const strict = (wat: string): string => {
  try {
    return program(wat, { strict: true })
      .asyncify.roles.functions.map(({ kind }) => kind)
      .join();
  } catch (error) {
    if (error instanceof AsyncifyError) return error.message;
    throw error;
  }
};

const TAIL = `(module ${SLEEP} ${MEMORY}
  (type $t (func (param i32 i32) (result i32)))
  (table 1 1 funcref) (elem (i32.const 0) $g)
  (elem declare func $g)
  (func $g (param $a i32) (param $b i32) (result i32)
    (i32.add (local.get $b) (call $sleep (local.get $a))))
  (func $direct (export "direct") (param i32) (result i32)
    (return_call $g (local.get 0) (i32.const 100)))
  (func $indirect (param i32) (result i32)
    (return_call_indirect (type $t) (local.get 0) (i32.const 200) (i32.const 0)))
  (func $reference (param i32) (result i32)
    (return_call_ref $t (local.get 0) (i32.const 300) (ref.func $g)))
  (func $host (param i32) (result i32) (return_call $sleep (i32.add (local.get 0) (i32.const 1))))
  (func $countdown (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (return_call $countdown (i32.sub (local.get 0) (i32.const 1))))
      (else (return_call $direct (i32.const 9)))))
  (func (export "all") (param i32) (result i32)
    (i32.add (call $direct (local.get 0))
      (i32.add (call $indirect (local.get 0))
        (i32.add (call $reference (local.get 0))
          (i32.mul (local.get 0) (call $host (local.get 0)))))))
  (func (export "run") (param i32) (result i32) (i32.mul (i32.const 2) (call $countdown (local.get 0)))))`;

describe.each(layouts)("tail calls, %s records", (_name, layout) => {
  test("rules asyncify/return-unwind-tail and asyncify/enter-tail: the record names who was reached", () => {
    const { sleepThrough, slept, story } = program(TAIL, { layout }, { machine: { maxFrames: 8 } });
    expect(sleepThrough("run", i32(50))).toEqual([i32(2 * (100 + ANSWER))]);
    expect(slept).toEqual([9]);
    expect(story()).toEqual(["push g 0", "push run 0", "pop run 0", "pop g 0"]);
  });

  test("the outermost function may be reached by one", () => {
    const { sleepThrough, story } = program(TAIL, { layout });
    expect(sleepThrough("direct", i32(1))).toEqual([i32(100 + ANSWER)]);
    expect(story()).toEqual(["push g 0", "pop g 0"]);
  });

  test("rule asyncify/tail-kept: a host function's caller waits; through tables and references, too", () => {
    const { sleepThrough, slept, story, clear } = program(TAIL, { layout });
    clear();
    const expected = 100 + 200 + 300 + 3 * ANSWER + 5 * ANSWER;
    expect(sleepThrough("all", i32(5))).toEqual([i32(expected)]);
    expect(slept).toEqual([5, 5, 5, 6]);
    expect(story().slice(-4)).toEqual(["push host 0", "push all 3", "pop all 3", "pop host 0"]);
  });

  test("rule asyncify/tail-kept: a top-most runtime that was reached by one", () => {
    const { call, asyncify, story } = program(
      `(module
        (import "asyncify" "start_unwind" (func $start_unwind (param i32)))
        (import "asyncify" "stop_rewind" (func $stop_rewind))
        (import "asyncify" "get_state" (func $get_state (result i32)))
        (memory 1)
        (func $yield (param i32) (result i32)
          (if (call $get_state) (then (call $stop_rewind)) (else (call $start_unwind (i32.const ${DATA}))))
          (i32.add (local.get 0) (i32.const 1)))
        (func $f (param i32) (result i32) (return_call $yield (i32.mul (local.get 0) (i32.const 10))))
        (func (export "run") (param i32) (result i32) (i32.add (local.get 0) (call $f (local.get 0)))))`,
      { layout },
    );
    call("run", i32(4));
    call("asyncify_stop_unwind");
    call("asyncify_start_rewind", i32(DATA));
    expect(call("run", i32(0))).toEqual([i32(45)]);
    expect(asyncify.state).toBe(0);
    expect(story()).toEqual(["push f 0", "push run 0", "pop run 0", "pop f 0"]);
  });

  // Nobody watches: the interpreter goes on behind the tail call.
  test("rule asyncify/tail-kept: a caller that waited returns when its callee does", () => {
    const { call } = program(
      `(module
        (import "asyncify" "start_unwind" (func $start_unwind (param i32)))
        (memory 1)
        (func $yield (param i32) (result i32)
          (if (i32.eqz (local.get 0)) (then (call $start_unwind (i32.const ${DATA}))))
          (i32.add (local.get 0) (i32.const 1)))
        (func $f (param i32) (result i32)
          (if (local.get 0) (then (return_call $yield (local.get 0))))
          (i32.const 99))
        (func (export "run") (param i32) (result i32) (call $f (local.get 0))))`,
      { layout },
    );
    expect(call("run", i32(4))).toEqual([i32(5)]);
  });
});

const TRY_TABLE = `(module ${SLEEP} ${MEMORY} (tag $e (param i32))
  (func $fail (param i32) (throw $e (i32.add (call $sleep (local.get 0)) (local.get 0))))
  (func (export "run") (param $n i32) (result i32) (local $kept i32)
    (local.set $kept (i32.mul (local.get $n) (i32.const 1000)))
    (block $caught (result i32)
      (try_table (catch $e $caught)
        (drop (call $sleep (local.get $n)))
        (call $fail (local.get $n)))
      (unreachable))
    (i32.add (local.get $kept))))`;
const CATCH = `(module ${SLEEP} ${MEMORY} (tag $e (param i32))
  (func (export "run") (param $n i32) (result i32)
    (try (result i32)
      (do
        (try (result i32)
          (do (throw $e (local.get $n)))
          (catch $e
            (drop)
            (drop (call $sleep (local.get $n)))
            (rethrow 0))))
      (catch $e (i32.add (call $sleep (i32.const 3)))))))`;

describe.each(layouts)("exceptions, %s records", (_name, layout) => {
  test("a rewound frame stands in its try_table, with what its handler needs", () => {
    const { sleepThrough, slept } = program(TRY_TABLE, { layout });
    expect(sleepThrough("run", i32(5))).toEqual([i32(5000 + 5 + ANSWER)]);
    expect(slept).toEqual([5, 5]);
  });

  test("a record from a catch has what was caught", () => {
    const { sleepThrough, slept, story } = program(CATCH, { layout });
    expect(sleepThrough("run", i32(5))).toEqual([i32(5 + ANSWER)]);
    expect(slept).toEqual([5, 3]);
    expect(story()).toEqual(["push run 0", "pop run 0", "push run 1", "pop run 1"]);
  });

  test("rule asyncify/throw: an exception while unwinding pushes nothing for the frames it leaves", () => {
    const { call, asyncify, story, view } = program(
      `(module ${SLEEP} ${MEMORY} (tag $e)
        (func $inner (param i32) (drop (call $sleep (local.get 0))))
        (func $apart (param i32) (call $inner (local.get 0)) (throw $e))
        (func $between (param i32)
          (if (i32.eqz (local.get 0)) (then (drop (call $sleep (i32.const 7)))))
          (call $apart (local.get 0)))
        (func (export "run") (param i32) (result i32)
          (block $caught
            (try_table (catch $e $caught) (call $between (local.get 0)))
            (return (i32.const 1)))
          (drop (call $sleep (i32.const 8)))
          (i32.const 2)))`,
      { layout, removeList: ["apart"] },
      { stops: false },
    );
    // `inner` unwinds, `apart` is not instrumented and throws, `between` is left; what catches
    // runs on until a call returns into a site.
    expect(call("run", i32(1))).toEqual([i32(0)]);
    expect(asyncify.state).toBe(1);
    expect(story()).toEqual(["push inner 0", "push run 1"]);
    expect(view.getInt32(DATA, true)).toBeGreaterThan(BUFFER);
  });
});

const REFERENCES = `(module ${SLEEP}
  (type $f (func (param i32) (result i32)))
  (import "env" "take" (func $take (param externref funcref i32)))
  ${MEMORY}
  (elem declare func $twice)
  (func $twice (type $f) (i32.mul (i32.const 2) (call $sleep (local.get 0))))
  (func (export "run") (param $x externref) (param $f funcref) (result i32) (local $n (ref null $f))
    (local.set $n (ref.func $twice))
    (call $take (local.get $x) (local.get $f) (call $sleep (i32.const 1)))
    (call $take (ref.null extern) (ref.func $twice) (call $sleep (i32.const 2)))
    (call_ref $f (i32.const 3) (local.get $n))))`;

describe.each(layouts)("references, %s records", (_name, layout) => {
  const settings = { layout, imports: ["env.sleep"] };
  const taking = () => {
    const taken: unknown[] = [];
    const take = (args: readonly { readonly type: string; readonly ref?: unknown }[]) => {
      taken.push(args[0]!.ref, args[1]!.ref);
      return [];
    };
    return { taken, ...program(REFERENCES, settings, { env: { take: take as never } }) };
  };

  test("come back after a rewind, live or constant; and call_ref is a site", () => {
    const { taken, sleepThrough, slept, instance, asyncify } = taking();
    const thing = new HostRef("thing");
    const twice = instance.funcs.find((f) => f.name === "twice")!;
    expect(sleepThrough("run", ref(thing), ref(twice))).toEqual([i32(2 * ANSWER)]);
    expect(taken).toEqual([thing, twice, null, twice]);
    expect(slept).toEqual([1, 2, 3]);
    expect(taken[1]).toBeInstanceOf(FuncInstance);
    // Equal references share an id.
    expect(asyncify.references.size).toBe(2);
  });

  test("records with ids are plain bytes: copied, and rewound twice", () => {
    const { taken, call, view, bytes, asyncify } = taking();
    const thing = new HostRef("thing");
    call("run", ref(thing), ref(null));
    call("asyncify_stop_unwind");
    const pos = view.getInt32(DATA, true);
    const kept = bytes.slice(BUFFER, pos);
    for (const at of [BUFFER, 4096]) {
      bytes.fill(0xee, BUFFER, pos);
      bytes.set(kept, at);
      view.setInt32(DATA, at + kept.length, true);
      view.setInt32(DATA + 4, at + 512, true);
      call("asyncify_start_rewind", i32(DATA));
      call("run", ref(null), ref(null));
      expect(asyncify.state).toBe(1);
      call("asyncify_stop_unwind");
    }
    expect(taken).toEqual([thing, null, thing, null]);
  });

  test("a word that names no reference makes the record one that is lost", () => {
    const { call, view } = taking();
    if (layout === compactLayout) return;
    call("run", ref(new HostRef("thing")), ref(null));
    call("asyncify_stop_unwind");
    view.setInt32(view.getInt32(DATA, true) - 8, 12345, true);
    call("asyncify_start_rewind", i32(DATA));
    expect(() => call("run", ref(null), ref(null))).toThrow(/no call of run was reached/);
  });
});

const SWITCHING = `(module ${SLEEP} ${MEMORY} (type $f (func)) (type $k (cont $f)) (tag $t)
  (elem declare func $other)
  (func $other (suspend $t))
  (func (export "run") (param i32) (result i32)
    (drop (cont.new $k (ref.func $other)))
    (call $sleep (local.get 0))))`;

test("continuations may be made where a function unwinds, and resumed if they do not unwind", () => {
  const { sleepThrough } = program(SWITCHING);
  expect(sleepThrough("run", i32(1))).toEqual([i32(ANSWER)]);
  const resumes = SWITCHING.replace("(drop (cont.new", "(resume $k (cont.new");
  const quiet = resumes.replace("(suspend $t)", "(nop)");
  expect(program(quiet).sleepThrough("run", i32(1))).toEqual([i32(ANSWER)]);
  // asyncify/return-resume
  const unwinds = resumes.replace("(suspend $t)", "(drop (call $sleep (i32.const 1)))");
  expect(() => program(unwinds).sleepThrough("run", i32(1))).toThrow(
    /resumed a continuation that unwinds: asyncify cannot execute the resume again/,
  );
  expect(() => program(resumes, { strict: true })).toThrow(/Binaryen does not know/);
});

describe("extensions are marked, and absent under strict", () => {
  const get = `(module (import "asyncify" "get_state" (func (result i32))) (memory 1))`;
  test.each([
    ["tail call", TAIL, ["tail call"], /direct: Binaryen refuses tail calls/],
    ["try_table", TRY_TABLE, ["try_table"], /run: Binaryen's Flatten refuses try_table/],
    ["unwind from catch", CATCH, ["unwind from catch"], /^import,instrumented$|instrumented/],
    ["reference", REFERENCES, ["reference", "call_ref"], /run: a reference is live/],
    [
      "get_state",
      get,
      ["get_state"],
      /import asyncify.get_state: asyncify.get_state|Binaryen refuses/,
    ],
    ["stack switching", SWITCHING, ["stack switching"], /run: Binaryen does not know cont.new/],
  ])("%s", (_name, wat, expected, refusal) => {
    expect(new Set(extensionsOf(wat))).toEqual(new Set([...expected, ...extensionsOf(wat).filter((e) => e === "call_ref")])); // prettier-ignore
    expect(strict(wat)).toMatch(refusal);
  });

  test("calls that only Bobbin instruments are numbered behind Binaryen's", () => {
    const both = CATCH.replace("(do (throw $e", "(do (drop (call $sleep (i32.const 1))) (throw $e");
    const module = moduleOf(both);
    const run = module.imported.func;
    const ours = program(module).asyncify.roles.sites(run);
    const theirs = program(module, { strict: true }).asyncify.roles.sites(run);
    expect(theirs).toEqual(ours.slice(0, 1));
    expect(ours.map(({ extension }) => extension)).toEqual([
      null,
      "unwind from catch",
      "unwind from catch",
    ]);
  });
});
