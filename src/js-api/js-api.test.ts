// The facade against the host's own WebAssembly: each case runs on both and must come
// to the same value, or to an error of the same class. Then what only Bobbin does.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { FuncInstance } from "../runtime/instances.js";
import { Trap } from "../runtime/traps.js";
import { f64, i32 } from "../runtime/values.js";
import { code, functype, type Item, section, wasm } from "../valid/testing.js";
import { validate } from "../valid/validate.js";
import { LinkError } from "../util/errors.js";
import { jsExports } from "./exports.js";
import { type ImportObject, jsImports } from "./imports.js";

/** What either engine exports: each case knows what it calls, no type could tell. */
type Exports = Record<string, any>;
interface Engine {
  Instance: new (module: unknown, imports: object) => { exports: Exports };
  Module: new (bytes: Uint8Array) => unknown;
}
const { WebAssembly: engine } = globalThis as unknown as { WebAssembly: Engine };

function assemble(wat: string): Uint8Array {
  const module = binaryen.parseText(wat);
  const { MutableGlobals, BulkMemory, ReferenceTypes, Multivalue, SIMD128 } = binaryen.Features;
  module.setFeatures(MutableGlobals | BulkMemory | ReferenceTypes | Multivalue | SIMD128);
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

function onBobbin(bytes: Uint8Array, imports: ImportObject, machine = new Machine()): Exports {
  const module = validate(decode(bytes));
  return jsExports(machine, instantiate(machine, module, jsImports(machine, module, imports)));
}
const onEngine = (bytes: Uint8Array, imports: object): Exports =>
  new engine.Instance(new engine.Module(bytes), imports).exports;

const NUMBERS = ["i32", "i64", "f32", "f64"] as const;
const ALL = assemble(`(module
  (import "env" "g" (global $g i64))
  (import "env" "float" (global $float f32))
  ${NUMBERS.map((t) => `(import "env" "${t}" (func $${t} (param ${t}) (result ${t})))`).join("\n")}
  (import "env" "pair" (func $pair (param i32 i64) (result i32 i64)))
  (import "env" "extern" (func $extern (param externref) (result externref)))
  (import "env" "nothing" (func $nothing))
  (import "env" "vector" (func $vector (param v128)))
  (memory (export "memory") 1 3)
  (table (export "table") 2 5 funcref)
  (table (export "externs") 2 externref)
  (global (export "var") (mut i32) (i32.const 7))
  (global (export "const") f64 (f64.const 1.5))
  (global (export "wide") i64 (global.get $g))
  (global (export "imported") f32 (global.get $float))
  (elem (i32.const 0) $five)
  (func $five (export "five") (export "cinq") (result i32) (i32.const 5))
  (func (export "takes") (param i32 i32 i32))
  (func (export "i32") (param i32) (result i32) (call $i32 (local.get 0)))
  (func (export "i64") (param i64) (result i64) (call $i64 (local.get 0)))
  (func (export "f32") (param f32) (result f32) (call $f32 (local.get 0)))
  (func (export "f64") (param f64) (result f64) (call $f64 (local.get 0)))
  (func (export "pair") (param i32 i64) (result i32 i64) (call $pair (local.get 0) (local.get 1)))
  (func (export "extern") (param externref) (result externref) (call $extern (local.get 0)))
  (func (export "func") (param funcref) (result funcref) (local.get 0))
  (func (export "nothing") (call $nothing))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "v128") (param v128) (result i32) (i32.const 0))
  (func (export "v128 out") (result v128) (call $nothing) (v128.const i64x2 1 2))
  (func (export "v128 to host") (call $vector (v128.const i64x2 1 2)))
  (global (export "v128 global") (mut v128) (v128.const i64x2 1 2)))`);

/** What the imports saw, and what they answer. */
function host(answers: Record<string, (...args: unknown[]) => unknown> = {}) {
  const seen: unknown[] = [];
  const same = (value: unknown) => value;
  const functions = {
    pair: (a: unknown, b: unknown) => [a, b],
    nothing: () => "ignored",
    vector: () => 1,
  };
  const names = [...NUMBERS, "extern"] as const;
  const env: Record<string, unknown> = { g: 5n, float: 0.1 };
  for (const [name, call] of Object.entries({
    ...Object.fromEntries(names.map((n) => [n, same])),
    ...functions,
    ...answers,
  })) {
    env[name] = (...args: unknown[]) => {
      seen.push([name, ...args]);
      return (call as (...args: unknown[]) => unknown)(...args);
    };
  }
  return { imports: { env }, seen };
}

/** A case's value, or the class of its error, and what the imports saw. */
function outcome(
  make: (bytes: Uint8Array, imports: ImportObject) => Exports,
  body: (e: Exports) => unknown,
  answers?: Record<string, (...args: unknown[]) => unknown>,
) {
  const { imports, seen } = host(answers);
  try {
    return { value: body(make(ALL, imports)), seen };
  } catch (error) {
    return { error: (error as Error).constructor.name, seen };
  }
}

const odd = { valueOf: () => "17" };
const cases: Record<string, (e: Exports) => unknown> = {
  "i32 from numbers": (e) => [1, -1, 2 ** 31, 2 ** 32 + 5, 1.9, -1.9, NaN, Infinity].map(e["i32"]),
  "i32 from anything": (e) =>
    [undefined, null, true, "12", "x", [], [3], {}, odd].map((v) => e["i32"](v)),
  "i32 from a bigint": (e) => e["i32"](1n),
  "i32 from a symbol": (e) => e["i32"](Symbol()),
  "i64 from bigints": (e) => [0n, -1n, 2n ** 63n, 2n ** 64n + 3n].map((v) => e["i64"](v)),
  "i64 from anything": (e) => ["12", true, [], odd].map((v) => e["i64"](v)),
  "i64 from a number": (e) => e["i64"](1),
  "i64 from undefined": (e) => e["i64"](),
  f32: (e) => [0.1, -0, 1e300, NaN, undefined, null, "1.5", 2 ** -149].map((v) => e["f32"](v)),
  f64: (e) => [0.1, -0, 1e300, NaN, undefined, "0x10", odd].map((v) => e["f64"](v)),
  "several results": (e) => e["pair"](3, 4n),
  "references of the host": (e) => [undefined, null, 5, "text", odd].map((v) => e["extern"](v)),
  "a function is a host value too": (e) => {
    e["externs"].set(0, e["five"]);
    return e["externs"].get(0) === e["five"];
  },
  functions: (e) => [e["func"](null), e["func"](e["five"]) === e["five"]],
  "a function that is not exported": (e) => e["func"](() => 5),
  "undefined is no function": (e) => e["func"](undefined),
  "arguments too many and too few": (e) => [e["five"](1, 2), e["takes"](1), e["i32"]()],
  "length of a function": (e) => [e["five"].length, e["takes"].length],
  "no result": (e) => e["nothing"](),
  vectors: (e) => e["v128"](1),
  "a function with a vector does not run": (e) => e["v128 out"](),
  "vectors to the host": (e) => e["v128 to host"](),
  "read a global vector": (e) => e["v128 global"].value,
  "set a global vector": (e) => (e["v128 global"].value = 1),
  "identity of exports": (e) => [e["five"] === e["cinq"], e["table"].get(0) === e["five"]],
  "exports object": (e) => [Object.isFrozen(e), Object.getPrototypeOf(e), Object.keys(e)],
  global: (e) => [e["var"].value, e["var"] + 1, (e["var"].value = 2 ** 32 + 9), e["var"].value],
  "constant globals": (e) => [e["const"].value, e["wide"].value, e["imported"].value],
  "set a constant global": (e) => (e["const"].value = 1),
  "set a global to a bigint": (e) => (e["var"].value = 1n),
  "memory grows": (e) => {
    const { buffer } = e["memory"];
    new Uint8Array(buffer)[7] = 42;
    const before = e["memory"].buffer === buffer;
    const old = e["memory"].grow(1);
    const now = e["memory"].buffer;
    return [before, old, buffer.byteLength, now === buffer, now.byteLength, new Uint8Array(now)[7]];
  },
  "memory grows from inside": (e) => {
    const { buffer } = e["memory"];
    return [
      e["grow"](),
      e["grow"](),
      e["grow"](),
      buffer.byteLength,
      e["memory"].buffer.byteLength,
    ];
  },
  "memory grows too much": (e) => e["memory"].grow(3),
  "memory grows by no number": (e) => e["memory"].grow("x"),
  "memory grows by less than nothing": (e) => e["memory"].grow(-1),
  table: (e) => [e["table"].length, e["table"].get(1), e["table"].grow(2), e["table"].length],
  "table holds functions": (e) => {
    e["table"].set(1, e["takes"]);
    const was = e["table"].get(1) === e["takes"];
    e["table"].set(1);
    return [was, e["table"].get(1), e["table"].grow(1, e["five"]), e["table"].get(2)()];
  },
  "table of host values": (e) => {
    e["externs"].set(1, "text");
    e["externs"].set(0);
    return [e["externs"].get(0), e["externs"].get(1)];
  },
  "table beyond its end": (e) => e["table"].get(2),
  "table before its start": (e) => e["table"].get(-1),
  "table of something else": (e) => e["table"].set(0, 5),
  "table grows too much": (e) => e["table"].grow(4),
};

describe("as in the host's engine", () => {
  test.each(Object.entries(cases))("%s", (_, body) => {
    expect(outcome(onBobbin, body)).toEqual(outcome(onEngine, body));
  });

  const answers: Record<string, [string, (...args: unknown[]) => unknown, unknown[]]> = {
    "i32 of text": ["i32", () => "7", [1]],
    "i32 of nothing": ["i32", () => undefined, [1]],
    "i32 of a promise": ["f64", () => ({}), [1]],
    "i64 of a number": ["i64", () => 1, [1n]],
    "several from a generator": ["pair", function* () { yield 1; yield 2n; }, [1, 2n]], // prettier-ignore
    "too few": ["pair", () => [1], [1, 2n]],
    "too many": ["pair", () => [1, 2n, 3], [1, 2n]],
    "no list": ["pair", () => 5, [1, 2n]],
    "wrong in a list": ["pair", () => [1, 2], [1, 2n]],
    "an exception": ["nothing", () => { throw new SyntaxError("no"); }, []], // prettier-ignore
  };
  test.each(Object.entries(answers))("a host answers %s", (_, [name, answer, args]) => {
    const body = (e: Exports) => e[name](...args);
    expect(outcome(onBobbin, body, { [name]: answer })).toEqual(
      outcome(onEngine, body, { [name]: answer }),
    );
  });

  const bad: Record<string, (env: Record<string, unknown>) => void> = {
    "a missing function": (env) => delete env["nothing"],
    "a number for a function": (env) => (env["nothing"] = 5),
    "a number for an i64": (env) => (env["g"] = 5),
    "a bigint for an f32": (env) => (env["float"] = 5n),
    "text for a global": (env) => (env["g"] = "5"),
  };
  test.each(Object.entries(bad))("imports with %s", (_, spoil) => {
    const { imports } = host();
    spoil(imports.env);
    expect(() => onEngine(ALL, imports)).toThrow();
    expect(() => onBobbin(ALL, imports)).toThrow(expect.objectContaining({ kind: "link" }));
  });

  test("imports that are no object", () => {
    expect(() => onBobbin(ALL, { env: 5 })).toThrow(TypeError);
    expect(() => onBobbin(ALL, {})).toThrow(expect.objectContaining({ kind: "link" }));
  });
});

describe("Bobbin's own", () => {
  const SHARE = assemble(`(module
    (import "a" "memory" (memory 1)) (import "a" "table" (table 2 funcref))
    (import "a" "var" (global $var (mut i32))) (import "a" "five" (func $five (result i32)))
    (export "five" (func $five))
    (func (export "sum") (result i32)
      (i32.add (i32.load (i32.const 0)) (i32.add (global.get $var) (call $five)))))`);

  test("exports of one instance are imports of another, and stay the same objects", () => {
    const machine = new Machine();
    const first = onBobbin(ALL, host().imports, machine);
    const second = onBobbin(SHARE, { a: first }, machine);
    new DataView(first["memory"].buffer).setInt32(0, 100, true);
    first["var"].value = 20;
    expect(second["sum"]()).toBe(125);
    expect(second["five"]).toBe(first["five"]);
  });

  test("another's globals, memories and tables are recognised by class", () => {
    for (const name of ["memory", "table", "var"]) {
      const a = { ...onBobbin(ALL, host().imports), [name]: {} };
      expect(() => onBobbin(SHARE, { a })).toThrow(expect.objectContaining({ kind: "link" }));
    }
  });

  test("a trap is a Trap, and the next call works", () => {
    const e = onBobbin(
      assemble(`(module (func (export "div") (param i32) (result i32)
        (i32.div_u (i32.const 6) (local.get 0))))`),
      {},
    );
    expect(() => e["div"](0)).toThrow(Trap);
    expect(e["div"](2)).toBe(3);
  });

  test("a promise suspends the caller, unless it is a reference or nobody waits", async () => {
    const bytes = assemble(`(module
      (import "env" "later" (func $later (param i32) (result f64)))
      (import "env" "hold" (func $hold (result externref)))
      (func (export "run") (result f64) (f64.add (call $later (i32.const 4)) (f64.const 1)))
      (func (export "held") (result externref) (call $hold)))`);
    const promise = Promise.resolve(1);
    const env = { later: async (n: unknown) => (n as number) / 8, hold: () => promise };
    const machine = new Machine();
    const module = validate(decode(bytes));
    const instance = instantiate(machine, module, jsImports(machine, module, { env }));
    const run = instance.exports.get("run");
    if (run?.kind !== "func") throw new Error("no function");
    expect(await machine.invokeAsync(run.func, [])).toEqual([f64(1.5)]);
    expect(jsExports(machine, instance)["held"]).toBeInstanceOf(Function);
    expect((jsExports(machine, instance)["held"] as () => unknown)()).toBe(promise);

    const hurried = jsImports(machine, module, { env }, { suspend: false });
    const other = jsExports(machine, instantiate(machine, module, hurried));
    expect((other["run"] as () => unknown)()).toBeNaN();
  });

  test("functions made outside of modules can be called", () => {
    const machine = new Machine();
    const module = validate(decode(ALL));
    const { imports } = host({ i32: () => 9 });
    const func = jsImports(machine, module, imports).get("env")!.get("i32")!;
    if (func.kind !== "func") throw new Error("no function");
    expect(func.func).toBeInstanceOf(FuncInstance);
    expect(machine.invoke(func.func, [i32(1)])).toEqual([i32(9)]);
  });
});

test("a host function in a table is named by its place among the imported functions", () => {
  const bytes = assemble(`(module
    (import "env" "a" (func $a))
    (import "env" "g" (global i32))
    (import "env" "b" (func $b))
    (table (export "table") 3 funcref)
    (elem (i32.const 0) $b $a $own)
    (func $own))`);
  const imports = { env: { a: () => undefined, b: () => undefined, g: 1 } };
  const names = (exports: Exports) => [0, 1, 2].map((i) => exports["table"].get(i).name);
  expect(names(onBobbin(bytes, imports))).toEqual(names(onEngine(bytes, imports)));
  expect(names(onBobbin(bytes, imports))).toEqual(["1", "0", "2"]);
});

describe("custom descriptors", () => {
  const utf8 = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
  const [EXTERNREF, FUNCREF, EXACT] = [0x6f, 0x70, 0x62];
  /**
   * Type 0 has the descriptor 1, whose fields are given. `make` makes a 0 of a descriptor with
   * an externref; `exact` takes an exact function of type 4, a subtype of 3.
   */
  const moduleOf = (fields: readonly number[], ...made: readonly Item[]): Uint8Array =>
    wasm(
      section(
        1,
        [0x4e, 2, 0x4d, 1, 0x5f, 0, 0x4c, 0, 0x5f, ...fields],
        [0x60, 1, EXTERNREF, 1, 0x64, 0],
        [0x50, 0, ...functype([], [])],
        [0x50, 1, 3, ...functype([], [])],
        [0x60, 1, 0x63, EXACT, 3, 1, FUNCREF],
      ),
      section(3, [2], [5], [3], [4]),
      section(7, ...["make", "exact", "super", "sub"].map((name, i) => [...utf8(name), 0, i])),
      section(
        10,
        code([], ...made, "struct.new", 1, "struct.new_default_desc", 0, "end"),
        code([], "local.get", 0, "end"),
        code([], "end"),
        code([], "end"),
      ),
    );
  const first: Item[] = ["local.get", 0];
  const prototypes = onBobbin(moduleOf([1, EXTERNREF, 0], ...first), {});

  test("give structures the prototype that their first field holds", () => {
    const prototype = { get: () => "got" };
    const made = prototypes["make"](prototype);
    expect(Object.getPrototypeOf(made)).toBe(prototype);
    expect(made.get()).toBe("got");
    expect(Object.isFrozen(made)).toBe(true);
    const prototypeFunction = () => 1;
    expect(Object.getPrototypeOf(prototypes["make"](prototypeFunction))).toBe(prototypeFunction);
    expect(Object.getPrototypeOf(prototypes["make"](made))).toBe(made);
    for (const none of [null, undefined, 7, 7n, 1.5, "text", Symbol("s")])
      expect(Object.getPrototypeOf(prototypes["make"](none))).toBeNull();
  });

  test("chains of prototypes may be long", () => {
    const { table, extend } = onBobbin(
      wasm(
        section(1, [0x4e, 2, 0x4d, 1, 0x5f, 0, 0x4c, 0, 0x5f, 1, EXTERNREF, 0], functype([], [])),
        section(3, [2]),
        section(4, [EXTERNREF, 0, 1]),
        section(7, [...utf8("table"), 1, 0], [...utf8("extend"), 0, 0]),
        section(
          10,
          code(
            [[1, 0x7f]],
            ...(["loop", 0x40, "i32.const", 0, "i32.const", 0, "table.get", 0] as Item[]),
            ...(["struct.new", 1, "struct.new_default_desc", 0] as Item[]),
            ...(["extern.convert_any", "table.set", 0, "local.get", 0] as Item[]),
            ...(["i32.const", 1, "i32.add", "local.tee", 0] as Item[]),
            ...(["i32.const", 0xa0, 0x8d, 0x06, "i32.lt_u", "br_if", 0, "end", "end"] as Item[]),
          ),
        ),
      ),
      {},
    );
    extend();
    let length = 0;
    for (let object = table.get(0); object !== null; object = Object.getPrototypeOf(object))
      length++;
    expect(length).toBe(100_000);
  });

  test("do not, where the field may change, is not the first, or holds something else", () => {
    const others = [
      moduleOf([1, EXTERNREF, 1], ...first),
      moduleOf([2, 0x7f, 0, EXTERNREF, 0], "i32.const", 1, ...first),
      moduleOf([1, 0x6e, 0], ...first, "any.convert_extern"),
      moduleOf([0]),
    ];
    for (const bytes of others)
      expect(Object.getPrototypeOf(onBobbin(bytes, {})["make"]({}))).toBeNull();
  });

  test("parameters of exact types take what is exactly of them", () => {
    const { exact, super: general, sub } = prototypes;
    expect(exact(general)).toBe(general);
    expect(exact(null)).toBeNull();
    expect(() => exact(sub)).toThrow(TypeError);
    expect(() => exact({})).toThrow(TypeError);
  });

  test("a JavaScript function is exactly of the type it is imported with", () => {
    const types = section(1, [0x50, 0, ...functype([], [])]);
    const bytes = wasm(
      types,
      section(2, [...utf8("m"), ...utf8("f"), 0x20, 0]),
      section(7, [...utf8("f"), 0, 0]),
    );
    let calls = 0;
    const { f } = onBobbin(bytes, { m: { f: () => void calls++ } });
    f();
    expect(calls).toBe(1);
    expect(() => onBobbin(bytes, { m: { f } })).not.toThrow();
    expect(() => onBobbin(bytes, { m: { f: prototypes["sub"] } })).toThrow(LinkError);
  });
});

test("a global of the host's values may be undefined, one of functions may not", () => {
  const importing = (type: string) =>
    assemble(`(module (import "env" "g" (global $g ${type}))
      (func (export "get") (result ${type}) (global.get $g)))`);
  for (const run of [onBobbin, onEngine])
    expect(run(importing("externref"), { env: {} })["get"]()).toBeUndefined();
  for (const run of [onBobbin, onEngine])
    expect(() => run(importing("funcref"), { env: {} })).toThrow();
});

describe("exceptions, which Node 20 has no references to", () => {
  function assembled(wat: string): Uint8Array {
    const module = binaryen.parseText(wat);
    const { ExceptionHandling, ReferenceTypes, MutableGlobals } = binaryen.Features;
    module.setFeatures(ExceptionHandling | ReferenceTypes | MutableGlobals);
    const bytes = module.emitBinary();
    module.dispose();
    return bytes;
  }

  test("a tag that one module exports is the other's", () => {
    const machine = new Machine();
    const thrower = onBobbin(
      assembled(`(module (tag $t (export "tag") (param i32))
        (func (export "throw") (throw $t (i32.const 7))))`),
      {},
      machine,
    );
    const catcher = assembled(`(module
      (import "env" "tag" (tag $t (param i32))) (import "env" "throw" (func $throw))
      (func (export "run") (result i32)
        (block $caught (result i32)
          (try_table (catch $t $caught) (call $throw)) (i32.const 0))))`);
    const env = { tag: thrower["tag"], throw: () => thrower["throw"]() };
    expect(onBobbin(catcher, { env }, machine)["run"]()).toBe(7);
    expect(() => onBobbin(catcher, { env: { ...env, tag: {} } }, machine)).toThrow(
      "env.tag must be a Tag",
    );
  });

  test("references to them do not pass, not even null", () => {
    const e = onBobbin(
      assembled(`(module (table (export "table") 2 exnref)
        (global (export "global") (mut exnref) (ref.null exn))
        (func (export "takes") (param exnref)) (func (export "gives") (result exnref) (ref.null exn)))`),
      {},
    );
    for (const action of [
      () => e["takes"](null),
      () => e["gives"](),
      () => e["table"].get(0),
      () => e["table"].set(0, null),
      () => e["global"].value,
      () => (e["global"].value = null),
    ])
      expect(action).toThrow(TypeError);
    expect(e["table"].length).toBe(2);
  });
});
