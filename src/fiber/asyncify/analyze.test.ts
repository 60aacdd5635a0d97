// The rules of classification one by one, and every refusal.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../../binary/decode.js";
import { code, EMPTY, functype, section, wasm } from "../../valid/testing.js";
import { validate } from "../../valid/validate.js";
import { analyzeRoles } from "./analyze.js";
import { binaryenNames } from "./analyze-names.js";
import { AsyncifyError, type AsyncifyOptions } from "./roles.js";

function fromText(fields: string) {
  const module = binaryen.parseText(`(module ${fields})`);
  const { MVP, ReferenceTypes, TailCall, Memory64 } = binaryen.Features;
  module.setFeatures(MVP | ReferenceTypes | TailCall | Memory64);
  // The writer leaves dead code out.
  binaryen.setDebugInfo(true);
  const bytes = module.emitBinary();
  module.dispose();
  return validate(decode(bytes));
}

/** Text of functions, all exported. */
const defined = (functions: Record<string, string>) =>
  Object.entries(functions)
    .map(([name, body]) => `(func $${name} (export "${name}") ${body})`)
    .join("\n");

const runtime = `
  (import "asyncify" "start_unwind" (func $start_unwind (param i32)))
  (import "asyncify" "stop_unwind" (func $stop_unwind))
  (import "asyncify" "start_rewind" (func $start_rewind (param i32)))
  (import "asyncify" "stop_rewind" (func $stop_rewind))`;

/** What every function is, by name. */
function roles(fields: string, options: AsyncifyOptions = {}): Record<string, string> {
  const module = fromText(fields);
  const { functions } = analyzeRoles(module, options);
  return Object.fromEntries(
    functions.map(({ index, kind, canChangeState, reason }) => {
      const name =
        module.exports.find((e) => e.index === index)?.name ?? module.imports[index]!.name;
      return [name, `${kind}, ${canChangeState ? "can" : "cannot"}: ${reason}`];
    }),
  );
}

describe("imports", () => {
  const text = `(import "env" "sleep" (func $sleep)) (import "env" "log" (func $log))
    ${defined({ f: "call $sleep", g: "call $log", h: "call $f" })}`;

  test("all may unwind by default, and so may who calls them", () => {
    expect(roles(text)).toEqual({
      sleep: "import, can: imports may unwind (no import list given)",
      log: "import, can: imports may unwind (no import list given)",
      f: "instrumented, can: calls sleep, which may unwind",
      g: "instrumented, can: calls log, which may unwind",
      h: "instrumented, can: calls f, which may unwind",
    });
  });

  test("a list leaves those it matches", () => {
    expect(roles(text, { imports: ["*.sl*"] })).toMatchObject({
      sleep: "import, can: in the import list (*.sl*)",
      log: "import, cannot: not in the import list",
      f: "instrumented, can: calls sleep, which may unwind",
      g: "not instrumented, cannot: calls nothing that may unwind",
    });
  });

  test("an empty list is no list; ignoring imports spares the listed ones", () => {
    expect(roles(text, { imports: [] })).toEqual(roles(text));
    expect(roles(text, { ignoreImports: true })).toMatchObject({
      sleep: "import, cannot: imports are ignored",
      f: "not instrumented, cannot: calls nothing that may unwind",
    });
    expect(roles(text, { ignoreImports: true, imports: ["env.log"] })).toMatchObject({
      f: "not instrumented, cannot: calls nothing that may unwind",
      g: "instrumented, can: calls log, which may unwind",
    });
  });
});

describe("the runtime in the module", () => {
  const text = `${runtime} ${defined({
    leave: "(call $start_unwind (i32.const 0))",
    enter: "(call $use) (call $stop_unwind)",
    use: "call $leave",
    main: "call $enter",
    both: "(call $stop_rewind) (call $start_rewind (i32.const 0))",
    caller: "call $both",
  })}`;

  test("the top-most part makes callers instrumented, the bottom-most ends it", () => {
    expect(roles(text)).toMatchObject({
      start_unwind: "runtime import, can: a function of the asyncify runtime",
      stop_unwind: "runtime import, cannot: a function of the asyncify runtime",
      leave: "top-most runtime, can: calls asyncify.start_unwind",
      enter: "bottom-most runtime, cannot: calls asyncify.stop_unwind",
      use: "instrumented, can: calls leave, which may unwind",
      main: "not instrumented, cannot: calls nothing that may unwind",
    });
  });

  test("who is both is bottom-most", () => {
    expect(roles(text)).toMatchObject({
      both: "bottom-most runtime, cannot: calls asyncify.start_rewind",
      caller: "not instrumented, cannot: calls nothing that may unwind",
    });
  });

  test("get_state is ours: it changes nothing", () => {
    const state = `(import "asyncify" "get_state" (func $state (result i32)))
      ${defined({ f: "(drop (call $state))" })}`;
    expect(roles(state)).toEqual({
      get_state: "runtime import, cannot: a function of the asyncify runtime",
      f: "not instrumented, cannot: calls nothing that may unwind",
    });
  });
});

describe("indirect calls", () => {
  const text = `(table 1 funcref) ${defined({
    f: "(call_indirect (i32.const 0))",
    g: "call $f",
  })}`;

  test("may unwind unless they are ignored", () => {
    const found = roles(text);
    expect(found["f"]).toMatch(/^instrumented, can: calls a function through a table at byte 0x/);
    expect(found["g"]).toBe("instrumented, can: calls f, which may unwind");
    expect(roles(text, { ignoreIndirect: true })["f"]).toMatch(/^not instrumented/);
  });

  test("of a listed function are sites though they are ignored", () => {
    const module = fromText(text);
    const index = module.exports.find((e) => e.name === "f")!.index;
    for (const list of [{ addList: ["f"] }, { onlyList: ["f"] }]) {
      const found = analyzeRoles(module, { ignoreIndirect: true, ...list });
      expect(found.sites(index)).toHaveLength(1);
    }
  });
});

describe("lists", () => {
  const text = `(import "env" "sleep" (func $sleep)) ${defined({
    a: "call $sleep",
    b: "call $a",
    c: "nop",
    d: "call $c",
  })}`;

  test("removed functions stop the spreading", () => {
    expect(roles(text, { removeList: ["a"] })).toMatchObject({
      a: "not instrumented, cannot: removed by the remove-list",
      b: "not instrumented, cannot: calls nothing that may unwind",
    });
  });

  test("added functions pass it on only if told to", () => {
    expect(roles(text, { addList: ["c"] })).toMatchObject({
      c: "instrumented, can: in the add-list",
      d: "not instrumented, cannot: calls nothing that may unwind",
    });
    expect(roles(text, { addList: ["c"], propagateAddList: true })).toMatchObject({
      d: "instrumented, can: calls c, which may unwind",
    });
  });

  test("an only-list decides alone", () => {
    expect(roles(text, { onlyList: ["b", "d"] })).toMatchObject({
      a: "not instrumented, cannot: not in the only-list",
      b: "instrumented, can: in the only-list",
      d: "instrumented, can: in the only-list",
    });
  });

  test("an added bottom-most function is instrumented, but has no sites", () => {
    const module = fromText(
      `${runtime} (import "env" "sleep" (func $sleep)) ${defined({
        f: "(call $sleep) (call $stop_unwind)",
      })}`,
    );
    const index = module.exports[0]!.index;
    const found = analyzeRoles(module, { addList: ["f"] });
    expect(found.functions[index]!.kind).toBe("instrumented");
    expect(found.sites(index)).toEqual([]);
  });

  test("entries that match nothing are warned of", () => {
    const { warnings } = analyzeRoles(fromText(text), { removeList: ["z", "y*", "a"] });
    expect(warnings).toEqual([
      "the remove-list has an entry that matches no function: 'z'",
      "the remove-list has an entry that matches no function: 'y*'",
    ]);
  });
});

test("functions without a name are called by their place, imports fimport$N", () => {
  const module = fromText(`(import "env" "a" (func)) (import "env" "b" (func))
    (func (export "x")) (func (export "y"))`);
  expect(binaryenNames(module)).toEqual(["fimport$0", "fimport$1", "0", "1"]);
  const names = {
    ...module.names,
    functions: new Map([
      [2, "n"],
      [3, "n"],
    ]),
  };
  expect(binaryenNames({ ...module, names })).toEqual(["fimport$0", "fimport$1", "n", "n_1"]);
});

describe("sites", () => {
  test("know their operands, constants and live locals", () => {
    const module = fromText(`(import "env" "sleep" (func $sleep (param i32 i32) (result i32)))
      (func (export "f") (param i32 i64) (result i32) (local f64)
        (i32.add
          (i32.const 7)
          (call $sleep (local.get 0) (i32.const -1)))
        (drop (local.get 1)))`);
    const [site] = analyzeRoles(module).sites(1);
    expect(site).toMatchObject({
      callIndex: 0,
      callee: 0,
      operands: ["i32", "i32", "i32"],
      constants: [7n, null, 0xffffffffn],
      liveLocals: [1],
    });
    expect(module.bytes[site!.offset]).toBe(0x10);
  });

  test("in code that cannot be reached are none", () => {
    const call = ["call", 0] as const;
    const body = [
      ...(["block", EMPTY, "br", 0, ...call, "end", ...call] as const),
      ...(["loop", EMPTY, "br", 0, "end", ...call, "end"] as const),
    ];
    const bytes = wasm(
      section(1, functype([], [])),
      section(2, [1, 0x65, 1, 0x73, 0, 0]),
      section(3, [0], [0]),
      section(10, code([], ...body), code([], "unreachable", ...call, "end")),
    );
    const found = analyzeRoles(validate(decode(bytes)));
    expect(found.functions.map(({ kind }) => kind)).toEqual([
      "import",
      "instrumented",
      "instrumented",
    ]);
    // The call between the block and the loop.
    expect(found.sites(1).map(({ offset }) => bytes.slice(offset - 1, offset + 3))).toEqual([
      Uint8Array.from([0x0b, 0x10, 0x00, 0x03]),
    ]);
    expect(found.sites(2)).toEqual([]);
  });
});

describe("refused are", () => {
  const refusal = (fields: string, options: AsyncifyOptions = {}): string => {
    try {
      const module = fromText(fields);
      analyzeRoles(module, { ...options, strict: true });
    } catch (error) {
      if (error instanceof AsyncifyError) return error.message;
      throw error;
    }
    return "accepted";
  };
  const simple = `(import "env" "sleep" (func $sleep)) ${defined({ f: "call $sleep" })}`;

  test("unknown functions of the runtime, and wrong types", () => {
    expect(refusal(`(import "asyncify" "sleep" (func))`)).toMatch(
      /^asyncify: import asyncify.sleep: the asyncify runtime has no such function/,
    );
    expect(refusal(`(import "asyncify" "start_unwind" (func))`)).toBe(
      "asyncify: import asyncify.start_unwind: is a function [i32] -> [], not [] -> [] (function 0)",
    );
    const memory64 = `(import "asyncify" "start_unwind" (func (param i64))) (memory i64 1)`;
    expect(refusal(memory64)).toBe("accepted");
  });

  test("tail calls, wherever they are", () => {
    expect(refusal(defined({ f: "nop", g: "return_call $f" }))).toMatch(
      /^asyncify: g: Binaryen refuses tail calls .* at byte 0x.* \(function 1, return_call\)$/,
    );
    const indirect = `(table 1 funcref) ${defined({ f: "(return_call_indirect (i32.const 0))" })}`;
    expect(refusal(indirect)).toMatch(/tail calls/);
  });

  test("handlers of exceptions, in functions that can unwind", () => {
    const table = "(block $h (try_table (catch_all $h) (call $sleep)))";
    const legacy = "(try (do (call $sleep)) (catch_all))";
    const sleeping = (f: string) => `(import "env" "sleep" (func $sleep)) ${defined({ f })}`;
    expect(refusal(sleeping(table))).toMatch(/^asyncify: f: Binaryen's Flatten refuses try_table/);
    expect(refusal(sleeping(legacy))).toBe("accepted");
    const apart = { f: "nop", g: table.replace("$sleep", "$f") };
    expect(refusal(`(import "env" "sleep" (func)) ${defined(apart)}`)).toBe("accepted");
  });

  test("stack switching, in functions that can unwind", () => {
    const sleeping = (f: string) =>
      `(import "env" "sleep" (func $sleep)) (tag $t) ${defined({ f: `${f} (suspend $t)` })}`;
    expect(refusal(sleeping("(call $sleep)"))).toMatch(
      /^asyncify: f: Binaryen does not know cont.new, cont.bind, suspend and switch here at byte 0x/,
    );
    expect(refusal(sleeping("nop"))).toBe("accepted");
  });

  test("lists that contradict each other or name imports", () => {
    expect(refusal(simple, { addList: ["f"], removeList: ["f*"] })).toMatch(
      /f: is in the add-list and in the remove-list/,
    );
    expect(refusal(simple, { onlyList: ["f"], removeList: ["g"] })).toMatch(/exclude each other/);
    const named = fromText(simple);
    const module = { ...named, names: { ...named.names, functions: new Map([[0, "sleep"]]) } };
    expect(() => analyzeRoles(module, { removeList: ["sleep"] })).toThrow(/is an import/);
  });

  test("modules that are instrumented", () => {
    expect(refusal(defined({ asyncify_stop_unwind: "nop" }))).toMatch(/instrumented already/);
  });

  test("references live at a site, but not constant ones or dead ones", () => {
    const imported = `(import "env" "take" (func $take (param externref)))
      (import "env" "sleep" (func $sleep))`;
    const body = (code: string) => `${imported} (func (export "f") (param externref) ${code})`;
    expect(refusal(body("(call $take (local.get 0))"))).toMatch(
      /^asyncify: f: a reference is live at an instrumented call.* at byte 0x/,
    );
    expect(refusal(body("(call $sleep) (drop (local.get 0))"))).toMatch(/a reference is live/);
    expect(refusal(body("(call $take (ref.null extern))"))).toBe("accepted");
    expect(refusal(body("(drop (local.get 0)) (call $sleep)"))).toBe("accepted");
    expect(refusal(body("(call $take (local.get 0))"), { ignoreImports: true })).toBe("accepted");
  });
});
