// The stacks of errors that leave wasm, beside those of the host's own engine: the same
// functions, indices and offsets, at the same places between JavaScript's.

import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { wat } from "../src/cli/testing.js";
import { makeWebAssembly } from "../src/js-api/namespace.js";
import type { WasmTrace } from "../src/js-api/types.js";

const read = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(new URL(`../fixtures/${name}`, import.meta.url)));

type Exports = Record<string, (...args: unknown[]) => number>;
interface Engine {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object, imports?: object) => { exports: unknown };
  RuntimeError: ErrorConstructor;
}
type Failure = Error & { readonly wasm: WasmTrace };
declare const WebAssembly: Engine;

const bobbin = makeWebAssembly() as unknown as Engine;

function failureOf(call: () => unknown): Failure {
  try {
    call();
  } catch (error) {
    return error as Failure;
  }
  throw new Error("nothing was thrown");
}

/**
 * A line as it is to be the same on both engines: no hash, no source, no place in this file.
 * The test runner writes V8's `wasm-function[4]:0x25a` as line 1, column 603, and no module.
 */
const comparable = (line: string): string =>
  line
    .trim()
    .replace(
      /^at (?:\S*\.)?(\w+)(?: \[\S*\])? \((wasm:\/\/wasm\/\S*?)[0-9a-f]{8}:/,
      "at $1 ($2HASH:",
    )
    .replace(/:wasm-function\[\d+\]:(0x[0-9a-f]+)/, (_, offset) => `:1:${Number(offset) + 1}`)
    .replace(/ \(?(?:file:\/\/)?\S*error-stacks\.test\.ts:.*$/, " here");
const wasmAndHere = (error: Error): string[] =>
  error
    .stack!.split("\n")
    .filter((line) => /wasm:\/\/|error-stacks\.test/.test(line))
    .map(comparable);

/** One run, on an engine: JavaScript, wasm, JavaScript, wasm. */
function nested(engine: Engine, bytes: Uint8Array): Failure {
  const instance = new engine.Instance(new engine.Module(bytes as Uint8Array<ArrayBuffer>), {
    env: {
      call_out: function callOut(n: number): number {
        return n > 0 ? exports["outward"]!(n - 1) : exports["deep"]!(2);
      },
    },
  });
  const exports = instance.exports as Exports;
  return failureOf(function begin() {
    return exports["outward"]!(1);
  });
}

test.each(["traps.O0.dwarf5", "traps.O2.dwarf4", "traps.O0.dwarf3"])(
  "%s: the frames of wasm and of JavaScript stand where V8 has them",
  (name) => {
    const bytes = read(`debug/${name}.wasm`);
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 50;
    try {
      const [ours, theirs] = [nested(bobbin, bytes), nested(WebAssembly, bytes)];
      const lines = wasmAndHere(ours);
      expect(lines).toEqual(wasmAndHere(theirs));
      expect(lines.filter((line) => line.includes("callOut"))).toHaveLength(2);
      expect(ours.stack).not.toMatch(/js-api\/world|exec\/machine/);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  },
);

test("the program's frames are there with the usual limit too", () => {
  const lines = wasmAndHere(nested(bobbin, read("debug/traps.O2.dwarf4.wasm")));
  expect(lines.filter((line) => line.includes("callOut"))).toHaveLength(2);
  expect(lines.some((line) => line.includes("begin"))).toBe(true);
});

test("lines of wasm have the source, and a form that parsers know", () => {
  const { stack } = nested(bobbin, read("debug/traps.O0.dwarf5.wasm"));
  const [first, second] = stack!.split("\n").slice(1);
  expect(first).toMatch(
    /^ {4}at traps\.O0\.dwarf5\.wasm\.stop \[traps\.c:32:5\] \(wasm:\/\/wasm\/traps\.O0\.dwarf5\.wasm-[0-9a-f]{8}:wasm-function\[4\]:0x25a\)$/,
  );
  expect(second).toContain("deep [traps.c:38:12]");
  // As Emscripten's convertFrameToPC finds the offset.
  expect(Number(/\bwasm-function\[\d+\]:(0x[0-9a-f]+)/.exec(first!)![1])).toBe(0x25a);
});

test("the property wasm has the frames as data", () => {
  const error = nested(bobbin, read("debug/traps.O0.dwarf5.wasm"));
  expect(Object.keys(error)).toEqual([]);
  const { wasm } = error;
  expect(wasm).toMatchObject({ reason: "unreachable", depth: 4, asyncify: null });
  expect(wasm.frames[0]).toEqual({
    function: "stop",
    index: 4,
    module: expect.stringMatching(/^wasm:\/\/wasm\/traps/),
    offset: 0x25a,
    instruction: "unreachable",
    source: { file: "/project/traps.c", line: 32, column: 5 },
  });
  expect(wasm.frames.map((frame) => frame.function)).toEqual(["stop", "deep", "deep", "deep"]);
});

test("calls nested too deep are a RangeError with both", () => {
  const shallow = makeWebAssembly({ maxFrames: 10 }) as unknown as Engine;
  const bytes = read("debug/traps.O0.dwarf5.wasm");
  const instance = new shallow.Instance(new shallow.Module(bytes as Uint8Array<ArrayBuffer>), {
    env: { call_out: () => 0 },
  });
  const error = failureOf(() => (instance.exports as Exports)["deep"]!(1000));
  expect(error).toBeInstanceOf(RangeError);
  expect(error.wasm).toMatchObject({ reason: "call stack exhausted", depth: 10 });
  expect(error.stack).toMatch(/^RangeError: Maximum call stack size exceeded.*\n {4}at \S*deep/);
});

test("a stack may be assigned, and Error.prepareStackTrace is the program's", () => {
  const error = nested(bobbin, read("debug/traps.O0.dwarf5.wasm"));
  error.stack = "mine";
  expect(error.stack).toBe("mine");
  const before = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace");
  try {
    Error.prepareStackTrace = (_error, sites) => sites.length;
    expect(nested(bobbin, read("debug/traps.O0.dwarf5.wasm")).stack).toEqual(expect.any(Number));
  } finally {
    Object.defineProperty(
      Error,
      "prepareStackTrace",
      before ?? { value: undefined, writable: true, configurable: true },
    );
  }
});

test("the source map that the program gives is used", () => {
  const map = readFileSync(new URL("../fixtures/debug/mapped.wasm.map", import.meta.url), "utf8");
  const asked: string[] = [];
  const mapped = makeWebAssembly({
    sourceMap(url) {
      asked.push(url);
      return map;
    },
  }) as unknown as Engine;
  const bytes = read("debug/mapped.wasm");
  const instance = new mapped.Instance(new mapped.Module(bytes as Uint8Array<ArrayBuffer>), {
    env: { call_out: () => 0 },
  });
  const error = failureOf(() => (instance.exports as Exports)["stop"]!(3));
  expect(asked).toEqual([]);
  expect(error.stack).toContain("at stop [traps.c:32:5] (wasm://wasm/");
  expect(asked).toEqual(["mapped.wasm.map"]);
});

test("hosts without captureStackTrace: the same order", () => {
  const { captureStackTrace } = Error as { captureStackTrace?: unknown };
  Object.assign(Error, { captureStackTrace: undefined });
  try {
    const lines = wasmAndHere(nested(bobbin, read("debug/traps.O2.dwarf4.wasm")));
    expect(lines.slice(0, 3)).toEqual([
      expect.stringContaining("at stop "),
      expect.stringContaining("at deep "),
      "at callOut here",
    ]);
  } finally {
    Object.assign(Error, { captureStackTrace });
  }
});

const assembled = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(wat(text));

test("a start function that traps, in a module that a function of wasm's called makes", () => {
  const trapping = assembled(`(module (func $boom unreachable) (start $boom))`);
  const outer = assembled(
    `(module (import "env" "make" (func $make)) (func (export "run") (call $make)))`,
  );
  const instance = new bobbin.Instance(new bobbin.Module(outer), {
    env: {
      make: function make() {
        new bobbin.Instance(new bobbin.Module(trapping));
      },
    },
  });
  const error = failureOf(() => (instance.exports as Exports)["run"]!());
  expect(error).toBeInstanceOf(bobbin.RuntimeError);
  expect(wasmAndHere(error).slice(0, 3)).toEqual([
    expect.stringMatching(/wasm:\/\/wasm\/[0-9a-f]{8}:1:\d+$|^at boom /),
    expect.stringMatching(/make here$/),
    expect.stringMatching(/^at run /),
  ]);
});

interface Tagged extends Engine {
  Tag: new (type: object) => object;
  Exception: new (tag: object, payload: unknown[], options?: object) => Failure;
  Suspending: new (func: (...args: unknown[]) => unknown) => object;
  SuspendError: ErrorConstructor;
}

test("an exception of wasm's has its frames, one of JavaScript's its stack where that was asked for", () => {
  const engine = bobbin as Tagged;
  const tag = new engine.Tag({ parameters: [] });
  const module = new engine.Module(
    assembled(`(module
      (import "env" "tag" (tag $e))
      (import "env" "throw" (func $throw))
      (func $inner (throw $e))
      (func (export "own") (call $inner))
      (func (export "theirs") (call $throw)))`),
  );
  let traced = false;
  const exports = new engine.Instance(module, {
    env: {
      tag,
      throw: function thrower() {
        throw new engine.Exception(tag, [], { traceStack: traced });
      },
    },
  }).exports as Exports;
  const own = failureOf(() => exports["own"]!());
  expect(own).toBeInstanceOf(engine.Exception);
  expect(own.stack).toBeUndefined();
  expect(own.wasm).toMatchObject({ reason: "uncaught exception", depth: 2 });
  expect(own.wasm.frames.map(({ instruction }) => instruction)).toEqual(["throw", "call"]);
  expect(failureOf(() => exports["theirs"]!()).stack).toBeUndefined();
  traced = true;
  const theirs = failureOf(function begin() {
    return exports["theirs"]!();
  });
  expect(wasmAndHere(theirs).slice(0, 3)).toEqual([
    "at thrower here",
    expect.stringMatching(/^at theirs /),
    expect.stringMatching(/begin here$/),
  ]);
});

test("a SuspendError begins with the frame that could not be suspended", () => {
  const engine = bobbin as Tagged;
  const module = new engine.Module(read("debug/traps.O0.dwarf5.wasm") as Uint8Array<ArrayBuffer>);
  const call_out = new engine.Suspending(() => Promise.resolve(1));
  const exports = new engine.Instance(module, { env: { call_out } }).exports as Exports;
  const error = failureOf(() => exports["outward"]!(1));
  expect(error).toBeInstanceOf(engine.SuspendError);
  expect(wasmAndHere(error)[0]).toMatch(/^at outward /);
  expect(error.stack).not.toMatch(/js-api\/suspending/);
  expect(error.wasm).toMatchObject({ reason: "cannot suspend", depth: 1 });
});

test("an error thrown on through wasm is the same one, and keeps its stack", () => {
  const seen: unknown[] = [];
  const module = new bobbin.Module(read("debug/traps.O2.dwarf4.wasm") as Uint8Array<ArrayBuffer>);
  const exports: Exports = new bobbin.Instance(module, {
    env: {
      call_out() {
        try {
          return exports["stop"]!(3);
        } catch (error) {
          seen.push(error, (error as Error).stack);
          throw error;
        }
      },
    },
  }).exports as Exports;
  const error = failureOf(() => exports["outward"]!(1));
  expect([error, error.stack]).toEqual(seen);
  expect(error).toBe(seen[0]);
});

test("an error with which JavaScript gives up, as Emscripten's abort does, has the whole stack", () => {
  const gives = (engine: Engine): Failure => {
    const module = new engine.Module(read("debug/traps.O2.dwarf4.wasm") as Uint8Array<ArrayBuffer>);
    const exports = new engine.Instance(module, {
      env: {
        call_out: function abort() {
          throw new engine.RuntimeError("Aborted()");
        },
      },
    }).exports as Exports;
    return failureOf(function begin() {
      return exports["outward"]!(1);
    });
  };
  const [ours, theirs] = [gives(bobbin), gives(WebAssembly)];
  expect(ours.stack).toMatch(/^RuntimeError: Aborted\(\)\n/);
  expect(wasmAndHere(ours)).toEqual(wasmAndHere(theirs));
  expect(wasmAndHere(ours)[1]).toMatch(/^at outward /);
  expect(ours.stack).not.toMatch(/js-api\/|exec\/machine/);
});
