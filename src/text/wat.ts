// A whole module as text that any assembler of WebAssembly reads: flat or folded, with
// names made unique, and what has none by its index. Instructions derive from the
// opcode table. Custom sections other than names are only mentioned, in comments.
// Spec: https://webassembly.github.io/spec/core/text/modules.html

import { emptyNames } from "../binary/names.js";
import {
  type Export,
  type FunctionDefinition,
  type GlobalDefinition,
  type Import,
  type Module,
  type TableDefinition,
} from "../syntax/module.js";
import type { ValType } from "../syntax/types.js";
import { ExpressionPrinter, inlineAll } from "./expressions.js";
import { identifier, quote } from "./identifiers.js";
import { indexText, type Scope } from "./scope.js";
import { dataLines, elementLines } from "./segments.js";
import {
  binder,
  declarations,
  globalText,
  memoryText,
  signatureText,
  tableText,
  typeLines,
} from "./types.js";
import { uniqueNames } from "./unique-names.js";

export interface WatOptions {
  /** Operands inside of the instructions that take them. */
  readonly folded?: boolean;
  /** Comments with the byte offsets of instructions, functions and segments. */
  readonly offsets?: boolean;
  /** Names of the name section as identifiers (true); else only indices. */
  readonly names?: boolean;
}

/** More locals than any engine takes are only counted. */
const MAX_LOCALS = 50_000;

export const printWat = (module: Module, options: WatOptions = {}): string =>
  printLines(module, options).lines.join("\n");

export interface WatText {
  readonly lines: readonly string[];
  /** For each function that the module defines: where in `lines` it begins, and its first instruction. */
  readonly functions: readonly { readonly head: number; readonly body: number }[];
}

/** The same as lines. */
export function printLines(module: Module, options: WatOptions = {}): WatText {
  const { folded = false, offsets = false, names = true } = options;
  const named = { ...module, names: names ? uniqueNames(module.names) : emptyNames() };
  return new ModulePrinter(named, new ExpressionPrinter(named, folded, offsets)).print();
}

class ModulePrinter {
  readonly #scope: Scope;
  readonly #functions: { head: number; body: number }[] = [];

  constructor(
    readonly module: Module,
    readonly printer: ExpressionPrinter,
  ) {
    this.#scope = { module, func: undefined };
  }

  print(): WatText {
    const { module, printer } = this;
    const { names, imported } = module;
    const next = { func: 0, table: 0, memory: 0, global: 0, tag: 0 };
    const name = names.module === undefined ? "" : ` ${identifier(names.module)}`;
    const lines = [
      `(module${name}`,
      ...typeLines(module),
      ...module.imports.map((entry) => this.#import(entry, next[entry.description.kind]++)),
      ...module.tables.map((table, i) => this.#table(table, imported.table + i)),
      ...module.memories.map(
        (memory, i) =>
          `  (memory ${binder(names.memories, imported.memory + i)} ${memoryText(memory)})`,
      ),
      ...module.tags.map(({ type }, i) => `  ${this.#tag(imported.tag + i, type)}`),
      ...module.globals.map((global, i) => this.#global(global, imported.global + i)),
      ...module.exports.map((entry) => this.#export(entry)),
      ...(module.start === undefined
        ? []
        : [`  (start ${indexText.func(module.start, this.#scope)})`]),
    ];
    // Not spread: arguments are limited, lines are not.
    const add = (more: readonly string[]) => {
      for (const line of more) lines.push(line);
    };
    module.elements.forEach((segment, i) => {
      add(elementLines(segment, i, printer));
    });
    module.functions.forEach((definition, i) => {
      const { head, body } = this.#function(definition, imported.func + i);
      this.#functions.push({ head: lines.length, body: lines.length + head.length });
      if (body.length === 0) head[head.length - 1] += ")";
      else body[body.length - 1] += ")";
      add(head);
      add(body);
    });
    module.datas.forEach((segment, i) => {
      add(dataLines(segment, i, printer));
    });
    add(this.#customs());
    const last = lines.length - 1;
    if (lines[last]!.startsWith("  ;;")) lines.push(")");
    else lines[last] += ")";
    return { lines, functions: this.#functions };
  }

  /** `(type 0) (param $x i32) (result i32)`. */
  #typeUse(type: number, func?: number): string {
    const signature = this.printer.arities.signature(type);
    const names = func === undefined ? undefined : this.module.names.locals.get(func);
    return [
      `(type ${indexText.type(type, this.#scope)})`,
      ...(signature ? signatureText(signature, names, this.#scope) : []),
    ].join(" ");
  }

  #tag(index: number, type: number): string {
    return `(tag ${binder(this.module.names.tags, index)} ${this.#typeUse(type)})`;
  }

  #import({ module: from, name, description }: Import, index: number): string {
    return `  (import ${quote(from)} ${quote(name)} ${this.#description(description, index)})`;
  }

  #description(description: Import["description"], index: number): string {
    const { names } = this.module;
    switch (description.kind) {
      case "func": {
        const use = this.#typeUse(description.type, index);
        const text = description.exact ? `(exact ${use})` : use;
        return `(func ${binder(names.functions, index)} ${text})`;
      }
      case "table":
        return `(table ${binder(names.tables, index)} ${tableText(description.type, this.#scope)})`;
      case "memory":
        return `(memory ${binder(names.memories, index)} ${memoryText(description.type)})`;
      case "global":
        return `(global ${binder(names.globals, index)} ${globalText(description.type, this.#scope)})`;
      case "tag":
        return this.#tag(index, description.type.type);
    }
  }

  #table({ type, init }: TableDefinition, index: number): string {
    const parts = [binder(this.module.names.tables, index), tableText(type, this.#scope)];
    if (init) parts.push(inlineAll(this.printer.constant(init)));
    return `  (table ${parts.join(" ")})`;
  }

  #global({ type, init }: GlobalDefinition, index: number): string {
    const value = inlineAll(this.printer.constant(init));
    const name = binder(this.module.names.globals, index);
    return `  (global ${name} ${globalText(type, this.#scope)} ${value})`;
  }

  #export({ name, kind, index }: Export): string {
    return `  (export ${quote(name)} (${kind} ${indexText[kind](index, this.#scope)}))`;
  }

  #function(
    { type, offset, locals, body }: FunctionDefinition,
    index: number,
  ): { head: string[]; body: string[] } {
    const { module, printer } = this;
    const first = [`  (func ${binder(module.names.functions, index)}`, printer.comment(offset)];
    const signature = printer.arities.signature(type);
    const types: ValType[] = [];
    for (const { count, type: local } of locals) {
      for (let n = Math.min(count, MAX_LOCALS - types.length); n > 0; n--) types.push(local);
    }
    const names = module.names.locals.get(index);
    const params = signature?.params.length ?? 0;
    const declared = declarations("local", types, names, params, this.#scope);
    const all = locals.reduce((sum, { count }) => sum + count, 0);
    if (all > types.length) declared.push(`(;and ${all - types.length} more;)`);
    const head = [
      [...first, this.#typeUse(type, index)].filter(Boolean).join(" "),
      ...(declared.length === 0 ? [] : [`    ${declared.join(" ")}`]),
    ];
    return { head, body: printer.body(body, index, signature?.results.length ?? 0) };
  }

  #customs(): string[] {
    return this.module.customs
      .filter(({ name }) => name !== "name")
      .map(({ name, start, end }) => `  ;; custom section ${quote(name)}: ${end - start} bytes`);
  }
}
