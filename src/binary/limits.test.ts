// Each limit at its edge: so much is accepted, one more is malformed.

import { expect, test } from "@jest/globals";
import { InvalidError, MalformedError } from "../util/errors.js";
import { validate } from "../valid/validate.js";
import { decode } from "./decode.js";

const leb = (n: number): number[] =>
  n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...leb(Math.floor(n / 128))];
const many = (count: number, ...item: number[]): number[] =>
  Array.from({ length: count * item.length }, (_, i) => item[i % item.length]!);
const vector = (count: number, ...item: number[]) => leb(count).concat(many(count, ...item));
const section = (id: number, payload: readonly number[]) =>
  [id, ...leb(payload.length)].concat(payload);
const module = (...sections: number[][]): Uint8Array =>
  Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00].concat(...sections));

const I32 = 0x7f;
const types = section(1, [1, 0x60, 0, 0]);
const bodyOf = (code: number[]) =>
  module(types, section(3, [1, 0]), section(10, [1].concat(leb(code.length), code)));
const nops = (size: number) => [0].concat(many(size - 2, 0x01), [0x0b]);

const cases: Record<string, [limit: number, make: (count: number) => Uint8Array]> = {
  types: [1_000_000, (n) => module(section(1, vector(n, 0x60, 0, 0)))],
  "types of one group": [
    1_000_000,
    (n) => module(section(1, [1, 0x4e].concat(vector(n, 0x60, 0, 0)))),
  ],
  parameters: [1000, (n) => module(section(1, [1, 0x60].concat(vector(n, I32), [0])))],
  results: [1000, (n) => module(section(1, [1, 0x60, 0].concat(vector(n, I32))))],
  fields: [10_000, (n) => module(section(1, [1, 0x5f].concat(vector(n, I32, 0))))],
  imports: [1_000_000, (n) => module(types, section(2, vector(n, 0, 0, 0, 0)))],
  tables: [100_000, (n) => module(section(4, vector(n, 0x70, 0, 0)))],
  memories: [100, (n) => module(section(5, vector(n, 0, 0)))],
  "memories with imports": [
    100,
    (n) => module(section(2, [1, 0, 0, 2, 0, 0]), section(5, vector(n - 1, 0, 0))),
  ],
  "data segments": [100_000, (n) => module(section(11, vector(n, 1, 0)))],
  exports: [1_000_000, (n) => module(types, section(7, vector(n, 0, 0, 0)))],
  locals: [50_000, (n) => bodyOf([1].concat(leb(n), [I32, 0x0b]))],
  "body bytes": [7_654_321, (n) => bodyOf(nops(n))],
  "branch targets": [65_520, (n) => bodyOf([0, 0x41, 0, 0x0e].concat(vector(n, 0), [0, 0x0b]))],
  "bytes of a name": [100_000, (n) => module(section(0, vector(n, 0x61)))],
};

test.each(Object.entries(cases))("%s", (_, [limit, make]) => {
  expect(() => decode(make(limit))).not.toThrow();
  const over = make(limit + 1);
  expect(() => decode(over)).toThrow(MalformedError);
  expect(() => decode(over)).toThrow(`${limit + 1}, the limit is ${limit}`);
});

test("parameters are locals", () => {
  const withLocals = (n: number) =>
    module(
      section(1, [1, 0x60, 2, I32, I32, 0]),
      section(3, [1, 0]),
      section(10, [1].concat([leb(n).length + 3, 1], leb(n), [I32, 0x0b])),
    );
  expect(() => decode(withLocals(49_998))).not.toThrow();
  expect(() => decode(withLocals(49_999))).toThrow("too many locals: 50001");
});

test("supertypes above one another", () => {
  const chain = (length: number) => {
    const links = Array.from({ length }, (_, i) => [0x50, 1, ...leb(i), 0x5f, 0]);
    return module(section(1, leb(length + 1).concat([0x50, 0, 0x5f, 0], ...links)));
  };
  expect(() => validate(decode(chain(63)))).not.toThrow();
  expect(() => validate(decode(chain(64)))).toThrow(InvalidError);
});

test("operands of array.new_fixed", () => {
  const fixed = (n: number) =>
    module(
      section(1, [2, 0x5e, I32, 0, 0x60, 0, 0]),
      section(3, [1, 1]),
      section(10, [1].concat([leb(n).length + 6, 0, 0x00, 0xfb, 0x08, 0], leb(n), [0x0b])),
    );
  // Reachable or not: the drop is missing, which only comes to light below the limit.
  expect(() => validate(decode(fixed(10_000)))).toThrow("type mismatch");
  expect(() => validate(decode(fixed(10_001)))).toThrow("too many operands: 10001");
});
