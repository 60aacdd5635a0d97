// Options as the pass takes them, and the two that Binaryen's own code must agree on: how a
// list is split, and which name counts.

import { describe, expect, test } from "@jest/globals";
import { UsageError } from "../../util/errors.js";
import { ASYNCIFY_OPTIONS, optionsOf, parseList, passArguments } from "./options.js";

describe("lists", () => {
  test.each([
    ["a,b", ["a", "b"]],
    [" a,,b \n", ["a", "b"]],
    ["f(int, int),g<a,b>", ["f(int, int)", "g<a,b>"]],
    ["a,b\nc", ["a,b", "c"]],
    ["", []],
  ])("%j", (text, entries) => {
    expect(parseList(text)).toEqual(entries);
    expect(optionsOf({ "asyncify-addlist": text })).toEqual({ addList: entries });
  });

  test("brackets must close; in the import list they mean nothing", () => {
    expect(() => parseList("f(int,g")).toThrow(UsageError);
    expect(optionsOf({ "asyncify-imports": "env.f(,env.g" })).toEqual({
      imports: ["env.f(", "env.g"],
    });
  });
});

test("the older names count where the newer ones give nothing", () => {
  expect(optionsOf({ "asyncify-blacklist": "a", "asyncify-whitelist": "b" })).toEqual({
    removeList: ["a"],
    onlyList: ["b"],
  });
  expect(optionsOf({ "asyncify-blacklist": "a", "asyncify-removelist": "c" })).toEqual({
    removeList: ["c"],
  });
});

test("a size is a number of pages", () => {
  expect(optionsOf({ "asyncify-secondary-memory-size": "3" })).toEqual({ secondaryMemorySize: 3 });
  expect(() => optionsOf({ "asyncify-secondary-memory-size": "many" })).toThrow(UsageError);
});

test("what is given to Binaryen reads back as the same options", () => {
  const options = {
    imports: ["env.sleep"],
    ignoreImports: true,
    ignoreIndirect: true,
    removeList: ["f(int, int)", "g,h"],
    propagateAddList: true,
    asserts: true,
    memory: "stack",
    inSecondaryMemory: true,
    secondaryMemorySize: 2,
    exportGlobals: true,
  };
  const args = Object.fromEntries(passArguments(options));
  expect(optionsOf(args)).toEqual(options);
  expect(Object.keys(args).every((name) => ASYNCIFY_OPTIONS.some((o) => o.name === name))).toBe(
    true,
  );
});
