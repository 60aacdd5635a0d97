// The text of a module with the line of each instruction: a source for modules that have
// none. The text is that of `printWat`, flat; an instruction has a line, and the `end` of a
// function, which has none, is found on the line before it.

import { InstructionReader } from "../binary/code.js";
import type { FunctionDefinition, Module } from "../syntax/module.js";
import { printLines, type WatText } from "./wat.js";

export class PrintedLines {
  /** Made when they are first wanted: a second for a few megabytes. */
  private printed: WatText | null = null;
  private readonly offsetsOf = new Map<FunctionDefinition, readonly number[]>();

  private constructor(private readonly module: Module) {}

  /** Those of a module, made once. */
  static of(module: Module): PrintedLines {
    const known = made.get(module);
    if (known !== undefined) return known;
    const lines = new PrintedLines(module);
    made.set(module, lines);
    return lines;
  }

  get text(): string {
    return this.wat.lines.join("\n");
  }
  get count(): number {
    return this.wat.lines.length;
  }

  /** The line, counted from 1, of the instruction at a byte offset; undefined where none begins. */
  lineAt(offset: number): number | undefined {
    const { functions } = this.module;
    const at = functions.findIndex(({ body }) => offset >= body.offset && offset < body.end);
    if (at < 0) return undefined;
    const offsets = this.instructions(functions[at]!);
    const index = offsets.indexOf(offset);
    if (index < 0) return undefined;
    const isEnd = index === offsets.length - 1;
    return this.wat.functions[at]!.body + index + (isEnd ? 0 : 1);
  }

  /** The instruction on a line; where a line begins or declares a function, the first of that. */
  offsetAt(line: number): number | undefined {
    const { functions } = this.wat;
    const at = functions.findLastIndex(({ head }) => head < line);
    if (at < 0) return undefined;
    const offsets = this.instructions(this.module.functions[at]!);
    const index = Math.max(0, line - 1 - functions[at]!.body);
    return index < Math.max(1, offsets.length - 1) ? offsets[index] : undefined;
  }

  private get wat(): WatText {
    return (this.printed ??= printLines(this.module));
  }

  /** Byte offsets, the final `end` last. */
  private instructions(definition: FunctionDefinition): readonly number[] {
    const known = this.offsetsOf.get(definition);
    if (known !== undefined) return known;
    const { offset, end } = definition.body;
    const reader = new InstructionReader(this.module.bytes, offset, end);
    const offsets: number[] = [];
    while (reader.next()) offsets.push(reader.instruction.offset);
    this.offsetsOf.set(definition, offsets);
    return offsets;
  }
}

const made = new WeakMap<Module, PrintedLines>();
