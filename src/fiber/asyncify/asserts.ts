// asyncify-asserts (Asyncify.cpp:1256-1440): the state may change in no call of a function
// that is not instrumented, and must be normal behind every call in a legacy `catch`.
// Binaryen spares no runtime function, so programs that unwind themselves always fail it.

import { InstructionReader } from "../../binary/code.js";
import { type Code, pcOfOffset } from "../../exec/code.js";
import type { Fiber } from "../../exec/fiber.js";
import { codeOf } from "../../exec/lower.js";
import type { FuncInstance } from "../../runtime/instances.js";
import { Trap } from "../../runtime/traps.js";
import { opcodes } from "../../syntax/opcodes.js";
import { stateName } from "./events.js";

const { call, call_indirect, call_ref } = opcodes;

export class Asserts {
  private readonly catches = new Map<FuncInstance, ReadonlySet<number>>();

  /** The top frame was entered. */
  enter(fiber: Fiber, state: number): void {
    fiber.top.mark = state;
  }

  /**
   * A call of the top frame returned. Rules asyncify/assert, asyncify/assert-catch.
   * @throws Trap
   */
  check(fiber: Fiber, state: number, instrumented: boolean): void {
    const { func, pc, mark } = fiber.top;
    const op = (func.code as Code).words[pc]!;
    const isCall = op === call.code || op === call_indirect.code;
    if ((isCall || op === call_ref.code) && state !== 0 && this.catchesIn(func).has(pc)) {
      fail(`is ${stateName(state)} behind a call in a catch of ${func.name}`);
    }
    if (isCall && !instrumented && state !== mark) {
      fail(
        `went from ${stateName(mark)} to ${stateName(state)} in ${func.name}, which is not instrumented`,
      );
    }
  }

  /** Where calls stand in `catch` bodies; a `try` in one starts anew. */
  private catchesIn(func: FuncInstance): ReadonlySet<number> {
    const known = this.catches.get(func);
    if (known !== undefined) return known;
    const { module } = func.instance!;
    const { body } = module.functions[func.index - module.imported.func]!;
    const found = new Set<number>();
    const blocks: boolean[] = [false];
    const reader = new InstructionReader(module.bytes, body.offset, body.end);
    while (reader.next()) {
      const { op, offset } = reader.instruction;
      const inCatch = blocks[blocks.length - 1]!;
      if (reader.opened) blocks.push(op.mnemonic === "try" ? false : inCatch);
      else if (op.mnemonic === "end" || op.mnemonic === "delegate") blocks.pop();
      else if (op.mnemonic === "catch" || op.mnemonic === "catch_all")
        blocks[blocks.length - 1] = true;
      else if (inCatch && op.mnemonic.startsWith("call"))
        found.add(pcOfOffset(codeOf(func), offset));
    }
    this.catches.set(func, found);
    return found;
  }
}

function fail(what: string): never {
  throw new Trap("unreachable", `asyncify-asserts: the asyncify state ${what}`);
}
