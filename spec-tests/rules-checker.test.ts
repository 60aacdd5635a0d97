// The checker of rule names on sources made up for it: what it accepts, and that each
// kind of mistake is found and said with its place.

import { describe, expect, test } from "@jest/globals";
import { checkNames, checkRules, parseRules } from "./rules.js";

const mnemonics = ["br_if", "drop", "i32.add", "i32.div_s", "ref.test", "ref.test null"];
const LIST = `# A list.

## Control
Step_pure/br_if-true
Step_pure/br_if-false
Type_ok/drop
Step_pure/drop
Step_read/ref.test

of nothing
Step_pure/label-vals
Module_ok

## Numbers
of i32.add
   i32.div_s
Step_pure/binop-val
of i32.div_s
Step_pure/binop-trap
`;
const rules = parseRules(LIST, mnemonics);
const internal = new Map([["drop v128", ["drop"]]]);

const SOURCE = `
/** Step_pure/label-vals: nothing is left of a label. */
function step(code) {
  switch (code) {
    // Step_pure/br_if-{true,false}, drop,
    // Step_read/ref.test: what is left to say,
    // on two lines
    case 0x0d satisfies Code<"br_if">: {
      return 1;
    }
    case 0x1a satisfies CodeOf<"drop">: case 0xf5 satisfies InternalCode<"drop v128">: return 2;
    case 0xfb0014 satisfies CodeOf<"ref.test">:
    case 0xfb0015 satisfies CodeOf<"ref.test null">:
      return 3;
  }
}
const table = {
  // Step_pure/binop-val
  "i32.add": (a, b) => a + b,
  // Step_pure/binop-{val,trap}
  "i32.div_s": divide,
};
/** Module_ok, Type_ok/drop */
const types = {
  // Type_ok/drop: anything
  drop: (v) => v.pop(),
};
const codes = {
  drop: 0x1a,
  "i32.add": "+",
};
`;
/** What is wrong with the source once each \`[from, to]\` is done to it. */
function complaints(...changes: readonly (readonly [string, string])[]): string[] {
  let text = SOURCE;
  for (const [from, to] of changes) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  return checkRules(rules, { mnemonics, internal }, [{ path: "step.ts", text }]);
}

test("nothing is wrong where all is claimed", () => expect(complaints()).toEqual([]));

test("claims on lines that follow each other are one", () =>
  expect(complaints([", drop,\n", "\n    // Step_pure/drop: as it says\n"])).toEqual([]));

describe("a handler without a rule", () => {
  test("in a switch, with no claim above it", () =>
    expect(
      complaints(
        ["    // Step_pure/br_if-{true,false}, drop,\n    // Step_read/ref.test:", "    // "],
        [
          "step(code) {",
          "step(code) {\n  // Step_pure/br_if-{true,false}, drop, Step_read/ref.test",
        ],
      ),
    ).toEqual([
      "step.ts:8: the handler of br_if names no rule of it",
      "step.ts:11: the handler of drop names no rule of it",
      "step.ts:11: the handler of drop names no rule of it",
      "step.ts:12: the handler of ref.test names no rule of it",
      "step.ts:13: the handler of ref.test null names no rule of it",
    ]));

  test("in a table, whose first claim is of another block", () =>
    expect(
      complaints(
        ["  // Step_pure/binop-val\n", ""],
        ["  // Step_pure/binop-{val,trap}\n", ""],
        ["function", "// Step_pure/binop-{val,trap}\nfunction"],
      ),
    ).toEqual([
      "step.ts:19: the handler of i32.add names no rule of it",
      "step.ts:20: the handler of i32.div_s names no rule of it",
    ]));

  test("in a table of plain keys", () =>
    expect(complaints(["  // Type_ok/drop: anything\n", ""])).toEqual([
      "step.ts:25: the handler of drop names no rule of it",
    ]));

  test("whose label is not held against the opcode table", () =>
    expect(complaints(['0x0d satisfies Code<"br_if">', "0x0d"])).toEqual([
      "step.ts:5: Step_pure/br_if-true is a rule of no instruction handled here",
      "step.ts:5: Step_pure/br_if-false is a rule of no instruction handled here",
      "no handler of br_if names Step_pure/br_if-true",
      "no handler of br_if names Step_pure/br_if-false",
    ]));
});

describe("a rule that is not there", () => {
  test("is named", () =>
    expect(complaints(["-{true,false}", "-{true,false,maybe}"])).toEqual([
      "step.ts:5: there is no rule Step_pure/br_if-maybe",
    ]));
  test("has the relation of the one before it", () =>
    expect(complaints(["Step_read/ref.test", "ref.test"])).toEqual([
      "step.ts:6: there is no rule Step_pure/ref.test",
      "step.ts:12: the handler of ref.test names no rule of it",
      "step.ts:13: the handler of ref.test null names no rule of it",
      "Step_read/ref.test is claimed nowhere",
    ]));
  test("is no name at all", () =>
    expect(complaints(["{val,trap}", "{val,trap} and so on"])).toContain(
      'step.ts:20: "Step_pure/binop-{val,trap} and so on" is no name of a rule',
    ));
});

describe("a rule that nobody claims", () => {
  test("of no instruction", () =>
    expect(complaints(["Step_pure/label-vals: n", "N"])).toEqual([
      "Step_pure/label-vals is claimed nowhere",
    ]));
  test("of one that has others", () =>
    expect(complaints(["-{true,false}", "-true"])).toEqual([
      "Step_pure/br_if-false is claimed nowhere",
    ]));
  test("whose name has no relation", () =>
    expect(complaints(["Module_ok, ", ""])).toEqual(["Module_ok is claimed nowhere"]));
  test("where it should be", () =>
    expect(complaints(["// Step_pure/binop-val", "// Step_pure/label-vals"])).toEqual([
      "step.ts:19: the handler of i32.add names no rule of it",
      "no handler of i32.add names Step_pure/binop-val",
    ]));
  test("but is mentioned, behind other text", () =>
    expect(complaints(["-vals: n", "-vals: unlike Step_pure/drop, n"])).toEqual([
      "step.ts:2: Step_pure/drop stands behind other text, where it claims nothing",
    ]));
  test("but is mentioned behind code", () =>
    expect(complaints(["return 1;", "return 1; // by Step_pure/br_if-true"])).toEqual([
      "step.ts:9: Step_pure/br_if-true stands behind other text, where it claims nothing",
    ]));
});

test("a claim that is of none of the handlers below it", () =>
  expect(complaints(["Step_pure/binop-val", "Step_pure/binop-val, drop"])).toEqual([
    "step.ts:18: Step_pure/drop is a rule of no instruction handled here",
  ]));

test("a claim above no handler is for those without a label", () =>
  expect(
    complaints(
      ["  // Step_pure/binop-{val,trap}\n", "  // Step_pure/binop-val\n"],
      ["return 3;", "// Step_pure/binop-trap: division\n      return 3;"],
    ),
  ).toEqual([]));

describe("the list", () => {
  const check = (list: string, more: readonly string[]): string[] =>
    checkRules(
      parseRules(list, [...mnemonics, ...more]),
      { mnemonics: [...mnemonics, ...more], internal },
      [{ path: "step.ts", text: SOURCE }],
    );

  test("has rules for every instruction", () =>
    expect(check(LIST, ["nop"])).toEqual(["nop has no rules"]));
  test("may put some off", () => expect(check(`${LIST}\nlater nop`, ["nop"])).toEqual([]));
  test("has no rule twice", () =>
    expect(() => parseRules("Step_pure/drop\nStep_pure/drop", mnemonics)).toThrow(
      "Step_pure/drop is there twice",
    ));
  test("has no rule of an unknown instruction", () => {
    expect(() => parseRules("Step_pure/frame-vals", mnemonics)).toThrow(
      "Step_pure/frame-vals: no instruction frame",
    );
    expect(() => parseRules("of i32.sub\nStep_pure/binop-val", mnemonics)).toThrow(
      "Step_pure/binop-val: no instruction i32.sub",
    );
  });
});

test("names that may stand anywhere", () => {
  const text = `
import { stop } from "../asyncify/stop-all.js";
// Here asyncify/stop, then (asyncify/start).
`;
  const check = (rules: readonly string[]) => checkNames(rules, [{ path: "stop.ts", text }]);
  expect(check(["asyncify/start", "asyncify/stop"])).toEqual([]);
  expect(check(["asyncify/stop", "asyncify/check"])).toEqual([
    "stop.ts:3: there is no rule asyncify/start",
    "asyncify/check is named nowhere",
  ]);
});
