// For tests: a module as plain data that is the same for two binaries exactly where
// they are the same module. What assemblers may choose is left out: the forms of block
// types, function lists and empty `else` branches, how locals are run together, names.

import { InstructionReader } from "../binary/code.js";
import { emptyNames } from "../binary/names.js";
import type { Expression, Module, SegmentMode } from "../syntax/module.js";
import { formatFuncType, formatValType, type ValType } from "../syntax/types.js";
import { instructionParts } from "./disassemble.js";

function instructions(module: Module, { offset, end }: Expression): string[] {
  const reader = new InstructionReader(module.bytes, offset, end);
  const { instruction } = reader;
  const scope = { module: { ...module, names: emptyNames() }, func: undefined };
  const texts: string[] = [];
  while (reader.next()) {
    const parts = instructionParts(instruction, scope);
    if (reader.opened) {
      const given = instruction.block === null ? 0 : 1;
      parts.splice(1, given, blockType(module, instruction.block));
    }
    // An empty `else` is no `else`.
    if (parts[0] === "end" && texts.at(-1) === "else") texts.pop();
    texts.push(parts.join(" "));
  }
  return texts;
}

function blockType(module: Module, block: null | number | ValType): string {
  if (block === null) return "[] -> []";
  if (typeof block !== "number") return `[] -> [${formatValType(block)}]`;
  const comp = module.types[block]?.comp;
  return comp?.kind === "func" ? formatFuncType(comp) : `type ${block}`;
}

/** Everything that `names`, offsets and custom sections are not. */
export function canonical(module: Module): unknown {
  const code = (expression: Expression) => instructions(module, expression);
  const mode = (m: SegmentMode) =>
    m.kind === "active" ? { ...m, offset: code(m.offset) } : { kind: m.kind };
  const value: unknown = {
    types: module.types,
    imports: module.imports,
    functions: module.functions.map(({ type, locals, body }) => ({
      type,
      locals: locals.flatMap(({ count, type: t }) =>
        Array.from({ length: count }, () => formatValType(t)),
      ),
      body: code(body),
    })),
    tables: module.tables.map(({ type, init }) => ({ type, init: init && code(init) })),
    memories: module.memories,
    tags: module.tags,
    globals: module.globals.map(({ type, init }) => ({ type, init: code(init) })),
    exports: module.exports,
    start: module.start,
    elements: module.elements.map(({ type, mode: m, funcs, expressions = [] }) => {
      const items =
        funcs?.map((i) => `ref.func ${i} end`) ?? expressions.map((e) => code(e).join(" "));
      // Assemblers shorten expressions to function indices, whose type is not nullable.
      const list = type.heap === "func" && items.every((item) => item.startsWith("ref.func "));
      return { type: list ? "functions" : formatValType(type), mode: mode(m), items };
    }),
    datas: module.datas.map(({ mode: m, start, end }) => ({
      mode: mode(m),
      bytes: Array.from(module.bytes.subarray(start, end)).join(" "),
    })),
  };
  return JSON.parse(
    JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? `${v}n` : v)),
  ) as unknown;
}
