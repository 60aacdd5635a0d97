// Advice about programs whose stacks at an unwind are known, and that its lists are
// enough, for Binaryen too, and not one function more than enough.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { makeTwin } from "../cli/make-twin.js";
import { i32 } from "../runtime/values.js";
import { validate } from "../valid/validate.js";
import { advise, type Advice, mergeAdvice, onlyListOf } from "./advice.js";
import type { HostScript } from "./host.js";
import { runTwinOnBobbin } from "./twin.js";

const load = (name: string) =>
  validate(decode(readFileSync(new URL(`../../fixtures/wasm/${name}.wasm`, import.meta.url))));
const sleep = async (): Promise<HostScript> => {
  const url = new URL("../../fixtures/hosts/sleep.mjs", import.meta.url);
  return ((await import(url.href)) as { default: HostScript }).default;
};
const SLEEP = { asyncify: { imports: ["env.sleep"] } };

describe("a fiber that crosses another", () => {
  const request = {
    module: load("crossing"),
    invoke: "crossing",
    args: [i32(3)],
    stub: true,
  };

  test("names what was on the stack, and nothing else", async () => {
    const { advice, difference } = await advise(request);
    expect(difference).toBeNull();
    expect(advice.unwound.map(({ name }) => name).sort()).toEqual([
      "generator_main",
      "generator_send",
      "generator_yield",
      "run_inner",
      "run_outer",
    ]);
    expect(advice.unused).toEqual(["crossing"]);
    expect(advice.indirect).toMatchObject([
      { caller: "generator_main", callIndex: 0, callees: ["run_outer", "run_inner"] },
    ]);
  });

  test("Binaryen's twin of the only-list does the same", async () => {
    const { module } = request;
    const { run, advice } = await advise(request);
    const bytes = await makeTwin(module.bytes, { onlyList: onlyListOf(advice) }, 1);
    const twin = await runTwinOnBobbin({ ...request, bytes, plain: module });
    expect(twin.results).toEqual(run.results);
    expect(twin.events.filter(({ type }) => type === "push")).toHaveLength(
      run.events.filter(({ type }) => type === "push").length,
    );
  });

  test("without any one of the list, the run goes another way", async () => {
    const { module } = request;
    const { run, advice } = await advise(request);
    const list = onlyListOf(advice);
    for (const left of list) {
      const onlyList = list.filter((name) => name !== left);
      const bytes = await makeTwin(module.bytes, { onlyList }, 0);
      const twin = await runTwinOnBobbin({ ...request, bytes, plain: module });
      expect([left, twin.results, twin.events.length]).not.toEqual([
        left,
        run.results,
        run.events.length,
      ]);
    }
  });
});

test("lists that were given are left aside", async () => {
  const given = { asyncify: { ...SLEEP.asyncify, onlyList: ["fibonacci"] } };
  const request = { module: load("sleep"), invoke: "main", args: [i32(2)] };
  const { advice } = await advise({ ...request, ...given, hostScript: await sleep() });
  expect(onlyListOf(advice)).toEqual(["main_naps", "nap", "naps"]);
});

test("a buffer that is too small is told with what it needs", async () => {
  const request = { module: load("overflow"), invoke: "main", ...SLEEP };
  const hostScript = await sleep();
  const needs = async (depth: number) => {
    const { run, advice } = await advise({ ...request, args: [i32(depth)], hostScript });
    return { failed: run.error !== undefined, ...advice.buffers[0]! };
  };
  const small = await needs(3);
  expect(small).toMatchObject({ failed: false, fits: true, room: 512 });
  // Every level of the recursion takes as much as the one before.
  const each = (await needs(4)).used - small.used;
  expect(each).toBeGreaterThan(0);
  expect(await needs(150)).toMatchObject({
    failed: true,
    fits: false,
    used: small.used + 147 * each,
    frames: small.frames + 147,
  });
});

test("advice of several runs adds up", () => {
  const one: Advice = {
    unwinds: 1,
    unwound: [{ name: "f", records: 2, calls: [1] }],
    runtime: [],
    unused: ["g", "h"],
    indirect: [],
    buffers: [{ data: 16, root: "a", unwinds: 1, frames: 2, used: 40, room: 100, fits: true }],
  };
  const other: Advice = {
    unwinds: 2,
    unwound: [
      { name: "f", records: 1, calls: [0] },
      { name: "g", records: 1, calls: [3] },
    ],
    runtime: ["leave"],
    unused: ["h"],
    indirect: [{ caller: "g", callIndex: 3, offset: 9, callees: ["f"] }],
    buffers: [{ data: 16, root: "b", unwinds: 2, frames: 3, used: 30, room: 100, fits: true }],
  };
  expect(mergeAdvice([one, other])).toEqual({
    unwinds: 3,
    unwound: [
      { name: "f", records: 3, calls: [0, 1] },
      { name: "g", records: 1, calls: [3] },
    ],
    runtime: ["leave"],
    unused: ["h"],
    indirect: other.indirect,
    buffers: [{ data: 16, root: "a", unwinds: 3, frames: 3, used: 40, room: 100, fits: true }],
  });
});
