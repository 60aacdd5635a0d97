// Imports under Asyncify: the runtime's own functions, and what may unwind
// (Asyncify.cpp:585-624 and 1820-1831).

import { formatFuncType, type FuncType } from "../../syntax/types.js";
import { functionType, type ValidModule } from "../../valid/context.js";
import { RUNTIME_NAMES, type RuntimeName } from "./events.js";
import { EXTENSIONS } from "./extensions.js";
import { AsyncifyError, type AsyncifyOptions } from "./roles.js";
import { NameList } from "./wildcard.js";

/** `get_state` as an import is ours: Binaryen's header promises it (177-181), its code refuses it (596-598). */
const RUNTIME: readonly string[] = RUNTIME_NAMES;

/** Calls of these make a function top-most runtime, and can change the state. */
export const isTop = (name: RuntimeName | undefined): boolean =>
  name === "start_unwind" || name === "stop_rewind";
/** Calls of these make a function bottom-most runtime. */
export const isBottom = (name: RuntimeName | undefined): boolean =>
  name === "stop_unwind" || name === "start_rewind";

export interface ImportedFunction {
  /** `module.base` */
  readonly name: string;
  readonly runtime?: RuntimeName;
  readonly canChangeState: boolean;
  readonly reason: string;
}

/**
 * @param pointer the address type of the memory that holds the records
 * @throws AsyncifyError for an import from `asyncify` that does not exist there
 */
export function classifyImports(
  module: ValidModule,
  options: AsyncifyOptions,
  pointer: "i32" | "i64",
): readonly ImportedFunction[] {
  const list = new NameList(options.imports);
  const result: ImportedFunction[] = [];
  for (const imported of module.imports) {
    if (imported.description.kind !== "func") continue;
    const name = `${imported.module}.${imported.name}`;
    if (imported.module === "asyncify") {
      const runtime = checkRuntime(module, result.length, imported.name, pointer);
      if (runtime === "get_state" && options.strict === true) {
        throw new AsyncifyError(EXTENSIONS.get_state, { name, func: result.length });
      }
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

function checkRuntime(
  module: ValidModule,
  func: number,
  name: string,
  pointer: "i32" | "i64",
): RuntimeName {
  if (!RUNTIME.includes(name)) {
    throw new AsyncifyError(
      `the asyncify runtime has no such function, but ${RUNTIME.join(", ")} (Asyncify.cpp:596)`,
      { name: `import asyncify.${name}`, func },
    );
  }
  const expected = formatFuncType(runtimeType(name as RuntimeName, pointer));
  const actual = formatFuncType(functionType(module, func));
  if (expected !== actual) {
    throw new AsyncifyError(`is a function ${expected}, not ${actual}`, {
      name: `import asyncify.${name}`,
      func,
    });
  }
  return name as RuntimeName;
}

/** The type of a runtime function: pointers are of the address type of the records' memory. */
export const runtimeType = (name: RuntimeName, pointer: "i32" | "i64"): FuncType => ({
  kind: "func",
  params: name.startsWith("start_") ? [pointer] : [],
  results: name === "get_state" ? ["i32"] : [],
});
