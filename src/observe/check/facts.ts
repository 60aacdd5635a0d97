// What the checker must know of a module's functions: which are instrumented, which are
// the runtime's own. Of plain modules Binaryen's classification tells it, of instrumented
// ones their code.

import { InstructionReader } from "../../binary/code.js";
import type { Roles } from "../../fiber/asyncify/roles.js";
import { functionName, type Module } from "../../syntax/module.js";
import type { ValidModule } from "../../valid/validate.js";
import { type TwinParts, twinParts } from "../twin-parts.js";

export type Part =
  /** Unwinds and rewinds. */
  | "instrumented"
  /** Calls start_unwind or stop_rewind. */
  | "top"
  /** Calls stop_unwind or start_rewind (perhaps the others, too). */
  | "bottom"
  /** A function of the runtime itself, in an instrumented module. */
  | "runtime"
  | "import"
  | "plain";

/** The memory that holds the records: one of the module's by index, or null for one of asyncify's own. */
export interface RecordRoom {
  readonly memory: number | null;
  /** Bytes of a pointer to it. */
  readonly pointer: 4 | 8;
}

export interface Facts {
  readonly room: RecordRoom;
  /** Whether the module went through Binaryen's pass. */
  readonly instrumented: boolean;
  part(func: number): Part;
  name(func: number): string;
  /** Why it is what it is, where that is known. */
  reason(func: number): string | null;
  /** Whether calls of an import are instrumented; null where only the code knows. */
  mayUnwind(imported: number): boolean | null;
  /** Number of call indices that a function has; null where only the code knows. */
  callCount(func: number): number | null;
}

/** Facts of a plain module. */
export function factsOfRoles(module: Module, roles: Roles): Facts {
  const parts: Record<string, Part> = {
    "runtime import": "runtime",
    import: "import",
    instrumented: "instrumented",
    "top-most runtime": "top",
    "bottom-most runtime": "bottom",
  };
  return {
    instrumented: false,
    room: {
      memory: roles.memory.kind === "own" ? null : roles.memory.index,
      pointer: roles.memory.pointer === "i64" ? 8 : 4,
    },
    part: (func) => parts[roles.functions[func]?.kind ?? ""] ?? "plain",
    name: (func) => functionName(module, func),
    reason: (func) => roles.functions[func]?.reason ?? null,
    mayUnwind: (imported) => roles.functions[imported]?.canChangeState ?? null,
    callCount: (func) => roles.sites(func).length,
  };
}

/** Facts of an instrumented module. @throws TwinError where it is none */
export function factsOfInstrumented(
  module: ValidModule,
  parts: TwinParts = twinParts(module),
): Facts {
  const callers = runtimeCallers(module, parts);
  return {
    instrumented: true,
    room: { memory: parts.memory, pointer: parts.pointer === "i64" ? 8 : 4 },
    part: (func) =>
      parts.runtime.has(func)
        ? "runtime"
        : func < module.imported.func
          ? "import"
          : parts.instrumented.has(func)
            ? "instrumented"
            : (callers.get(func) ?? "plain"),
    name: (func) => functionName(module, func),
    reason: () => null,
    mayUnwind: (imported) => (guarded(module, parts).has(imported) ? true : null),
    callCount: () => null,
  };
}

/** What stands between a call and the question behind it: its result put away, its call index. */
const BETWEEN = new Set(["local.set", "local.tee", "drop", "i32.const"]);

/** Imports whose calls are instrumented somewhere: behind them is asked whether the program unwinds. */
function guarded(module: ValidModule, { state, instrumented }: TwinParts): ReadonlySet<number> {
  const found = new Set<number>();
  for (const func of instrumented) {
    const { body } = module.functions[func - module.imported.func]!;
    const reader = new InstructionReader(module.bytes, body.offset, body.end);
    const { instruction } = reader;
    let called: number | null = null;
    while (reader.next()) {
      const { op, a } = instruction;
      if (op.mnemonic === "call") called = a < module.imported.func ? a : null;
      else if (called !== null && op.mnemonic === "global.get" && a === state) found.add(called);
      else if (!BETWEEN.has(op.mnemonic)) called = null;
    }
  }
  return found;
}

/** An optimizer may have made one function of stop_unwind and stop_rewind: then callers count as `bottom`. */
function runtimeCallers(module: Module, { runtime }: TwinParts): Map<number, "top" | "bottom"> {
  const callers = new Map<number, "top" | "bottom">();
  module.functions.forEach(({ body }, i) => {
    const reader = new InstructionReader(module.bytes, body.offset, body.end);
    const { instruction } = reader;
    while (reader.next()) {
      const names = instruction.op.mnemonic === "call" ? runtime.get(instruction.a) : undefined;
      if (names === undefined) continue;
      const bottom = names.includes("stop_unwind") || names.includes("start_rewind");
      const top = names.includes("start_unwind") || names.includes("stop_rewind");
      const func = module.imported.func + i;
      if (bottom) callers.set(func, "bottom");
      else if (top && !callers.has(func)) callers.set(func, "top");
    }
  });
  return callers;
}
