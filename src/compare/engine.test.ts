// Small modules on both sides: trap reasons in one vocabulary, start functions, stubs,
// multi-value results, and twins that the wrapper has to refuse.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import { f64, i32, type Value } from "../runtime/values.js";
import { CrashError } from "../util/errors.js";
import { validate } from "../valid/validate.js";
import { compareRuns, highestLevel, sameEvent, sameValue } from "./compare.js";
import { digestOf, Intervals } from "../observe/digest.js";
import { runBare } from "./engine.js";
import type { HostScript } from "./host.js";
import { reasonOf, sameReason } from "./reasons.js";
import type { RunRequest } from "./run.js";
import { runTwinOnBobbin } from "./twin.js";
import { runOnEngine } from "./v8.js";

/** The module, and its twin at a level of optimization. */
function build(wat: string, passes: readonly string[] = ["asyncify"], level = 0) {
  const module = binaryen.parseText(wat);
  const { MutableGlobals, BulkMemory, ReferenceTypes, Multivalue } = binaryen.Features;
  module.setFeatures(MutableGlobals | BulkMemory | ReferenceTypes | Multivalue);
  // Names; but then Binaryen inlines less.
  binaryen.setDebugInfo(!passes.includes("inlining-optimizing"));
  const plain = validate(decode(module.emitBinary()));
  binaryen.setOptimizeLevel(level);
  module.runPasses([...passes]);
  binaryen.setOptimizeLevel(0);
  const bytes = module.emitBinary();
  module.dispose();
  return { plain, bytes };
}
const onBoth = async (built: ReturnType<typeof build>, request: RunRequest) => [
  await runOnEngine({ ...built, ...request }),
  await runTwinOnBobbin({ ...built, ...request }),
];

describe("traps are told alike", () => {
  const built = build(`(module (import "env" "fail" (func $fail))
    (memory 1) (table 3 funcref) (elem (i32.const 1) $other)
    (type $none (func)) (func $other (param i32))
    (func $forever (export "forever") (call $forever) (call $forever))
    (func (export "unreachable") (unreachable))
    (func (export "memory") (drop (i32.load (i32.const -1))))
    (func (export "fill") (memory.fill (i32.const -1) (i32.const 0) (i32.const 9)))
    (func (export "zero") (drop (i32.div_s (i32.const 1) (i32.const 0))))
    (func (export "remainder") (drop (i64.rem_u (i64.const 1) (i64.const 0))))
    (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
    (func (export "nan") (drop (i32.trunc_f64_s (f64.const nan))))
    (func (export "large") (drop (i32.trunc_f64_s (f64.const 1e30))))
    (func (export "undefined") (call_indirect (type $none) (i32.const 7)))
    (func (export "null") (call_indirect (type $none) (i32.const 0)))
    (func (export "signature") (call_indirect (type $none) (i32.const 1)))
    (func (export "table") (drop (table.get 0 (i32.const 9))))
    (func (export "host") (call $fail)))`);
  const fail = () => {
    throw new TypeError("no");
  };
  const reasons: Record<string, string> = {
    forever: "call stack exhausted",
    unreachable: "unreachable",
    memory: "out of bounds memory access",
    fill: "out of bounds memory access",
    zero: "integer divide by zero",
    remainder: "integer divide by zero",
    overflow: "integer overflow",
    nan: "invalid conversion to integer",
    large: "integer overflow",
    undefined: "undefined element",
    null: "uninitialized element",
    signature: "indirect call type mismatch",
    table: "out of bounds table access",
    host: "host exception",
  };
  test.each(Object.entries(reasons))("%s: %s", async (invoke, reason) => {
    const [engine, bobbin] = await onBoth(built, {
      hostScript: () => ({ imports: { env: { fail } } }),
      invoke,
      args: [],
    });
    expect(bobbin!.error!.reason).toBe(reason);
    expect(compareRuns(engine!, bobbin!, "E2")).toBeNull();
    expect(bobbin!.events.at(-1)).toEqual({ type: "trap", name: invoke, reason });
  });

  test("reasons that an engine merges match each of theirs, and no other", () => {
    expect(sameReason("uninitialized element or indirect call type mismatch", "uninitialized element")).toBe(true); // prettier-ignore
    expect(sameReason("undefined element", "uninitialized element")).toBe(false);
    expect(reasonOf("text").kind).toBe("host exception");
    const bug = new CrashError("a bug ends no program");
    expect(() => reasonOf(bug)).toThrow(bug);
  });
});

describe("what a twin does beside calls", () => {
  const start = build(`(module (import "env" "hello" (func $hello (param i32)))
    (memory (export "memory") 1) (global $g (export "g") (mut i32) (i32.const 0))
    (func $start (call $hello (i32.const 1)) (global.set $g (i32.const 5)))
    (func (export "bad") (unreachable))
    (func (export "two") (result i32 f64) (i32.const 3) (f64.const nan))
    (start $start))`);
  const seen = (events: readonly { type: string }[]) => events.map(({ type }) => type);

  test("its start function runs once, before everything else", async () => {
    for (const run of await onBoth(start, { stub: true, invoke: "two", args: [], digest: true })) {
      expect(seen(run.events)).toEqual(["host", "host return", "call", "return"]);
      expect(run.globals.get("g")).toEqual(i32(5));
      expect(run.results![0]).toEqual(i32(3));
    }
  });

  test("its start function traps: there is no instance", async () => {
    const built = build(`(module (memory 1) (func $start (unreachable)) (func (export "f"))
      (start $start))`);
    const [engine, bobbin] = await onBoth(built, { invoke: "f", args: [] });
    expect(engine!.error).toMatchObject({ kind: "trap", reason: "unreachable" });
    expect(compareRuns(engine!, bobbin!, "E0")).toBeNull();
  });

  test("missing imports are errors, not runs", async () => {
    const request = { invoke: "two", args: [] };
    await expect(runOnEngine({ ...start, ...request })).rejects.toThrow(/env.hello/);
    await expect(runTwinOnBobbin({ ...start, ...request })).rejects.toThrow(/env.hello/);
  });

  test("a bare run sees the same at E0", async () => {
    const request = { stub: true, invoke: "two", args: [], digest: true };
    const bare = await runBare({ module: start.plain, ...request });
    for (const run of await onBoth(start, request)) expect(highestLevel(bare, run)).not.toBeNull();
  });
});

describe("unwinding that the module drives itself", () => {
  const wat = `(module (import "asyncify" "start_unwind" (func $start_unwind (param i32)))
    (import "asyncify" "stop_unwind" (func $stop_unwind))
    (import "asyncify" "start_rewind" (func $start_rewind (param i32)))
    (import "asyncify" "stop_rewind" (func $stop_rewind))
    (memory (export "memory") 1) (global $suspended (mut i32) (i32.const 0))
    (func $pause
      (if (i32.eqz (global.get $suspended))
        (then (global.set $suspended (i32.const 1)) (call $start_unwind (i32.const 16)))
        (else (call $stop_rewind))))
    (func $work (param i32) (result i32) (local $n i32)
      (local.set $n (i32.mul (local.get 0) (i32.const 3)))
      (call $pause)
      (i32.add (local.get $n) (local.get 0)))
    (func (export "run") (param i32) (result i32)
      (i32.store (i32.const 16) (i32.const 64))
      (i32.store (i32.const 20) (i32.const 1024))
      (drop (call $work (local.get 0)))
      (call $stop_unwind)
      (call $start_rewind (i32.const 16))
      (call $work (local.get 0))))`;

  test.each([0, 2])("at optimize level %d", async (level) => {
    const [engine, bobbin] = await onBoth(build(wat, ["asyncify"], level), {
      invoke: "run",
      args: [i32(5)],
      digest: true,
    });
    expect(engine!.results).toEqual([i32(20)]);
    expect(compareRuns(engine!, bobbin!, "E2")).toBeNull();
    expect(engine!.events.map(({ name }) => name)).toEqual([
      "run",
      "start_unwind",
      "work",
      "stop_unwind",
      "start_rewind",
      "work",
      "stop_rewind",
      "run",
    ]);
  });

  test("with the runtime inlined away it cannot be seen", async () => {
    const built = build(wat, ["asyncify", "inlining-optimizing"], 3);
    const request = { ...built, invoke: "run", args: [i32(5)] };
    await expect(runOnEngine(request)).rejects.toMatchObject({ kind: "twin" });
    const bare = await runBare({ module: decode(built.bytes), invoke: "run", args: [i32(5)] });
    expect(bare.results).toEqual([i32(20)]);
  });
});

describe("nested and failing host calls", () => {
  const built = build(`(module (import "env" "again" (func $again (param i32) (result i32)))
    (func (export "down") (param i32) (result i32) (call $again (local.get 0)))
    (func (export "trap") (result i32) (unreachable)) (memory 1))`);
  const hostScript: HostScript = () => {
    let exports: Readonly<Record<string, unknown>>;
    const call = (name: string, ...args: unknown[]) =>
      (exports[name] as (...args: unknown[]) => unknown)(...args);
    return {
      imports: {
        env: {
          again(n: number) {
            if (n > 0) return call("down", n - 1);
            try {
              return call("trap");
            } catch {
              return "42.5";
            }
          },
        },
      },
      invoke(instance, name, args) {
        ({ exports } = instance);
        return call(name, ...args);
      },
    };
  };
  test("are told in the order they happen", async () => {
    const [engine, bobbin] = await onBoth(built, { hostScript, invoke: "down", args: [i32(1)] });
    expect(compareRuns(engine!, bobbin!, "E2")).toBeNull();
    expect(bobbin!.results).toEqual([i32(42)]);
    expect(engine!.events.map(({ type }) => type)).toEqual([
      "call",
      "host",
      "call",
      "host",
      "call",
      "trap",
      "host return",
      "return",
      "host return",
      "return",
    ]);
  });
});

test("values are the same but for NaN bits", () => {
  const nan = (bits: bigint): Value => ({ type: "f64", bits });
  expect(sameValue(nan(0x7ff8000000000000n), nan(0xfff0000000000001n))).toBe(true);
  expect(sameValue(f64(0), f64(-0))).toBe(false);
  expect(sameValue(i32(0), f64(0))).toBe(false);
  const call = { type: "call", name: "f", args: [i32(1)] } as const;
  expect(sameEvent(call, { ...call, args: [i32(2)] }, "E0")).toBe(false);
});

describe("digests", () => {
  test("intervals merge as sets of numbers do", () => {
    let seed = 7;
    const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n;
    for (let round = 0; round < 200; round++) {
      const intervals = new Intervals();
      const set = new Set<number>();
      for (let i = 0; i < 12; i++) {
        const start = random(60);
        const end = start + random(9);
        intervals.add(start, end);
        for (let k = start; k < end; k++) set.add(k);
      }
      const listed: number[] = [];
      let last = -1;
      for (const [start, end] of intervals) {
        expect(start).toBeGreaterThan(last);
        for (let k = start; k < end; k++) listed.push(k);
        last = end;
      }
      expect(listed).toEqual([...set].sort((a, b) => a - b));
    }
  });

  test("every byte counts, but for those that are left out", () => {
    const bytes = new Uint8Array(64);
    const without = [[5, 11], [20, 24], [61, 80]] as const; // prettier-ignore
    const digest = digestOf(bytes, without);
    for (let i = 0; i < bytes.length; i++) {
      bytes[i] = 1;
      expect(digestOf(bytes, without) === digest).toBe(without.some(([a, b]) => i >= a && i < b));
      bytes[i] = 0;
    }
  });
});
