// QuickJS, built with -sASYNCIFY: host functions that answer later, inside of each other's
// results, in callbacks of the language, in its modules.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import release from "@jitl/quickjs-wasmfile-release-asyncify";
import { newQuickJSAsyncWASMModuleFromVariant, newVariant } from "quickjs-emscripten-core";
import { uninstrumented } from "./spoil.mjs";

export const name = "QuickJS";
export const from = "@jitl/quickjs-wasmfile-release-asyncify";

const bytes = readFileSync(
  createRequire(import.meta.url).resolve("@jitl/quickjs-wasmfile-release-asyncify/wasm"),
);

const later = () => new Promise((done) => setImmediate(done));

/** A context whose `read`, `add` and `visit` take a turn of the event loop or more. */
async function open(tell, wasmBinary) {
  const variant = wasmBinary === undefined ? release : newVariant(release, { wasmBinary });
  const quickjs = await newQuickJSAsyncWASMModuleFromVariant(variant);
  const vm = quickjs.newContext();
  const define = (name, body) => {
    const made = vm.newAsyncifiedFunction(name, body);
    vm.setProp(vm.global, name, made);
    made.dispose();
  };
  define("read", async (key) => {
    const text = vm.getString(key);
    for (const _ of text) await later();
    return vm.newString(`<${text}>`);
  });
  define("add", async (a, b) => {
    const sum = vm.getNumber(a) + vm.getNumber(b);
    await later();
    return vm.newNumber(sum);
  });
  define("fail", async (message) => {
    const text = vm.getString(message);
    await later();
    throw new Error(text);
  });
  // Calls back into the program while that is suspended: no unwind begins there.
  define("visit", async (callback) => {
    await later();
    const result = vm.callFunction(callback, vm.undefined, vm.newNumber(20));
    await later();
    return vm.unwrapResult(result);
  });
  const log = vm.newFunction("log", (...values) => tell(values.map((v) => vm.dump(v)).join(" ")));
  vm.setProp(vm.global, "log", log);
  log.dispose();
  vm.runtime.setModuleLoader(async (path) => {
    await later();
    if (MODULES[path] === undefined) throw new Error(`no module ${path}`);
    return MODULES[path];
  });
  const evaluate = async (code, file = "main.js") => {
    const result = await vm.evalCodeAsync(code, file);
    const handle = result.error ?? result.value;
    const value = vm.dump(handle);
    handle.dispose();
    return value;
  };
  return { vm, evaluate };
}

const MODULES = {
  "shapes.js": `import { square } from "numbers.js";
    export class Square { constructor(n) { this.n = n; } area() { return square(this.n); } }`,
  "numbers.js": `export const square = (n) => add(n * n - n, n);`,
};

/** A call of a host function that waits, `depth` JavaScript calls down. */
export const deep = (depth) =>
  `(function down(n) { return n === 0 ? read("deep") : down(n - 1) + "."; })(${depth}).length`;

const SCRIPTS = [
  `read("a")`,
  `add(add(1, 2), add(3, add(4, 5)))`,
  `read("x" + read("y")) + read("z")`,
  `[5, 3, 4, 1].sort((a, b) => add(a, -b)).map((n) => add(n, n)).join()`,
  `"one two three".replace(/\\w+/g, (word) => read(word))`,
  `JSON.stringify({ toJSON: () => ({ at: add(1, 1), deep: { get later() { return read("k"); } } }) })`,
  `(function* () { for (let i = 0; i < 3; i++) yield add(i, 10); })().next().value`,
  `let sum = 0; for (const n of [1, 2, 3].values()) sum = add(sum, n); sum`,
  `try { fail("no"); } catch (error) { error.message + read("!"); }`,
  `visit((n) => n * 2 + 2)`,
  `Reflect.construct(class { constructor() { this.value = read("new"); } }, []).value`,
  `new Proxy({}, { get: (_, key) => read(key) }).something`,
  deep(10),
  `const parts = []; for (let i = 0; i < 200; i++) parts.push("item " + i); parts.join().length`,
  `(function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); })(14)`,
];

export async function run(tell) {
  const { vm, evaluate } = await open(tell);
  for (const script of SCRIPTS) tell(JSON.stringify(await evaluate(script)));
  const promise = await evaluate(
    `import { Square } from "shapes.js"; log(new Square(12).area(), read("module"));`,
  );
  tell(typeof promise);
  tell(JSON.stringify(await evaluate(`import "missing.js";`)));
  vm.dispose();
}
/** What comes of a promise in good time. */
const inTime = (promise) => {
  const told = promise.then(JSON.stringify, (error) => error.message.split("\n")[0]);
  return Promise.race([told, new Promise((done) => setTimeout(done, 30_000, "never"))]);
};

export const broken = {
  async "function not in the list"(tell) {
    const { evaluate } = await open(tell, uninstrumented(bytes, 62, 1));
    tell(await inTime(evaluate(`read("a")`)));
  },
  /** The glue refuses a second one, but then forgets that there is a first: a third goes through. */
  async "three at once"(tell) {
    const { evaluate } = await open(tell);
    const scripts = [`read("aaa") + 1`, `read("b") + 2`, `read("c") + 3`];
    for (const told of scripts.map((script) => inTime(evaluate(script)))) tell(await told);
  },
  /** 81,920 bytes are the room that the glue has. */
  async "stack too small"(tell) {
    const { evaluate } = await open(tell);
    tell(await inTime(evaluate(deep(300))));
  },
};
