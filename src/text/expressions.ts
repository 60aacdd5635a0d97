// Expressions and function bodies as lines of text, flat or folded, with labels by
// name. The `end` that closes the expression itself is the caller's parenthesis.
// Assumes well-nested code, which decoding has checked.
// Spec: https://webassembly.github.io/spec/core/text/instructions.html

import { InstructionReader } from "../binary/code.js";
import type { Instruction } from "../syntax/instruction.js";
import type { Expression, Module } from "../syntax/module.js";
import type { Mnemonic } from "../syntax/opcodes.js";
import { Arities } from "./arity.js";
import { instructionParts } from "./disassemble.js";
import { Folder, indent, inline, type Node, renderNodes } from "./fold.js";
import { identifier } from "./identifiers.js";
import type { Scope } from "./scope.js";
import { hex } from "../util/hex.js";

/** Receives the instructions of an expression as text. */
interface Sink {
  plain(text: string, instruction: Instruction, arities: readonly number[]): void;
  open(text: string, instruction: Instruction): void;
  /** `else`, `catch`, `catch_all`. */
  middle(text: string, instruction: Instruction): void;
  /** `end`, or `delegate`. */
  close(text: string, instruction: Instruction): void;
}

const middle: ReadonlySet<Mnemonic> = new Set<Mnemonic>(["else", "catch", "catch_all"]);

export class ExpressionPrinter {
  readonly arities: Arities;
  readonly #digits: number;

  constructor(
    readonly module: Module,
    readonly folded: boolean,
    readonly offsets: boolean,
  ) {
    this.arities = new Arities(module);
    this.#digits = module.bytes.length.toString(16).length;
  }

  /** `(;0x1f;)`, where offsets are wanted. */
  comment(offset: number): string {
    return this.offsets ? `(;${hex(offset, this.#digits)};)` : "";
  }

  /** The body of function `func`, indented. */
  body(expression: Expression, func: number, results: number): string[] {
    const lines: string[] = [];
    if (this.folded) renderNodes(this.#fold(expression, func, results, true), 2, lines);
    else this.#walk(expression, func, results, this.#flat(lines));
    return lines;
  }

  /** A constant expression, on one line and folded as far as it goes. */
  constant(expression: Expression): Node[] {
    return this.#fold(expression, undefined, 1, false);
  }

  #walk({ offset, end }: Expression, func: number | undefined, results: number, sink: Sink): void {
    const { module, arities } = this;
    const reader = new InstructionReader(module.bytes, offset, end);
    const { instruction } = reader;
    const names = func === undefined ? undefined : module.names.labels.get(func);
    const labels: (string | undefined)[] = [];
    const labelArities = [results];
    const label = (depth: number) => labels[labels.length - 1 - depth];
    const scope: Scope = { module, func, label };
    let blocks = 0;
    while (reader.next()) {
      const { mnemonic } = instruction.op;
      const closes = mnemonic === "end" || mnemonic === "delegate";
      if (closes) {
        if (labels.length === 0) return;
        labels.pop();
        labelArities.pop();
      }
      const [head, ...rest] = instructionParts(instruction, scope);
      if (reader.opened) {
        const name = names?.get(blocks++);
        const text = [head, ...(name === undefined ? [] : [identifier(name)]), ...rest].join(" ");
        sink.open(text, instruction);
        labels.push(name);
        const { pops, pushes } = arities.ofBlock(instruction.block);
        labelArities.push(mnemonic === "loop" ? pops : pushes);
        continue;
      }
      const text = [head, ...rest].join(" ");
      if (closes) sink.close(text, instruction);
      else if (middle.has(mnemonic)) sink.middle(text, instruction);
      else sink.plain(text, instruction, labelArities);
    }
  }

  #flat(lines: string[]): Sink {
    let depth = 2;
    const line = (text: string, { offset }: Instruction) => {
      const comment = this.comment(offset);
      lines.push(comment + indent(depth) + text);
    };
    return {
      plain: line,
      open: (text, instruction) => {
        line(text, instruction);
        depth++;
      },
      middle: (text, instruction) => {
        depth--;
        line(text, instruction);
        depth++;
      },
      close: (text, instruction) => {
        depth--;
        line(text, instruction);
      },
    };
  }

  #fold(
    expression: Expression,
    func: number | undefined,
    results: number,
    withOffsets: boolean,
  ): Node[] {
    const { arities } = this;
    const folder = new Folder();
    const comment = ({ offset }: Instruction) => (withOffsets ? this.comment(offset) : "");
    this.#walk(expression, func, results, {
      plain: (text, instruction, labels) => {
        folder.plain(text, comment(instruction), arities.of(instruction, labels));
      },
      open: (text, instruction) => {
        const { mnemonic } = instruction.op;
        const { pops, pushes } = arities.ofBlock(instruction.block);
        folder.open(text, comment(instruction), mnemonic === "if" ? 1 : 0, pops, pushes);
        folder.part(mnemonic === "if" ? "then" : mnemonic === "try" ? "do" : "");
      },
      middle: (text) => {
        folder.part(text);
      },
      close: (text) => {
        if (text !== "end") folder.part(text);
        folder.close();
      },
    });
    return folder.nodes;
  }
}

export const inlineAll = (nodes: readonly Node[]): string => nodes.map(inline).join(" ");
