// What is no script is told, with its position; what scripts mean is tested by running them
// (`spec-tests/wast.test.ts`).

import { expect, test } from "@jest/globals";
import { SyntaxFault } from "../util/errors.js";
import { parseWast } from "./wast.js";

test.each([
  ["atom", 1, 1, "a command in parentheses is wanted"],
  ["(module)\n(assert_nothing)", 2, 1, "unknown command assert_nothing"],
  ["(())", 1, 1, "a command begins with its name"],
  ["(assert_return)", 1, 15, "an action in parentheses is wanted"],
  ["(assert_return (call 1))", 1, 16, "an action is wanted: invoke or get"],
  ["(invoke f)", 1, 9, "the name of an export is wanted, a string"],
  ['(invoke "\\ff")', 1, 9, "malformed UTF-8 encoding"],
  ['(get "g" 1)', 1, 10, "nothing more is wanted in get"],
  ['(invoke "f" (i32.const 4294967296))', 1, 24, "4294967296 is no i32"],
  ['(invoke "f" (i32.const 1__0))', 1, 24, "1__0 is no i32"],
  ['(invoke "f" (f32.const nan:canonical))', 1, 24, "nan:canonical is no f32"],
  ['(invoke "f" (i32.const 1 2))', 1, 26, "nothing more is wanted in i32.const"],
  ['(invoke "f" (v128.const i8x16 1 2))', 1, 34, "a number of type i8 is wanted"],
  ['(invoke "f" (v128.const i8x16 256))', 1, 31, "256 is no i8"],
  ['(invoke "f" (v128.const 1))', 1, 25, "the shape of the lanes is wanted"],
  ['(invoke "f" (ref.func))', 1, 14, "a constant is wanted"],
  ['(invoke "f" (either (i32.const 1)))', 1, 14, "a constant is wanted"],
  ['(assert_malformed (func) "x")', 1, 19, "a module is wanted"],
  ["(assert_invalid (module))", 1, 25, "a message is wanted, a string"],
  ["(module binary 1)", 1, 16, "nothing more is wanted in module"],
  ["(register $M)", 1, 11, "a name is wanted, a string"],
  ["(thread $T (shared (module)))", 1, 27, "the name of a module is wanted"],
  ['(thread $T (invoke "f") (shared (module $M)))', 1, 25, "unknown command shared"],
])("%s", (source, line, column, reason) => {
  const error = (() => {
    try {
      return parseWast(source, "test");
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(SyntaxFault);
  expect(error).toMatchObject({ line, column, reason: expect.stringContaining(reason) });
});

test("modules are files that commands name", () => {
  const { commands, read } = parseWast(
    '(module $M (func) (@name "x"))\n\n(module binary "\\00asm")(module definition $D (func))',
    "a",
  );
  const text = (name: string) => new TextDecoder().decode(read(name));
  expect(commands).toEqual([
    { type: "module", line: 1, name: "$M", filename: "a.0.wat", module_type: "text" },
    { type: "module", line: 3, filename: "a.1.wasm", module_type: "binary" },
    { type: "module_definition", line: 3, name: "$D", filename: "a.2.wat", module_type: "text" },
  ]);
  expect(text("a.0.wat")).toBe('(module $M (func) (@name "x"))');
  expect([...read("a.1.wasm")]).toEqual([0, 0x61, 0x73, 0x6d]);
  expect(text("a.2.wat")).toBe("(module $D (func))");
});
