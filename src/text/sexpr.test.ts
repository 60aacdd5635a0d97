// Tokens, strings, comments and annotations, and where errors are.

import { describe, expect, test } from "@jest/globals";
import { SyntaxFault } from "../util/errors.js";
import { type Node, Positions, readSExpressions } from "./sexpr.js";

/** Atoms as they are, strings as their bytes, lists as lists. */
const plain = (node: Node): unknown =>
  node.kind === "list"
    ? node.items.map(plain)
    : node.kind === "atom"
      ? node.text
      : Buffer.from(node.bytes).toString("latin1");
const read = (source: string): unknown[] => readSExpressions(source).map(plain);

test.each<[string, unknown[]]>([
  ["", []],
  ["(a $b 0x1p-3 (c)) d", [["a", "$b", "0x1p-3", ["c"]], "d"]],
  ["a;; to the end (\nb ;; and so\rc;;d", ["a", "b", "c"]],
  ['a(; (; nested ;) " ;; ;)b', ["a", "b"]],
  ['"a\\t\\n\\r\\"\\\'\\\\\\00\\fF"', ["a\t\n\r\"'\\\0\xff"]],
  ['"\\u{48}\\u{20_ac}é"', ["H\xe2\x82\xac\xc3\xa9"]],
  ['"(;" ")"', ["(;", ")"]],
  ['$"a b\\"" $"é"', ['$a b"', "$é"]],
  ['(a (@x (y , ; [] {} "s)" (@z)) c) b)', [["a", "b"]]],
])("%j", (source, expected) => {
  expect(read(source)).toEqual(expected);
});

describe("what is wrong is told with line and column", () => {
  test.each([
    ["(a\n  (b)", 1, 1, "this ( is not closed"],
    ["(a)\r\n )", 2, 2, "unexpected )"],
    ["a\n (; (; ;)", 2, 2, "this comment is not closed"],
    ['x\ry "abc', 2, 3, "this string is not closed"],
    ['"ab\ncd"', 1, 1, "this string is not closed"],
    ['"a\\qb"', 1, 3, "unknown escape \\q"],
    ['"a\\T"', 1, 3, "unknown escape \\T"],
    ['"a\tb"', 1, 3, "a control character"],
    ['"\\u{110000}"', 1, 2, "is no character"],
    ['"x\\u{d800}"', 1, 3, "is no character"],
    ["(a , b)", 1, 4, 'unexpected character ","'],
    ["(é)", 1, 2, "unexpected character"],
  ])("%j", (source, line, column, reason) => {
    const error = (() => {
      try {
        return read(source);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(SyntaxFault);
    expect(error).toMatchObject({ line, column, reason: expect.stringContaining(reason) });
  });
});

test("positions count lines of all kinds of ends", () => {
  const positions = new Positions("a\nb\r\nc\rd");
  expect([0, 2, 3, 5, 7, 8].map((index) => Object.values(positions.at(index)))).toEqual([
    [1, 1],
    [2, 1],
    [2, 2],
    [3, 1],
    [4, 1],
    [4, 2],
  ]);
});

test("nesting may be deep", () => {
  const depth = 200_000;
  const [node] = readSExpressions("(".repeat(depth) + ")".repeat(depth));
  expect(node).toMatchObject({ kind: "list", start: 0, end: 2 * depth });
});
