// Look-ups in the index spaces for typing rules: each returns what stands at an
// index or rejects the module with the spec's `unknown …`.
// Spec: https://webassembly.github.io/spec/core/syntax/modules.html#indices

import type { FuncType, GlobalType, MemoryType, TableType, ValType } from "../syntax/types.js";
import { funcTypeAt } from "./context.js";
import type { FunctionValidator } from "./function.js";
import { unknownTypeIn } from "./types.js";

export function functionTypeAt(v: FunctionValidator, index: number): FuncType {
  const type = funcTypeAt(v.module, index);
  if (type !== undefined) return type;
  v.fail(`${index < v.module.types.length ? "non-function" : "unknown"} type ${index}`);
}

export function checkTypeIndices(v: FunctionValidator, type: ValType): void {
  const unknown = unknownTypeIn(v.module, type);
  if (unknown !== undefined) v.fail(`unknown type ${unknown}`);
}

export function checkFunction(v: FunctionValidator, index: number): void {
  if (index >= v.module.context.funcs.length) v.fail(`unknown function ${index}`);
}

export const checkTable = (v: FunctionValidator, index: number): TableType =>
  v.module.context.tables[index] ?? v.fail(`unknown table ${index}`);

export const checkMemory = (v: FunctionValidator, index: number): MemoryType =>
  v.module.context.memories[index] ?? v.fail(`unknown memory ${index}`);

export function checkGlobal(v: FunctionValidator, index: number): GlobalType {
  if (index >= v.visibleGlobals) v.fail(`unknown global ${index}`);
  return v.module.context.globals[index]!;
}

export const checkLocal = (v: FunctionValidator, index: number): ValType =>
  v.locals[index] ?? v.fail(`unknown local ${index}`);

/** The type of a tag. */
export function checkTag(v: FunctionValidator, index: number): FuncType {
  const tag = v.module.context.tags[index] ?? v.fail(`unknown tag ${index}`);
  return funcTypeAt(v.module, tag.type)!;
}

export function checkData(v: FunctionValidator, index: number): void {
  // Bodies come before the data section. Known here already, but for lazy decoders.
  if (v.module.dataCount === undefined) v.malformed("data count section required");
  if (index >= v.module.datas.length) v.fail(`unknown data segment ${index}`);
}

export const checkElem = (v: FunctionValidator, index: number) =>
  v.module.elements[index] ?? v.fail(`unknown elem segment ${index}`);
