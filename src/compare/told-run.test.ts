// Runs as JSON: everything that is compared arrives as it was, and what is no run is refused.

import { expect, test } from "@jest/globals";
import type { TraceEvent } from "../observe/events.js";
import { f32, f64, HostRef, i32, i64, ref, type Value } from "../runtime/values.js";
import { compareRuns } from "./compare.js";
import { asTold, decodeRun, Elsewhere, encodeRun, NoRunError, type ToldRun } from "./told-run.js";

const travelled = (run: ToldRun): ToldRun =>
  decodeRun(JSON.parse(JSON.stringify(encodeRun(run))) as unknown);
const host = (value: unknown): Value => ref(new HostRef(value));
const run = (args: readonly Value[], more: Partial<ToldRun> = {}): ToldRun => ({
  events: [{ type: "host", module: "m", name: "f", args }],
  globals: new Map(),
  ...more,
});
const argsOf = ({ events: [event] }: ToldRun) => (event as TraceEvent & { type: "host" }).args;

test("numbers keep their bits, and primitive values of a host their kind", () => {
  const numbers = [
    i32(-1),
    i64(-(2n ** 63n)),
    { type: "f32", bits: 0x7fa00001 } as const,
    f64(-0),
    f32(Infinity),
    { type: "f64", bits: 0xfff8000000000123n } as const,
  ];
  const held = [1, -0, NaN, -Infinity, 5n, "text", true, undefined, { $: "bigint" }, null];
  const args = [...numbers, ...held.slice(0, 8).map(host), host(null), ref(null)];
  expect(argsOf(travelled(run(args)))).toEqual(args);
});

test("the rest of a run", () => {
  const given = run([], {
    results: [i32(7)],
    globals: new Map([["g", i64(1n)]]),
    digest: 0xffffffff,
  });
  expect(travelled(given)).toEqual(given);
  const error = { kind: "trap", reason: "unreachable", message: "unreachable at 5" } as const;
  expect(travelled(run([], { error }))).toEqual(run([], { error }));
});

test("objects are numbers in order, so that the same one is the same", () => {
  const [a, b] = [{}, () => 0];
  const told = argsOf(travelled(run([host(a), host(b), host(a)])));
  expect(told).toEqual([
    host(new Elsewhere("object", 0)),
    host(new Elsewhere("function", 1)),
    host(new Elsewhere("object", 0)),
  ]);
  const other = travelled(run([host({}), host(() => 1), host({})]));
  expect(compareRuns(asTold(run([host(a), host(b), host(a)])), other, "E0")).not.toBeNull();
  expect(compareRuns(asTold(run([host(b), host(b)])), travelled(run([host(b), host(b)])), "E0")).toBe(null); // prettier-ignore
});

test.each([
  null,
  [],
  { events: {}, globals: [] },
  { events: [{ type: "dream", name: "n" }], globals: [] },
  { events: [{ type: "call", name: "n" }], globals: [] },
  { events: [{ type: "call", name: "n", args: [{ type: "i32", value: "1" }] }], globals: [] },
  { events: [{ type: "call", name: "n", args: [{ type: "i65", value: 1 }] }], globals: [] },
  { events: [], globals: [["g", { type: "i64", value: { $: "bigint", value: "x" } }]] },
  { events: [], globals: [], error: { kind: "mood", reason: "", message: "" } },
  { events: [], globals: [], digest: "1" },
])("no run: %j", (data) => {
  expect(() => decodeRun(data)).toThrow(NoRunError);
});
