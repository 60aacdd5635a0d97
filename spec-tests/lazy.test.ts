// Bodies that are read late: by validation instead of decoding, or at a function's first
// call. What is wrong with a module must be the same, whenever it is found.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { decode } from "../src/binary/decode.js";
import { code, functype, I32, I64, type Item, section, vec, wasm } from "../src/valid/testing.js";
import { bobbin, fileOf } from "../src/cli/testing.js";
import { mutate } from "../src/compare/mutate.js";
import { instantiate } from "../src/exec/instantiate.js";
import { Machine } from "../src/exec/machine.js";
import { analyzeRoles } from "../src/fiber/asyncify/analyze.js";
import { recognizeFibers } from "../src/fiber/abi/recognize.js";
import { i32 } from "../src/runtime/values.js";
import { InvalidError, MalformedError } from "../src/util/errors.js";
import { random } from "../src/util/random.js";
import { validate, validateBodies, visitFunction } from "../src/valid/validate.js";

const folder = fileURLToPath(new URL("../fixtures/wasm/", import.meta.url));
const corpus = readdirSync(folder)
  .filter((name) => /^(simple|hostcall|sleep|deep)\.[^t]*wasm$/.test(name))
  .sort()
  .map((name) => readFileSync(folder + name));

/** What a load of any kind came to. */
function told(load: () => void): unknown {
  try {
    load();
    return "valid";
  } catch (error) {
    if (error instanceof InvalidError || error instanceof MalformedError)
      return { kind: error.kind, message: error.message, location: error.location };
    throw error;
  }
}

test("damaged modules are told of in the same words, whoever reads their bodies", () => {
  const kinds = { valid: 0, lazily: 0, not: 0 };
  for (let seed = 0; seed < 1000; seed++) {
    const bytes = mutate(corpus, random(seed));
    const early = told(() => validate(decode(bytes)));
    const once = told(() => validate(decode(bytes, { lazyBodies: true })));
    if (JSON.stringify(once) !== JSON.stringify(early))
      expect({ seed, told: once }).toEqual({ seed, told: early });
    const outside = told(() => validate(decode(bytes, { lazyBodies: true }), { lazy: true }));
    const late = told(() => {
      const module = validate(decode(bytes, { lazyBodies: true }), { lazy: true });
      module.functions.forEach((_, i) => visitFunction(module, i));
    });
    // All bodies one by one: no fault may be overlooked, and none invented.
    if ((late === "valid") !== (early === "valid")) expect({ seed, late }).toEqual({ seed, early });
    kinds[early === "valid" ? "valid" : outside === "valid" ? "lazily" : "not"]++;
  }
  expect(Object.values(kinds).every((count) => count > 15)).toBe(true);
});

/** 0: valid; 1: invalid; 2: malformed; 3: calls by index; 4: tail-calls 1; 5: invalid. Exported by letters. */
const bodies: Item[][] = [
  ["i32.const", 7, "end"],
  ["i32.const", 7, "i32.wrap_i64", "end"],
  ["i32.const", 7, 0xff, "end"],
  ["local.get", 0, "call_indirect", 0, 0, "end"],
  ["return_call", 1, "end"],
  ["i32.const", 7, "end"],
];
const spoiled = (start: number[] = []) =>
  wasm(
    section(1, functype([], [I32]), functype([I32], [I32]), functype([], [])),
    section(3, [0], [0], [0], [1], [0], [2]),
    section(4, [0x70, 0, 3]),
    section(7, ...bodies.map((_, i) => [1, 0x61 + i, 0, i])),
    start,
    section(9, [0, 0x41, 0, 0x0b, ...vec([0], [1], [2])]),
    section(10, ...bodies.map((body) => code([], ...body))),
  );

const INVALID = { kind: "invalid", func: 1, instruction: "i32.wrap_i64" };
const MALFORMED = { kind: "malformed", func: 2, instruction: undefined };
const offsetOf = (bytes: Uint8Array, func: number) => decode(bytes, { lazyBodies: true }).functions[func]!.body.offset; // prettier-ignore

function failure(action: () => unknown) {
  try {
    action();
  } catch (error) {
    const { kind, location } = error as InvalidError | MalformedError;
    return { kind, func: location.func, instruction: location.instruction, offset: location.offset }; // prettier-ignore
  }
  return null;
}

describe("a lazily validated module", () => {
  const bytes = spoiled();
  const invalid = { ...INVALID, offset: offsetOf(bytes, 1) + 2 };
  const malformed = { ...MALFORMED, offset: offsetOf(bytes, 2) + 2 };
  const load = () => {
    const module = validate(decode(bytes, { lazyBodies: true }), { lazy: true });
    const machine = new Machine();
    const instance = instantiate(machine, module);
    return { module, machine, call: (name: string, ...args: number[]) => machine.invoke(instance.func(name), args.map(i32)) }; // prettier-ignore
  };

  test("runs what is valid, and fails at a call of what is not, each time", () => {
    const { call, machine } = load();
    expect(call("a")).toEqual([i32(7)]);
    for (const _ of [1, 2]) {
      expect(failure(() => call("b"))).toEqual(invalid);
      expect(failure(() => call("c"))).toEqual(malformed);
      expect(failure(() => call("d", 1))).toEqual(invalid);
      expect(failure(() => call("d", 2))).toEqual(malformed);
      expect(failure(() => call("e"))).toEqual(invalid);
      expect(call("d", 0)).toEqual([i32(7)]);
    }
    expect(machine).toMatchObject({ nesting: 0, fiber: null, stop: null });
  });

  test("fails piece by piece too: the fiber is dead where it stood", () => {
    const { machine, module } = load();
    const instance = instantiate(machine, module);
    const fiber = machine.start(instance.func("d"), [i32(1)]);
    expect(failure(() => machine.run())).toEqual(invalid);
    expect(fiber).toMatchObject({ status: "dead", depth: 1 });
    expect(fiber.top.func.name).toBe("d");
    expect(() => machine.run()).toThrow("is dead");
  });

  test("validates all of it for whoever analyses all of it", () => {
    const { module } = load();
    expect(failure(() => validateBodies(module))).toEqual(invalid);
    expect(failure(() => analyzeRoles(module))).toEqual(invalid);
    expect(failure(() => recognizeFibers(module))).toEqual(invalid);
    const fine = validate(decode(corpus[0]!, { lazyBodies: true }), { lazy: true });
    expect(fine.context.lazyBodies).toBe(true);
    validateBodies(fine);
    expect(fine.context.lazyBodies).toBe(false);
  });

  test("a start function is a first call", () => {
    const withStart = spoiled([8, 1, 5]);
    const module = validate(decode(withStart, { lazyBodies: true }), { lazy: true });
    expect(failure(() => instantiate(new Machine(), module))).toEqual({
      kind: "invalid",
      func: 5,
      instruction: "end",
      offset: offsetOf(withStart, 5) + 2,
    });
  });
});

test.each<[string, number[][]]>([
  ["a type that is not there", [section(1, functype([], [])), section(3, [5]), section(10, code([], "end"))]], // prettier-ignore
  ["an export of nothing", [section(7, [1, 0x61, 0, 9])]],
  ["an initialiser of another type", [section(6, [I64, 0, 0x41, 0, 0x0b])]],
  ["bodies that are too few", [section(1, functype([], [])), section(3, [0], [0]), section(10, code([], "end"))]], // prettier-ignore
  ["locals of no type", [section(1, functype([], [])), section(3, [0]), section(10, code([[1, 0x01]], "end"))]], // prettier-ignore
])("%s is told at once", (_name, sections) => {
  const load = () => validate(decode(wasm(...sections), { lazyBodies: true }), { lazy: true });
  expect(load).toThrow(/^(invalid|malformed) module/);
});

describe("bobbin run --lazy-validation", () => {
  const file = fileOf("spoiled.wasm", spoiled());
  const run = (...args: string[]) => bobbin(["run", file, ...args]);

  test("runs what is valid in a module that is not", async () => {
    expect(await run("--invoke", "a")).toMatchObject({ code: 2, stdout: "" });
    expect(await run("--invoke", "a", "--lazy-validation")).toMatchObject({ code: 0, stdout: "i32:7\n" }); // prettier-ignore
  });

  test("tells what is wrong, and where, as without it", async () => {
    const { stderr, code: exit } = await run("--invoke", "d", "1", "--lazy-validation");
    expect(stderr).toMatch(/invalid module: type mismatch.* at byte 0x[0-9a-f]+ \(function 1, i32\.wrap_i64\)/); // prettier-ignore
    expect(exit).toBe(2);
  });

  test("a debugger stops where a body is no body, and looks on", async () => {
    const input = "break b\nframes\ncontinue\nframes\ncontinue\n";
    const { stdout, code: exit } = await bobbin(["debug", file, "--invoke", "d", "1", "--lazy-validation"], input); // prettier-ignore
    expect(stdout.split("\n").map((line) => line.slice(0, 30))).toEqual([
      "d+0x0  0x0062  local.get 0",
      "invalid module: type mismatch:",
      "* #0 d+0x0  0x0062  local.get 0".slice(0, 30),
      "invalid module: type mismatch:",
      "* #0 d+0x2  0x0064  call_indir".slice(0, 30),
      "fiber 1 is dead",
      "",
    ]);
    expect(exit).toBe(0);
  });

  test("asyncify analyses all of the code first", async () => {
    const { stderr, code: exit } = await run("--invoke", "a", "--lazy-validation", "--asyncify");
    expect(stderr).toMatch(/function 1, i32\.wrap_i64/);
    expect(exit).toBe(2);
  });
});
