// `--stub-imports`: functions that stand in for imports nobody supplies, and tell of every
// call with its arguments.

import { FuncInstance, type ExternInstance, type Imports } from "../runtime/instances.js";
import { formatValues } from "../runtime/notation.js";
import { missingFunctions, zerosOf } from "../runtime/stubs.js";
import type { FuncType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import type { ValidModule } from "../valid/validate.js";

/** The functions that `module` imports and `supplied` does not have. */
export function stubImports(
  module: ValidModule,
  supplied: Imports,
  trace: (line: string) => void,
): Imports {
  const stubs = new Map<string, Map<string, ExternInstance>>();
  const isSupplied = (from: string, name: string) => supplied.get(from)?.get(name) !== undefined;
  for (const { module: from, name, type } of missingFunctions(module, isSupplied)) {
    const func = stub(`${from}.${name}`, module.context.defTypes[type]!, trace);
    const names = stubs.get(from) ?? new Map<string, ExternInstance>();
    stubs.set(from, names.set(name, { kind: "func", func }));
  }
  return stubs;
}

function stub(label: string, type: DefType, trace: (line: string) => void): FuncInstance {
  const comp = type.sub.comp as FuncType<DefType>;
  const zeros = zerosOf(comp, label);
  const answer = zeros.length === 0 ? "" : ` -> ${formatValues(zeros, comp.results)}`;
  return FuncInstance.host(type, label, (args) => {
    trace(`stub ${label}(${formatValues(args, comp.params).replaceAll(" ", ", ")})${answer}`);
    return zeros;
  });
}
