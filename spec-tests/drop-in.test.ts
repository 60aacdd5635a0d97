// Programs with glue of their own on the object `WebAssembly`, without a changed line: the
// glue finds it where an engine has its own.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { WebAssembly } from "../src/js-api.js";

const host = globalThis as { WebAssembly?: unknown };
const { WebAssembly: engine } = host;
beforeAll(() => {
  host.WebAssembly = WebAssembly;
});
afterAll(() => {
  host.WebAssembly = engine;
});

test("QuickJS evaluates, and calls back", async () => {
  const { newQuickJSWASMModuleFromVariant } = await import("quickjs-emscripten-core");
  const { default: variant } = await import("@jitl/quickjs-wasmfile-release-sync");
  const quickjs = await newQuickJSWASMModuleFromVariant(variant as never);
  const vm = quickjs.newContext();
  const evaluate = (code: string): unknown => {
    const result = vm.evalCode(code);
    return vm.dump(result.error ?? result.value) as unknown;
  };
  const double = vm.newFunction("double", (x) => vm.newNumber(2 * vm.getNumber(x)));
  vm.setProp(vm.global, "double", double);
  expect(evaluate("[3, 1, 2].sort().map(double)")).toEqual([2, 4, 6]);
  expect(evaluate(`/x(\\d+)/.exec("ax12")[1] + (2n ** 70n)`)).toBe("121180591620717411303424");
  expect(evaluate("(function deep(n) { return deep(n + 1); })(0)")).toMatchObject({
    message: "stack overflow",
  });
  expect(evaluate("6 * 7")).toBe(42);
});

test.each(["wa-sqlite", "wa-sqlite-async"])("%s answers queries", async (build) => {
  const sqlite = await import("wa-sqlite");
  const { default: factory } = (await import(`wa-sqlite/dist/${build}.mjs`)) as {
    default: (options: object) => Promise<object>;
  };
  const file = createRequire(import.meta.url).resolve(`wa-sqlite/dist/${build}.wasm`);
  const api = sqlite.Factory(await factory({ wasmBinary: readFileSync(file) }));
  const db = await api.open_v2(":memory:");
  await api.exec(db, "create table t (a, b); insert into t values (1, 'x'), (2, 'y'), (3, 'z')");
  const rows: unknown[] = [];
  await api.exec(db, "select sum(a), group_concat(b) from t", (row) => void rows.push(row));
  expect(rows).toEqual([[6, "x,y,z"]]);
});
