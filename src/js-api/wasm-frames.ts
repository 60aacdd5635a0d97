// Frames of wasm as objects and as lines of a stack, in the form that V8 gives them: what
// parses stacks knows it, and Emscripten finds the byte offsets in it.

import { offsetOfPc } from "../exec/code.js";
import { codeOf } from "../exec/lower.js";
import { mnemonicAt } from "../exec/stack.js";
import type { StackSite } from "../runtime/traps.js";
import type { Module } from "../syntax/module.js";
import { formatPosition } from "../syntax/source-lines.js";
import { hex } from "../util/hex.js";
import type { WasmFrame } from "./types.js";

export function frameOf({ func, pc }: StackSite): WasmFrame {
  const { module } = func.instance!;
  const offset = offsetOfPc(codeOf(func), pc);
  const source = module.lines?.at(offset);
  return {
    function: func.name,
    index: func.index,
    module: urlOf(module),
    offset,
    instruction: mnemonicAt(func, offset),
    source:
      source === undefined ? null : { file: source.file, line: source.line, column: source.column },
  };
}

/** `    at sum [sum.c:12:5] (wasm://wasm/0123abcd:wasm-function[3]:0x45)` */
export function frameLine({ func, pc }: StackSite): string {
  const { module } = func.instance!;
  const offset = offsetOfPc(codeOf(func), pc);
  const source = module.lines?.at(offset);
  const place = `${urlOf(module)}:wasm-function[${func.index}]:${hex(offset)}`;
  const name = [module.names.module, isNamed(module, func.index) ? func.name : undefined]
    .filter((part) => part !== undefined)
    .join(".");
  const from = source === undefined ? "" : `[${formatPosition(source)}]`;
  const shown = [name, from].filter((part) => part !== "").join(" ");
  return `    at ${shown === "" ? place : `${shown} (${place})`}`;
}

const isNamed = (module: Module, index: number): boolean =>
  module.names.functions.has(index) ||
  module.exports.some((e) => e.kind === "func" && e.index === index);

const urls = new WeakMap<Uint8Array, string>();

/** A name for the module: its own, if it has one, and a number made of all its bytes. */
function urlOf({ bytes, names }: Module): string {
  let url = urls.get(bytes);
  if (url === undefined) {
    const name = names.module === undefined ? "" : `${names.module}-`;
    url = `wasm://wasm/${name}${checksum(bytes).toString(16).padStart(8, "0")}`;
    urls.set(bytes, url);
  }
  return url;
}

/** FNV-1a, 32 bits: it tells modules apart, nothing more. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
