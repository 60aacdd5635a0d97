// `set TARGET = VALUE`: what of the program a person means, and the change that it is.

import type { Reference } from "../runtime/values.js";
import type { ValType } from "../syntax/types.js";
import { UsageError } from "../util/errors.js";
import { type Datum, evaluate, valueOf } from "./evaluate.js";
import { parseExpression } from "./expression.js";
import { bytesOf } from "./memory-values.js";
import { findFunction } from "./names.js";
import type { DebugSession } from "./session.js";
import { localsOf, operandsOf } from "./views.js";
import { watchTarget } from "./watch.js";

/**
 * @param target a local, operand, global, piece of memory with a type, or element of a table
 * @param text an expression; for an element, a function or null
 * @throws UsageError
 */
export function assign(session: DebugSession, level: number, target: string, text: string): void {
  const scope = session.scope(level);
  const [, index] = /^operand(\d+)$/.exec(target) ?? [];
  const datum = (): Datum => evaluate(parseExpression(text), scope);
  if (index !== undefined) {
    const operand = framed(session) && operandsOf(session.fiber, level)[Number(index)];
    if (!operand) throw new UsageError(`the frame has no ${target}`);
    const type = operand.type === "bot" ? "i32" : operand.type;
    return session.setOperand(level, Number(index), valueOf(datum(), type));
  }
  const place = watchTarget(target, scope);
  switch (place.kind) {
    case "local": {
      const { type } = localsOf(session.fiber, level)[place.index]!;
      return session.setLocal(level, place.index, valueOf(datum(), type as ValType));
    }
    case "global": {
      const global = session.instance.globals[place.index]!;
      if (typeof global.type.type === "object" && text !== "null")
        return session.setGlobal(place.index, { type: "ref", ref: functionOf(session, text) });
      return session.setGlobal(place.index, valueOf(datum(), global.type.type));
    }
    case "memory": {
      if (place.type === undefined)
        throw new UsageError("memory needs a type: set i32[ADDRESS] = VALUE");
      const value = datum();
      if (typeof value === "object") throw new UsageError("a reference is no bytes of a memory");
      return session.writeMemory(place.memory, place.address, bytesOf(place.type, value));
    }
    case "table":
      return session.setTable(place.table, place.index, functionOf(session, text));
  }
}

const framed = ({ fiber, end }: DebugSession): boolean =>
  end?.kind !== "returned" && fiber.depth > 0;

const functionOf = ({ instance }: DebugSession, text: string): Reference =>
  text === "null" ? null : instance.funcs[findFunction(instance.module, text)]!;
