// Makes the instrumented twin of a module with Binaryen, an optional peer: Bobbin
// itself needs it only to compare.

import type { AsyncifyOptions } from "../fiber/asyncify/roles.js";
import { UsageError } from "../util/errors.js";

/**
 * What `wasm-opt --asyncify --optimize-level=N` makes of a module, names kept.
 * @throws UsageError where Binaryen is not installed, or refuses
 */
export async function makeTwin(
  bytes: Uint8Array,
  options: AsyncifyOptions,
  optimizeLevel: number,
): Promise<Uint8Array> {
  const { default: binaryen } = await import("binaryen").catch(() => {
    throw new UsageError(
      "making a twin needs binaryen: npm install binaryen, or give one with --twin FILE",
    );
  });
  let module: ReturnType<typeof binaryen.readBinary> | undefined;
  try {
    module = binaryen.readBinary(bytes);
    binaryen.setOptimizeLevel(optimizeLevel);
    binaryen.setShrinkLevel(0);
    binaryen.setDebugInfo(true);
    binaryen.clearPassArguments();
    for (const [name, value] of passArguments(options)) binaryen.setPassArgument(name, value);
    module.runPasses(["asyncify"]);
    return module.emitBinary();
  } catch (error) {
    throw new UsageError(`binaryen made no twin: ${String(error)}`);
  } finally {
    module?.dispose();
  }
}

function passArguments(options: AsyncifyOptions): [name: string, value: string][] {
  const lists = [
    ["asyncify-imports", options.imports],
    ["asyncify-removelist", options.removeList],
    ["asyncify-addlist", options.addList],
    ["asyncify-onlylist", options.onlyList],
  ] as const;
  const flags = [
    ["asyncify-ignore-imports", options.ignoreImports],
    ["asyncify-ignore-indirect", options.ignoreIndirect],
    ["asyncify-propagate-addlist", options.propagateAddList],
  ] as const;
  return [
    ...lists.flatMap(([name, list]): [string, string][] =>
      list === undefined ? [] : [[name, list.join(",")]],
    ),
    ...flags.flatMap(([name, set]): [string, string][] => (set === true ? [[name, "1"]] : [])),
  ];
}
