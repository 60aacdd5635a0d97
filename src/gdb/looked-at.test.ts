import { expect, test } from "@jest/globals";
import { LookedAt } from "./looked-at.js";

test("values are of the thread whose stack was asked for last", () => {
  const looked = new LookedAt();
  expect(looked.value(0, "local 1")).toBe(0);
  looked.stack(3);
  expect([looked.value(0, "local 1"), looked.value(0, "local 2")]).toEqual([3, 3]);
  looked.stack(1);
  expect([looked.value(0, "local 1"), looked.value(1, "local 1")]).toEqual([1, 1]);
});

test("the register of a chosen thread says which it is", () => {
  const looked = new LookedAt();
  looked.stack(3);
  looked.stack(1);
  looked.chosen(3);
  looked.register(3);
  expect([looked.value(1, "local 1"), looked.value(2, "local 1")]).toEqual([3, 3]);
});

test("stacks that were asked for in advance come in their turn", () => {
  const looked = new LookedAt();
  looked.stack(2);
  expect(looked.value(0, "local 2")).toBe(2);
  looked.stack(3);
  looked.stack(1);
  expect(looked.value(0, "local 2")).toBe(1);
  looked.register(1);
  expect([looked.value(1, "local 1"), looked.value(2, "local 1")]).toEqual([1, 1]);
  // The innermost frame again: it can only be of 3.
  expect(looked.value(0, "local 2")).toBe(3);
  expect(looked.value(1, "local 1")).toBe(3);
});

test("where nothing says which thread is meant, nobody guesses", () => {
  const looked = new LookedAt();
  looked.stack(1);
  expect([looked.value(0, "local 1"), looked.value(0, "local 1")]).toEqual([1, 1]);
  looked.stack(2);
  expect([looked.value(0, "local 1"), looked.value(0, "local 1")]).toEqual([2, null]);
  looked.register(2);
  expect([looked.value(1, "local 1"), looked.value(0, "local 1")]).toEqual([2, null]);
  // A person says it.
  looked.chosen(1);
  expect([looked.value(0, "local 1"), looked.value(0, "local 1")]).toEqual([1, 1]);
});
