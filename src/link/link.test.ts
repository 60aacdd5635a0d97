// Linking: the fixtures from their parts must do what the committed ones do, in each of
// the ways in which parts can be put together; and what is refused, is refused clearly.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { assembleInput } from "../asm/assemble.js";
import { decode } from "../binary/decode.js";
import { body, functype, moduleOf, op, Section, vector } from "../binary/encode.js";
import { getGlobal, instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { Asyncify } from "../fiber/asyncify/asyncify.js";
import { jsImports } from "../js-api/imports.js";
import { formatValue, parseValue } from "../runtime/notation.js";
import { i32 } from "../runtime/values.js";
import { validate } from "../valid/validate.js";
import { link } from "./link.js";
import type { LinkInput } from "./object.js";

const root = new URL("../../fixtures/", import.meta.url);
const bytesOf = (file: string) => readFileSync(new URL(file, root));
const source = (file: string): LinkInput => assembleInput(bytesOf(file).toString("utf8"), { file });
const binary = (file: string): LinkInput => ({ name: file, bytes: bytesOf(file) });
const text = (code: string, file = "a.s"): LinkInput => assembleInput(code, { file });

interface FixtureRun {
  readonly invoke: string;
  readonly args: readonly string[];
  readonly results: readonly string[];
  readonly hostCalls: number;
  readonly logged?: readonly string[];
}
const { modules } = JSON.parse(bytesOf("manifest.json").toString("utf8")) as {
  modules: { file: string; runs: FixtureRun[] }[];
};

/** Runs an export; every host function but `ask` logs what it gets. */
function run(bytes: Uint8Array, { invoke, args }: Pick<FixtureRun, "invoke" | "args">) {
  const module = validate(decode(bytes));
  const asyncify = new Asyncify(module);
  const machine = new Machine({ interposer: asyncify, maxFrames: 100_000 });
  let hostCalls = 0;
  const log = () => void hostCalls++;
  const env = { log_i32: log, log_i64: log, log_f32: log, log_f64: log };
  const imports = new Map([...jsImports(machine, module, { env }), ["asyncify", asyncify.imports]]);
  const instance = instantiate(machine, module, imports, (made) => asyncify.attach(made));
  const func = instance.func(invoke);
  const values = args.map((arg, i) => parseValue(arg, func.signature.params[i]!));
  const results = machine.invoke(func, values).map((v) => formatValue(v));
  return { results, hostCalls, instance, types: func.signature.results };
}

const ways: Readonly<Record<string, (program: string) => LinkInput[]>> = {
  "two sources": (program) => [source(`asm/${program}.s`), source("src/stackful.s")],
  "the other order": (program) => [source("src/stackful.s"), source(`asm/${program}.s`)],
  "a source and clang's object": (program) => [
    source(`asm/${program}.s`),
    binary("asm/stackful.o"),
  ],
  "without reference types": (program) => [
    source(`asm/${program}.s`),
    binary("asm/stackful.mvp.o"),
  ],
  "a finished program": (program) => [
    binary(`asm/${program}.undefined.wasm`),
    source("src/stackful.s"),
  ],
};

describe.each(["crossing", "scheduler", "types"])("%s", (program) => {
  const { runs } = modules.find(({ file }) => file === `wasm/${program}.wasm`)!;
  const short = runs.filter(({ args }) => args.every((arg) => Math.abs(Number(arg)) <= 100));
  test.each(Object.keys(ways))("from %s", (way) => {
    const { bytes } = link(ways[way]!(program));
    expect(short.length).toBeGreaterThan(0);
    for (const wanted of short) {
      const { results, hostCalls, types } = run(bytes, wanted);
      const expected = wanted.results.map((text, i) => formatValue(parseValue(text, types[i]!)));
      expect({ results, hostCalls }).toEqual({ results: expected, hostCalls: wanted.hostCalls });
    }
  });
});

describe("into a finished program", () => {
  const parts = ways["a finished program"]!("crossing");
  const before = decode(parts[0]!.bytes);
  const { bytes } = link(parts);
  const after = validate(decode(bytes));

  test("the definitions take the place of the imports", () => {
    expect(before.imports.map(({ name }) => name)).toContain("fiber_enter");
    expect(after.imports.map(({ module, name }) => `${module}.${name}`)).toEqual([
      "env.log_i32",
      "asyncify.start_rewind",
      "asyncify.stop_unwind",
      "asyncify.stop_rewind",
      "asyncify.start_unwind",
    ]);
    expect([...after.names.functions.values()]).toEqual(
      expect.arrayContaining(["generator_send", "fiber_enter_impl", "fiber_switch_leave"]),
    );
    expect(after.exports).toHaveLength(before.exports.length);
  });

  test("its data lies where the stack began, which begins below", () => {
    const { instance } = run(bytes, { invoke: "crossing", args: ["3"] });
    const pointer = after.exports.find(({ name }) => name === "__stack_pointer")!.index;
    expect(getGlobal(instance.globals[pointer]!)).toEqual(i32(65536 - 16));
    expect(after.memories).toEqual(before.memories);
  });
});

const define = (name: string, code = "", type = "() -> ()") =>
  `.globl ${name}\n.type ${name},@function\n${name}:\n.functype ${name} ${type}\n${code}\nend_function\n`;

test("constructors run before anything else, by priority", () => {
  const at = (value: number) => `
    i32.const 0
    i32.const 0
    i32.load seen
    i32.const 10
    i32.mul
    i32.const ${value}
    i32.add
    i32.store seen`;
  const { bytes } = link([
    text(`
      ${define("late", at(3))}
      ${define("early", at(1))}
      ${define("middle", at(2))}
      ${define("get", "i32.const 0\ni32.load seen", "() -> (i32)")}
      .section .init_array,"",@
      .p2align 2
      .int32 late
      .section .init_array.7,"",@
      .int32 early
      .section .init_array.100,"",@
      .int32 middle
      .section .bss.seen,"",@
      .p2align 2
      seen: .skip 4
      .size seen, 4
    `),
  ]);
  expect(run(bytes, { invoke: "get", args: [] }).results).toEqual(["i32:123"]);
});

test("pointers to functions, addresses of data, aliases and weak symbols", () => {
  const { bytes } = link([
    text(`
      .functype other () -> (i32)
      .functype absent () -> (i32)
      .weak absent
      .weak chosen
      ${define("chosen", "i32.const 1", "() -> (i32)")}
      .set again, chosen
      ${define("main", "i32.const 0\ni32.load pointer\ncall_indirect () -> (i32)\ni32.const absent\ni32.add\ni32.const 0\ni32.load address+4\ni32.load 0\ni32.add\ncall again\ni32.add", "() -> (i32)")}
      .section .data.pointer,"",@
      .p2align 2
      pointer: .int32 other
      .size pointer, 4
      address: .int32 0, value+4
      .size address, 8
    `),
    text(
      `
      ${define("other", "i32.const 100", "() -> (i32)")}
      ${define("chosen", "i32.const 20", "() -> (i32)")}
      .globl value
      .section .rodata.value,"",@
      .p2align 3
      value: .int32 7, 3000
      .size value, 8
    `,
      "b.s",
    ),
  ]);
  // The alias is of the definition in its own file.
  expect(run(bytes, { invoke: "main", args: [] }).results).toEqual(["i32:3101"]);
});

describe("refused:", () => {
  const plain = (name: string): LinkInput => ({
    name,
    bytes: moduleOf(new Map([[Section.type, vector([functype([], [])])]])),
  });
  test.each<[string, LinkInput[], RegExp]>([
    [
      "two definitions",
      [text(define("f")), text(define("f"), "b.s")],
      /^duplicate symbol f: defined in a\.s and in b\.s$/,
    ],
    [
      "another type",
      [
        text(`.functype f (i32) -> ()\n${define("g", "i32.const 0\ncall f")}`),
        text(define("f"), "b.s"),
      ],
      /^f has another type in b\.s than in a\.s, where it is \[i32\] -> \[\]$/,
    ],
    [
      "undefined data",
      [text(define("g", "i32.const d\ndrop"))],
      /^undefined data: d, which a\.s uses$/,
    ],
    [
      "position-independent code",
      [text(define("g", "global.get d@GOT\ndrop"))],
      /^a\.s: R_WASM_GLOBAL_INDEX_LEB of d is not supported: the code is position-independent/,
    ],
    [
      "addresses relative to a base",
      [
        text(
          `.section .data.d,"",@\nd: .skip 4\n.size d, 4\n.text\n${define("g", "i32.const d@MBREL\ndrop")}`,
        ),
      ],
      /^a\.s: R_WASM_MEMORY_ADDR_REL_SLEB of d is not supported/,
    ],
    [
      "two programs",
      [plain("a.wasm"), plain("b.wasm")],
      /^a\.wasm and b\.wasm are finished programs/,
    ],
    [
      "no stack pointer",
      [
        plain("a.wasm"),
        text(
          `.globaltype __stack_pointer, i32\n${define("g", "global.get __stack_pointer\ndrop")}`,
        ),
      ],
      /^a\.wasm has no global __stack_pointer/,
    ],
    [
      "no memory",
      [plain("a.wasm"), text('.section .data.d,"",@\nd: .int32 1\n.size d, 4')],
      /^a\.wasm has no memory, and the data of a\.s needs one$/,
    ],
  ])("%s", (_, inputs, expected) => {
    expect(() => link(inputs)).toThrow(expected);
  });
});

test("indices of a program move, and keep their width", () => {
  const call = op("call", [0x80, 0]);
  const program = moduleOf(
    new Map([
      [Section.type, vector([functype([], [])])],
      [Section.import, vector([[3, ...Buffer.from("env"), 1, ...Buffer.from("f"), 0, 0]])],
      [Section.function, vector([[0]])],
      [Section.export, vector([[1, ...Buffer.from("m"), 0, 1]])],
      [Section.code, vector([body(call)])],
    ]),
  );
  const linked = decode(link([{ name: "p.wasm", bytes: program }, text(define("f"))]).bytes);
  expect(linked.imports).toEqual([]);
  expect(linked.exports).toEqual([{ name: "m", kind: "func", index: 0 }]);
  const { body: code } = linked.functions[0]!;
  expect(Array.from(linked.bytes.slice(code.offset, code.end))).toEqual([0x10, 0x81, 0, 0x0b]);
});
