// `--stub-imports`: functions that stand in for imports nobody supplied. They return
// zeros, and every call is told with its arguments.

import { FuncInstance, type ExternInstance, type Imports } from "../runtime/instances.js";
import { f32, f64, i32, i64, ref, type Value, v128 } from "../runtime/values.js";
import type { FuncType, ValType } from "../syntax/types.js";
import { formatValType } from "../syntax/types.js";
import { formatValues } from "../runtime/notation.js";
import { LinkError } from "../util/errors.js";
import type { DefType } from "../valid/deftypes.js";
import type { ValidModule } from "../valid/validate.js";

/** The functions that `module` imports and `supplied` does not have. */
export function stubImports(
  module: ValidModule,
  supplied: Imports,
  trace: (line: string) => void,
): Imports {
  const stubs = new Map<string, Map<string, ExternInstance>>();
  for (const { module: from, name, description } of module.imports) {
    if (description.kind !== "func" || supplied.get(from)?.get(name) !== undefined) continue;
    const type = module.context.defTypes[description.type]!;
    const names = stubs.get(from) ?? new Map<string, ExternInstance>();
    stubs.set(from, names.set(name, { kind: "func", func: stub(`${from}.${name}`, type, trace) }));
  }
  return stubs;
}

function stub(label: string, type: DefType, trace: (line: string) => void): FuncInstance {
  const { params, results } = type.sub.comp as FuncType<DefType>;
  const zeros = results.map((result) => zeroOf(result, label));
  const answer = zeros.length === 0 ? "" : ` -> ${formatValues(zeros, results)}`;
  return FuncInstance.host(type, label, (args) => {
    trace(`stub ${label}(${formatValues(args, params).replaceAll(" ", ", ")})${answer}`);
    return zeros;
  });
}

function zeroOf(type: ValType<DefType>, label: string): Value {
  switch (type) {
    case "i32":
      return i32(0);
    case "i64":
      return i64(0n);
    case "f32":
      return f32(0);
    case "f64":
      return f64(0);
    case "v128":
      return v128(0n);
    default:
      if (typeof type === "object" && type.nullable) return ref(null);
      throw new LinkError(`import ${label} cannot be stubbed: ${formatValType(type)} has no zero`);
  }
}
