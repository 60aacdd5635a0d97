// QuickJS, as the npm package quickjs-emscripten-core starts it, running JavaScript. Its
// Emscripten glue gives what the module imports, but for the memory, which must be the
// engine's: a small module of the same engine exports it.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import release from "@jitl/quickjs-wasmfile-release-sync";
import { newQuickJSWASMModuleFromVariant, newVariant } from "quickjs-emscripten-core";

export const wasm = fileURLToPath(import.meta.resolve("@jitl/quickjs-wasmfile-release-sync/wasm"));

/** (module (memory (export "memory") 256 32768)) */
// prettier-ignore
const MEMORY = Uint8Array.of(
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 7, 1, 1, 0x80, 2, 0x80, 0x80, 2,
  7, 10, 1, 6, ...Buffer.from("memory"), 2, 0,
);

const SOURCE = `
class Shape { constructor(n) { this.n = n; } area() { return this.n * 2; } }
class Square extends Shape { area() { return super.area() * this.n; } }
function work() {
  let sum = 0;
  const shapes = Array.from({ length: 60 }, (_, i) => (i % 2 ? new Square(i) : new Shape(i)));
  for (const shape of shapes) sum += shape.area();
  const words = "the quick brown fox jumps over the lazy dog again and again".split(" ");
  const counts = new Map();
  for (let i = 0; i < 150; i++) {
    const word = words[(i * 7) % words.length] + (i % 5);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const text = JSON.stringify({ sorted, nested: { list: sorted.map(([w]) => w.length) } });
  sum += JSON.parse(text).nested.list.length + text.replace(/[aeiou](\\w)/g, "<$1>").length;
  const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
  sum += fib(11);
  let x = 0.5;
  for (let i = 0; i < 400; i++) x = 3.7 * x * (1 - x);
  try { null.x } catch (e) { sum += e.message.length; }
  function* numbers() { for (let i = 0; i < 40; i++) yield i; }
  for (const n of numbers()) sum = (sum * 31 + n) | 0;
  return (sum ^ Math.floor(x * 1e9)) | 0;
}`;

/** @param instantiate bytes and an import object to exports */
export async function open(instantiate) {
  const bytes = readFileSync(wasm);
  const variant = newVariant(release, {
    wasmMemory: instantiate(MEMORY, {}).memory,
    emscriptenModule: {
      instantiateWasm(imports, done) {
        const exports = instantiate(bytes, imports);
        done({ exports });
        return exports;
      },
    },
  });
  const context = (await newQuickJSWASMModuleFromVariant(variant)).newContext();
  const evaluate = (code) => {
    const handle = context.unwrapResult(context.evalCode(code));
    const value = context.typeof(handle) === "number" ? context.getNumber(handle) : undefined;
    handle.dispose();
    return value;
  };
  evaluate(SOURCE);
  return (times) => {
    let sum = 0;
    for (let i = 0; i < times; i++) sum = (Math.imul(sum, 31) + evaluate("work()")) >>> 0;
    return sum;
  };
}
