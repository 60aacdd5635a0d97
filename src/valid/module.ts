// Validity of everything in a module outside of function bodies: index spaces,
// initialisers, segments, exports. Builds the context on the way.
// Spec: https://webassembly.github.io/spec/core/valid/modules.html

import {
  importsOf,
  type ElementSegment,
  type Export,
  type ExternKind,
  type Module,
  type SegmentMode,
} from "../syntax/module.js";
import type { ValType } from "../syntax/types.js";
import { InvalidError } from "../util/errors.js";
import { checkExpression } from "./constants.js";
import {
  functionType,
  funcTypeAt,
  isDefaultable,
  ensure,
  type ModuleContext,
  type ValidModule,
} from "./context.js";
import { FunctionValidator } from "./function.js";
import { checkMemoryLimits, checkTableType, checkTypes, checkValType } from "./types.js";

/** Module_ok: without the bodies. The result is a valid module only once they are checked too. */
export function checkModule(module: Module, unrelatedCasts: boolean): ValidModule {
  const declared = new Set<number>();
  const space = <T>(kind: Exclude<ExternKind, "func">, defined: readonly T[]): readonly T[] => [
    ...importsOf(module, kind).map((i) => i.description.type as T),
    ...defined,
  ];
  const context: ModuleContext = {
    defTypes: checkTypes(module),
    funcs: [
      ...importsOf(module, "func").map((i) => i.description.type),
      ...module.functions.map((f) => f.type),
    ],
    inexactFuncs: new Set(
      importsOf(module, "func").flatMap((i, index) => (i.description.exact ? [] : [index])),
    ),
    tables: space(
      "table",
      module.tables.map((t) => t.type),
    ),
    memories: space("memory", module.memories),
    globals: space(
      "global",
      module.globals.map((g) => g.type),
    ),
    tags: space("tag", module.tags),
    declared,
    lazyBodies: true,
    unrelatedCasts,
  };
  checkExternTypes(module, context);

  // In this order all valid modules are of one shape to the engine.
  const valid = { context, ...module } as ValidModule;
  const v = new FunctionValidator(valid);
  checkGlobals(v, declared);
  checkTables(v, declared);
  checkElements(v, declared);
  checkDatas(v, declared);
  checkExports(valid, declared);
  checkStart(valid);
  return valid;
}

/**
 * Externtype_ok/{tag,global,mem,table,func}, Globaltype_ok: of imports and definitions alike.
 * Import_ok, Tag_ok, Mem_ok
 */
function checkExternTypes(module: Module, context: ModuleContext): void {
  for (const index of [...context.funcs, ...context.tags.map((tag) => tag.type)]) {
    ensure(index < module.types.length, `unknown type ${index}`);
    ensure(funcTypeAt(module, index) !== undefined, `non-function type ${index}`);
  }
  for (const table of context.tables) checkTableType(module, table);
  for (const memory of context.memories) checkMemoryLimits(memory.limits);
  for (const global of context.globals) checkValType(module, global.type);
}

/** Global_ok, Globals_ok/{empty,cons}: an initialiser sees the globals before its own. */
function checkGlobals(v: FunctionValidator, declared: Set<number>): void {
  const { globals, imported } = v.module;
  globals.forEach(({ type, init }, i) => {
    checkExpression(
      v,
      { expression: init, type: type.type },
      { globals: imported.global + i, declared },
    );
  });
}

/** Table_ok: tables come before globals, so initialisers see imported ones only. */
function checkTables(v: FunctionValidator, declared: Set<number>): void {
  const { tables, imported } = v.module;
  for (const { type, init } of tables) {
    if (init !== undefined) {
      const constant = { expression: init, type: type.element };
      checkExpression(v, constant, { globals: imported.global, declared });
    } else {
      ensure(isDefaultable(type.element), "type mismatch: table needs an initial value");
    }
  }
}

/** Elem_ok */
function checkElements(v: FunctionValidator, declared: Set<number>): void {
  for (const segment of v.module.elements) {
    checkValType(v.module, segment.type);
    checkElementMode(v, segment, declared);
    for (const index of segment.funcs ?? []) {
      requireIndex(v.module.context.funcs, index, "function", segment.offset);
      declared.add(index);
    }
    for (const expression of segment.expressions ?? []) {
      checkExpression(v, { expression, type: segment.type }, { declared });
    }
  }
}

/** Elemmode_ok/{passive,declare,active} */
function checkElementMode(
  v: FunctionValidator,
  { mode, type, offset }: ElementSegment,
  declared: Set<number>,
): void {
  if (mode.kind !== "active") return;
  const table = requireIndex(v.module.context.tables, mode.index, "table", offset);
  ensure(v.matches(type, table.element), "type mismatch: elements do not fit into the table", {
    offset,
  });
  checkOffset(v, mode, table.limits.address, declared);
}

/** Data_ok, Datamode_ok/{passive,active} */
function checkDatas(v: FunctionValidator, declared: Set<number>): void {
  for (const { mode, offset } of v.module.datas) {
    if (mode.kind !== "active") continue;
    const memory = requireIndex(v.module.context.memories, mode.index, "memory", offset);
    checkOffset(v, mode, memory.limits.address, declared);
  }
}

function checkOffset(
  v: FunctionValidator,
  mode: Extract<SegmentMode, { kind: "active" }>,
  address: ValType,
  declared: Set<number>,
): void {
  checkExpression(v, { expression: mode.offset, type: address }, { declared });
}

/** Export_ok, Externidx_ok/{tag,global,mem,table,func}: and names are distinct. */
function checkExports(module: ValidModule, declared: Set<number>): void {
  const { funcs, tables, memories, globals, tags } = module.context;
  const spaces: Record<Export["kind"], readonly unknown[]> = {
    func: funcs,
    table: tables,
    memory: memories,
    global: globals,
    tag: tags,
  };
  const names = new Set<string>();
  for (const { name, kind, index } of module.exports) {
    requireIndex(spaces[kind], index, kind === "func" ? "function" : kind);
    ensure(!names.has(name), `duplicate export name: ${JSON.stringify(name)}`);
    names.add(name);
    if (kind === "func") declared.add(index);
  }
}

/** Start_ok */
function checkStart(module: ValidModule): void {
  const { start } = module;
  if (start === undefined) return;
  requireIndex(module.context.funcs, start, "function");
  const { params, results } = functionType(module, start);
  ensure(
    params.length === 0 && results.length === 0,
    "start function: must have neither parameters nor results",
    {
      func: start,
    },
  );
}

function requireIndex<T>(space: readonly T[], index: number, what: string, offset?: number): T {
  if (index < space.length) return space[index]!;
  throw new InvalidError(`unknown ${what} ${index}`, offset === undefined ? {} : { offset });
}
