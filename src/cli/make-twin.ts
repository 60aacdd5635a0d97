// Makes the instrumented twin of a module with Binaryen, an optional peer: Bobbin
// itself needs it only to compare.

import { type AsyncifyOptions, passArguments } from "../fiber/asyncify/options.js";
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
    // Else it declares no functions that only `ref.func` names.
    module.setFeatures(module.getFeatures() | binaryen.Features.ReferenceTypes);
    binaryen.setOptimizeLevel(optimizeLevel);
    binaryen.setShrinkLevel(0);
    binaryen.setDebugInfo(true);
    binaryen.clearPassArguments();
    for (const [name, value] of passArguments(options)) binaryen.setPassArgument(name, value);
    module.runPasses(["asyncify"]);
    // Binaryen leaves its own memory where nobody can reach it.
    if (options.inSecondaryMemory === true)
      module.addMemoryExport("asyncify_memory", "asyncify_memory");
    return module.emitBinary();
  } catch (error) {
    throw new UsageError(`binaryen made no twin: ${String(error)}`);
  } finally {
    module?.dispose();
  }
}
