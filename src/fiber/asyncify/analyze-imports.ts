// Imports under Asyncify: the runtime's own functions, and what may unwind
// (Asyncify.cpp:585-624 and 1820-1831).

import { formatFuncType, type FuncType, type ValType } from "../../syntax/types.js";
import { functionType, type ValidModule } from "../../valid/context.js";
import { AsyncifyError, type AsyncifyOptions } from "./roles.js";
import { NameList } from "./wildcard.js";

export type RuntimeFunction =
  | "start_unwind"
  | "stop_unwind"
  | "start_rewind"
  | "stop_rewind"
  /** Ours: Binaryen's header promises this import (177-181), its code refuses it (596-598). */
  | "get_state";

const RUNTIME: readonly string[] = [
  "start_unwind",
  "stop_unwind",
  "start_rewind",
  "stop_rewind",
  "get_state",
] satisfies RuntimeFunction[];

/** Calls of these make a function top-most runtime, and can change the state. */
export const isTop = (name: RuntimeFunction | undefined): boolean =>
  name === "start_unwind" || name === "stop_rewind";
/** Calls of these make a function bottom-most runtime. */
export const isBottom = (name: RuntimeFunction | undefined): boolean =>
  name === "stop_unwind" || name === "start_rewind";

export interface ImportedFunction {
  /** `module.base` */
  readonly name: string;
  readonly runtime?: RuntimeFunction;
  readonly canChangeState: boolean;
  readonly reason: string;
}

/** @throws AsyncifyError for an import from `asyncify` that does not exist there */
export function classifyImports(
  module: ValidModule,
  options: AsyncifyOptions,
): readonly ImportedFunction[] {
  const list = new NameList(options.imports);
  const result: ImportedFunction[] = [];
  for (const imported of module.imports) {
    if (imported.description.kind !== "func") continue;
    const name = `${imported.module}.${imported.name}`;
    if (imported.module === "asyncify") {
      const runtime = checkRuntime(module, result.length, imported.name);
      const reason = "a function of the asyncify runtime";
      result.push({ name, runtime, canChangeState: isTop(runtime), reason });
    } else if (list.empty && options.ignoreImports !== true) {
      const reason = "imports may unwind (no import list given)";
      result.push({ name, canChangeState: true, reason });
    } else {
      const entry = list.match(name);
      const reason =
        entry !== undefined
          ? `in the import list (${entry})`
          : list.empty
            ? "imports are ignored"
            : "not in the import list";
      result.push({ name, canChangeState: entry !== undefined, reason });
    }
  }
  return result;
}

function checkRuntime(module: ValidModule, func: number, name: string): RuntimeFunction {
  if (!RUNTIME.includes(name)) {
    throw new AsyncifyError(
      `the asyncify runtime has no such function, but ${RUNTIME.join(", ")} (Asyncify.cpp:596)`,
      { name: `import asyncify.${name}`, func },
    );
  }
  // Pointers are of the memory's address type; which memory that is only one memory tells.
  const { memories } = module.context;
  const pointers: ValType[] =
    memories.length > 1 ? ["i32", "i64"] : [memories[0]?.limits.address ?? "i32"];
  const expected = pointers.map((pointer): FuncType => {
    const params = name.startsWith("start_") ? [pointer] : [];
    return { kind: "func", params, results: name === "get_state" ? ["i32"] : [] };
  });
  const actual = formatFuncType(functionType(module, func));
  if (!expected.some((type) => formatFuncType(type) === actual)) {
    throw new AsyncifyError(`is a function ${formatFuncType(expected[0]!)}, not ${actual}`, {
      name: `import asyncify.${name}`,
      func,
    });
  }
  return name as RuntimeFunction;
}
