// What stands in for functions that a module imports and nobody supplies: whoever calls one
// gets zeros.

import { importsOf, type Module } from "../syntax/module.js";
import { formatValType, type FuncType, type ValType } from "../syntax/types.js";
import { LinkError } from "../util/errors.js";
import { ref, type Value } from "./values.js";

/** An imported function, its type an index in the module. */
export interface MissingFunction {
  readonly module: string;
  readonly name: string;
  readonly type: number;
}

export const missingFunctions = (
  module: Module,
  isSupplied: (module: string, name: string) => boolean,
): MissingFunction[] =>
  importsOf(module, "func").flatMap(({ module: from, name, description: { type } }) =>
    isSupplied(from, name) ? [] : [{ module: from, name, type }],
  );

/** @throws LinkError where a result has no zero */
export const zerosOf = <C>({ results }: FuncType<C>, label: string): Value[] =>
  results.map((type) => {
    const zero = zeroOf(type);
    if (zero === null)
      throw new LinkError(`import ${label} cannot be stubbed: ${formatValType(type)} has no zero`);
    return zero;
  });

/** The default value of a type; null where there is none. */
export function zeroOf<C>(type: ValType<C>): Value | null {
  switch (type) {
    case "i32":
      return { type, value: 0 };
    case "i64":
      return { type, value: 0n };
    case "f32":
      return { type, bits: 0 };
    case "f64":
    case "v128":
      return { type, bits: 0n };
    default:
      return typeof type === "object" && type.nullable ? ref(null) : null;
  }
}
