// The object `WebAssembly`, where the web-platform-tests say nothing: what leaves and comes
// back, buffers of all kinds, streams, promises, and the machine behind it.

import { describe, expect, test } from "@jest/globals";
import { assemble as assembleText } from "../cli/assembler.js";
import { makeWebAssembly, WebAssembly } from "../js-api.js";
import { Trap } from "../runtime/traps.js";

const { Instance, JSTag, Memory, Module, Suspending } = WebAssembly;
const promising = (func: (...args: any[]) => unknown) => WebAssembly.promising(func);
const instantiate = (wat: string, imports: object = {}) =>
  new Instance(new Module(assembleText(wat)), imports).exports;
const errorOf = (action: () => unknown): any => {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};

describe("errors", () => {
  const DIVIDE = `(func (export "div") (param i32) (result i32)
    (i32.div_u (i32.const 6) (local.get 0)))`;

  test("a trap is a RuntimeError, which holds Bobbin's own", () => {
    const { div } = instantiate(`(module ${DIVIDE})`);
    const error = errorOf(() => div(0));
    expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe("integer divide by zero");
    expect(error.cause).toBeInstanceOf(Trap);
    expect(error.cause.where).toContain("i32.div_u");
    expect(div(2)).toBe(3);
  });

  test("what wasm cannot catch, it cannot catch behind JavaScript either", () => {
    const inner = instantiate(`(module ${DIVIDE} (func $deep (export "deep") (call $deep)))`);
    const { run, deep } = instantiate(
      `(module (import "" "div" (func $div)) (import "" "deep" (func $deep))
        (func (export "run") (block $h (try_table (catch_all $h) (call $div))))
        (func (export "deep") (block $h (try_table (catch_all $h) (call $deep)))))`,
      { "": { div: () => inner["div"](0), deep: () => inner["deep"]() } },
    );
    expect(run).toThrow(WebAssembly.RuntimeError);
    expect(deep).toThrow(RangeError);
  });

  test("what JavaScript throws is a value of JSTag, whatever it is", () => {
    let thrown: unknown;
    const { run, pass, again } = instantiate(
      `(module (import "" "throw" (func $throw)) (import "" "tag" (tag $js (param externref)))
        (func (export "run") (result externref)
          (block $h (result externref) (try_table (catch $js $h) (call $throw)) (ref.null extern)))
        (func (export "pass") (call $throw))
        (func (export "again") (param externref) (throw $js (local.get 0))))`,
      { "": { tag: JSTag, throw: () => { throw thrown; } } }, // prettier-ignore
    );
    for (const value of [
      5,
      -0,
      NaN,
      7n,
      null,
      undefined,
      "text",
      run,
      {},
      Symbol("s"),
      new Error("e"),
    ]) {
      thrown = value;
      expect(run()).toBe(value);
      expect(errorOf(pass)).toBe(value);
      expect(errorOf(() => again(value))).toBe(value);
    }
  });

  test("what is too large is a RangeError, what does not fit a LinkError", () => {
    expect(() => instantiate("(module (table 10000001 funcref))")).toThrow(RangeError);
    const wants = '(module (import "" "t" (table 2 funcref)))';
    const t = new WebAssembly.Table({ element: "anyfunc", initial: 1 });
    const error = errorOf(() => instantiate(wants, { "": { t } }));
    expect(error).toBeInstanceOf(WebAssembly.LinkError);
    expect(error.message).toContain("import .t wants table 2..");
  });

  test("classes need no new, and take a cause", () => {
    const { LinkError } = WebAssembly;
    const error = (LinkError as unknown as (m: string, o: object) => any)("no", { cause: 5 });
    expect(error).toBeInstanceOf(LinkError);
    expect([error.name, error.message, error.cause, String(error)]).toEqual([
      "LinkError",
      "no",
      5,
      "LinkError: no",
    ]);
    expect(Object.keys(error)).toEqual([]);
    expect(error.stack).toMatch(/^LinkError: no\n/);
  });
});

describe("references", () => {
  test("an exported function as an anyref is a value of the host's", () => {
    const { same, test: isEq } = instantiate(
      `(module (func (export "same") (param anyref) (result anyref) (local.get 0))
        (func (export "test") (param anyref) (result i32) (ref.test (ref eq) (local.get 0))))`,
    );
    expect(same(same)).toBe(same);
    expect([same, {}, 5, 2 ** 30, -(2 ** 30)].map((value) => isEq(value))).toEqual([0, 0, 1, 0, 1]);
  });
});

describe("memories", () => {
  const bytes = (buffer: ArrayBuffer) => new Uint8Array(buffer);

  test("a buffer that can be resized grows its memory", () => {
    const memory = new Memory({ initial: 1, maximum: 3 });
    const { size, store } = instantiate(
      `(module (memory (import "" "m") 1 3) (func (export "size") (result i32) (memory.size))
        (func (export "store") (i32.store8 (i32.const 131072) (i32.const 7))))`,
      { "": { m: memory } },
    );
    const fixed = memory.buffer;
    bytes(fixed)[5] = 9;
    const buffer = memory.toResizableBuffer() as ArrayBuffer & { resize(n: number): void };
    expect([fixed.byteLength, memory.buffer === buffer, bytes(buffer)[5]]).toEqual([0, true, 9]);
    buffer.resize(2 * 65536);
    expect([size(), memory.grow(1), buffer.byteLength, size()]).toEqual([2, 2, 3 * 65536, 3]);
    store();
    expect(bytes(buffer)[131072]).toBe(7);
    for (const length of [65536, 3 * 65536 + 1, 4 * 65536])
      expect(() => buffer.resize(length)).toThrow(RangeError);
    const again = memory.toFixedLengthBuffer();
    expect([buffer.byteLength, memory.buffer === again, bytes(again)[131072]]).toEqual([
      0,
      true,
      7,
    ]);
    expect(() => new Memory({ initial: 1 }).toResizableBuffer()).toThrow(TypeError);
    const other = new Memory({ initial: 1, maximum: 3 });
    other.toResizableBuffer();
    const before = other.toFixedLengthBuffer();
    expect([other.grow(1), before.byteLength, other.buffer.byteLength]).toEqual([1, 0, 131072]);
  });

  test("the buffers of a shared memory see the same bytes", () => {
    const memory = new Memory({ initial: 1, maximum: 3, shared: true });
    const { grow, load } = instantiate(
      `(module (memory (import "" "m") 1 3 shared)
        (func (export "grow") (result i32) (memory.grow (i32.const 1)))
        (func (export "load") (result i32) (i32.load8_u (i32.const 5))))`,
      { "": { m: memory } },
    );
    const { buffer } = memory;
    expect(grow()).toBe(1);
    bytes(buffer)[5] = 9;
    expect([load(), bytes(memory.buffer)[5], buffer.byteLength]).toEqual([9, 9, 65536]);
    expect(memory.buffer).not.toBe(buffer);
    expect(memory.buffer.byteLength).toBe(2 * 65536);
  });

  test("so they do where the host cannot have one that is long enough", () => {
    const memory = new Memory({ initial: 1n, maximum: 2n ** 20n, shared: true, address: "i64" });
    const { buffer } = memory;
    expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    bytes(buffer)[5] = 9;
    expect(memory.grow(1n)).toBe(1n);
    expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([bytes(memory.buffer)[5], memory.buffer.byteLength]).toEqual([9, 2 * 65536]);
  });

  test("growth by nothing detaches too, from inside as from outside", () => {
    const { m, grow } = instantiate(
      `(module (memory (export "m") 1)
        (func (export "grow") (result i32) (memory.grow (i32.const 0)))
        (data (i32.const 3) "x"))`,
    );
    for (const action of [() => m.grow(0), grow]) {
      const { buffer } = m;
      expect(action()).toBe(1);
      expect([buffer.byteLength, m.buffer.byteLength, bytes(m.buffer)[3]]).toEqual([0, 65536, 120]);
    }
  });
});

describe("streams", () => {
  const EMPTY = assembleText("(module)");
  const response = (type: string | null, init: ResponseInit = {}) =>
    new Response(EMPTY, { ...init, headers: type === null ? {} : { "Content-Type": type } });

  test("of the right type are compiled", async () => {
    const source = Promise.resolve(response(" Application/WASM\t"));
    expect(await WebAssembly.compileStreaming(source)).toBeInstanceOf(Module);
    const made = await WebAssembly.instantiateStreaming(response("application/wasm"));
    expect(made.instance).toBeInstanceOf(Instance);
    expect(made.module).toBeInstanceOf(Module);
  });

  test.each([
    ["no type", response(null)],
    ["another type", response("text/plain")],
    ["parameters", response("application/wasm;charset=utf-8")],
    ["an error", response("application/wasm", { status: 404 })],
    ["no response", EMPTY],
    ["nothing", undefined],
  ])("with %s are refused", async (_, source) => {
    await expect(WebAssembly.compileStreaming(source as object)).rejects.toThrow(TypeError);
  });

  test("that fail, fail so", async () => {
    const reason = new Error("no");
    await expect(WebAssembly.compileStreaming(Promise.reject(reason))).rejects.toBe(reason);
    const bad = new Response("text", { headers: { "Content-Type": "application/wasm" } });
    await expect(WebAssembly.compileStreaming(bad)).rejects.toThrow(WebAssembly.CompileError);
  });
});

describe("promises", () => {
  const PROGRAM = `(module (import "env" "wait" (func $wait (param i32) (result i32)))
    (import "env" "call" (func $call (result i32)))
    (import "env" "tag" (tag $js (param externref)))
    (func $nap (export "nap") (param i32) (result i32)
      (i32.add (call $wait (local.get 0)) (local.get 0)))
    (func $outer (export "outer") (result i32) (call $call))
    (func (export "caught") (result externref)
      (block $h (result externref)
        (try_table (catch $js $h) (drop (call $wait (i32.const 1)))) (ref.null extern))))`;

  function program(wait: (n: number) => unknown) {
    const settings: { call: () => unknown } = { call: () => 0 };
    const env = { wait: new Suspending(wait), call: () => settings.call(), tag: JSTag };
    return { exports: instantiate(PROGRAM, { env }), settings };
  }

  test("many calls wait at once, and end in any order", async () => {
    const waiting = new Map<number, (value: number) => void>();
    const { exports } = program((n) => new Promise((resolve) => waiting.set(n, resolve)));
    const nap = promising(exports["nap"]);
    const ended: number[] = [];
    const calls = [1, 2, 3].map((n) => nap(n).then((value) => ended.push(value)));
    expect([...waiting.keys()]).toEqual([1, 2, 3]);
    for (const n of [2, 3, 1]) {
      waiting.get(n)!(n * 10);
      await new Promise((resolve) => setTimeout(resolve));
    }
    await Promise.all(calls);
    expect(ended).toEqual([22, 33, 11]);
  });

  test("what a promise is rejected with, wasm can catch", async () => {
    const reason = new Error("no");
    const { exports } = program(() => Promise.reject(reason));
    expect(await promising(exports["caught"])()).toBe(reason);
    await expect(promising(exports["nap"])(1)).rejects.toBe(reason);
  });

  test("only what suspends lets others run", async () => {
    const { exports, settings } = program(() => 5);
    const order: string[] = [];
    settings.call = () => order.push("called");
    const done = promising(exports["outer"])().then(() => order.push("done"));
    order.push("here");
    await done;
    expect(order).toEqual(["called", "here", "done"]);
  });

  test("a function of JavaScript's in the way is named", async () => {
    let called = 0;
    const { exports, settings } = program(() => called++);
    settings.call = () => exports["nap"](1);
    const error = await promising(exports["outer"])().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WebAssembly.SuspendError);
    expect((error as Error).message.split("\n")).toEqual([
      expect.stringContaining("env.wait cannot suspend"),
      "    JavaScript: env.wait, which suspends",
      expect.stringMatching(/^ {4}nap \(function 2\) at byte 0x/),
      "--> JavaScript: env.call, which called nap and waits for its result",
      expect.stringMatching(/^ {4}outer \(function 3\) at byte 0x/),
      "    called through WebAssembly.promising",
    ]);
    expect(errorOf(() => exports["nap"](1))).toBeInstanceOf(WebAssembly.SuspendError);
    expect(exports["caught"]()).toBeInstanceOf(WebAssembly.SuspendError);
    expect(called).toBe(0);
  });

  test("a function that suspends may be exported, and called by either way", async () => {
    const { again } = instantiate(
      `(module (import "env" "wait" (func $wait (result i32))) (export "again" (func $wait)))`,
      { env: { wait: new Suspending(() => Promise.resolve(7)) } },
    );
    expect(await promising(again)()).toBe(7);
    expect(again).toThrow(WebAssembly.SuspendError);
  });
});

describe("machines", () => {
  const LOOP = `(module (func (export "loop") (loop (br 0))))`;

  test("are made as asked", () => {
    const limited = makeWebAssembly({ fuel: 1000, tier: null });
    const module = new limited.Module(assembleText(LOOP));
    const { loop } = new limited.Instance(module).exports;
    expect(loop).toThrow(limited.RuntimeError);
    expect(errorOf(loop).message).toContain("fuel exhausted");
  });

  test("have classes of their own, and know each other's objects", () => {
    const other = makeWebAssembly();
    expect(other.Memory).not.toBe(Memory);
    const memory = new other.Memory({ initial: 2 });
    expect(memory).not.toBeInstanceOf(Memory);
    const { size } = instantiate(
      `(module (memory (import "" "m") 1) (func (export "size") (result i32) (memory.size)))`,
      { "": { m: memory } },
    );
    expect(size()).toBe(2);
    const { exports } = new other.Instance(new Module(assembleText("(module)")));
    expect(Object.isFrozen(exports)).toBe(true);
  });

  test("let JavaScript and wasm call each other deeply", () => {
    const run: { exports?: Record<string, any> } = {};
    run.exports = instantiate(
      `(module (import "" "f" (func $f (param i32) (result i32)))
        (func (export "g") (param i32) (result i32) (call $f (local.get 0))))`,
      { "": { f: (n: number) => (n === 0 ? 0 : 1 + run.exports!["g"](n - 1)) } },
    );
    expect(run.exports["g"](300)).toBe(300);
    expect(() => run.exports!["g"](1e6)).toThrow(RangeError);
    expect(run.exports["g"](300)).toBe(300);
  });
});
