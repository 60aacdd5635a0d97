import { describe, expect, test } from "@jest/globals";
import { NameList, wildcardMatch } from "./wildcard.js";

describe("wildcardMatch", () => {
  test.each([
    ["", "", true],
    ["", "a", false],
    ["abc", "abc", true],
    ["abc", "abcd", false],
    ["*", "", true],
    ["*", "anything", true],
    ["env.*", "env.sleep", true],
    ["env.*", "env", false],
    ["*.sleep", "env.sleep", true],
    ["a*b*c", "aXbYc", true],
    ["a*b*c", "abbc", true],
    ["a*b*c", "acb", false],
    ["*aab", "aaab", true],
    ["a**b", "ab", true],
    ["a*", "a", true],
    ["?", "a", false],
  ])("%j and %j: %s", (pattern, value, matches) => {
    expect(wildcardMatch(pattern, value)).toBe(matches);
  });
});

test("a list tells which entry a name matches: names come before patterns", () => {
  const list = new NameList(["f*", "fiber", "*"]);
  expect(list.match("fiber")).toBe("fiber");
  expect(list.match("fn")).toBe("*");
  expect(new NameList(["f*"]).match("g")).toBeUndefined();
});
