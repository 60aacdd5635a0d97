// Which function of the plain module each function of its twin was.

import { functionName, functionTypeIndex, importsOf, type Module } from "../syntax/module.js";
import { formatFuncType } from "../syntax/types.js";
import { TwinError } from "../observe/twin-parts.js";

/**
 * The plain index of every defined function of the twin but the runtime ones. The pass
 * keeps the order of functions; where that does not fit, names decide.
 * @throws TwinError where neither does
 */
export function mapFunctions(
  plain: Module,
  twin: Module,
  runtime: ReadonlyMap<number, unknown>,
): ReadonlyMap<number, number> {
  const own = twin.functions
    .map((_, i) => twin.imported.func + i)
    .filter((index) => !runtime.has(index));
  const byOrder = new Map(own.map((index, i) => [index, plain.imported.func + i]));
  const wrong =
    own.length === plain.functions.length
      ? [...byOrder].find(([t, p]) => !alike(plain, p, twin, t))
      : undefined;
  if (own.length === plain.functions.length && wrong === undefined) return byOrder;
  const names = new Map<string, number>();
  plain.functions.forEach((_, i) => {
    const index = plain.imported.func + i;
    names.set(functionName(plain, index), index);
  });
  return new Map(
    own.map((index) => {
      const name = functionName(twin, index);
      const found = names.get(name);
      if (found === undefined || signature(plain, found) !== signature(twin, index)) {
        throw new TwinError(
          `not a twin of the plain module: its ${own.length} functions are not the plain ` +
            `module's ${plain.functions.length}, in order or by name (${name})`,
        );
      }
      return [index, found];
    }),
  );
}

/** Whether two functions can be the same one: their types, exports and names agree. */
function alike(plain: Module, p: number, twin: Module, t: number): boolean {
  const named = [plain.names.functions.get(p), twin.names.functions.get(t)];
  if (named[0] !== undefined && named[1] !== undefined && named[0] !== named[1]) return false;
  return signature(plain, p) === signature(twin, t) && exportsOf(plain, p) === exportsOf(twin, t);
}

const exportsOf = (module: Module, index: number): string =>
  module.exports
    .filter((e) => e.kind === "func" && e.index === index)
    .map((e) => e.name)
    .sort()
    .join();

function signature(module: Module, index: number): string {
  const { comp } = module.types[functionTypeIndex(module, index)]!;
  return comp.kind === "func" ? formatFuncType(comp) : comp.kind;
}

/** The twin must want from its host what the plain module wants, but for asyncify itself. */
export function checkImports(plain: Module, twin: Module): void {
  const wanted = new Set(importsOf(plain, "func").map((i) => `${i.module}.${i.name}`));
  for (const { module, name } of importsOf(twin, "func")) {
    if (!wanted.has(`${module}.${name}`))
      throw new TwinError(`not a twin: it imports ${module}.${name}, the plain module does not`);
  }
}
