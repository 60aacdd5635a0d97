// Instantiation: a module and its imports become a module instance.
// Spec: https://webassembly.github.io/spec/core/exec/modules.html#instantiation

import type { ElementSegment, Import, SegmentMode } from "../syntax/module.js";
import { functionName } from "../syntax/module.js";
import type { Limits } from "../syntax/types.js";
import { formatFuncType, formatValType } from "../syntax/types.js";
import { bitsOf, wordsOfBits } from "../syntax/vectors.js";
import {
  type ExternInstance,
  FuncInstance,
  GlobalInstance,
  type Imports,
  ModuleInstance,
  TableInstance,
  TagInstance,
} from "../runtime/instances.js";
import { MemoryInstance } from "../runtime/memory.js";
import { Trap } from "../runtime/traps.js";
import type { Reference, Value } from "../runtime/values.js";
import { LinkError } from "../util/errors.js";
import { closeGlobalType, closeTableType } from "../valid/deftypes.js";
import {
  matchesDefType,
  matchesGlobalType,
  matchesMemoryType,
  matchesTableType,
} from "../valid/matching.js";
import type { Constant, ValidModule } from "../valid/validate.js";
import { evaluate, evaluateAll } from "./constants.js";
import type { Machine } from "./machine.js";

/**
 * Instantiates a module. Imports, by name or in the module's order, are checked before
 * anything is made; active segments are written, and the start function runs on `machine`.
 * `onAllocated` sees the instance before any of its code or segments take effect.
 * `natives` stand in for functions that the module defines, by function index: calls,
 * tables and exports all reach them.
 * @throws LinkError for a missing or mismatched import; Trap from segments and start
 */
export function instantiate(
  machine: Machine,
  module: ValidModule,
  imports: Imports | readonly ExternInstance[] = new Map(),
  onAllocated?: (instance: ModuleInstance) => void,
  natives: ReadonlyMap<number, FuncInstance> = new Map(),
): ModuleInstance {
  const instance = allocate(module, imports, onAllocated, natives);
  machine.observer?.instantiated?.(instance);
  if (module.start !== undefined) {
    const start = instance.funcs[module.start]!;
    machine.invoke(start, []);
  }
  return instance;
}

/** The same but for the start function, which is not called. @throws as `instantiate` */
export function allocate(
  module: ValidModule,
  imports: Imports | readonly ExternInstance[],
  onAllocated?: (instance: ModuleInstance) => void,
  natives: ReadonlyMap<number, FuncInstance> = new Map(),
): ModuleInstance {
  const instance = new ModuleInstance(module, module.context.defTypes);
  module.imports.forEach((wanted, i) => link(instance, wanted, given(imports, wanted, i)));
  define(instance, natives);
  addExports(instance);
  onAllocated?.(instance);
  writeSegments(instance);
  return instance;
}

const given = (
  imports: Imports | readonly ExternInstance[],
  { module, name }: Import,
  index: number,
): ExternInstance | undefined =>
  "get" in imports ? imports.get(module)?.get(name) : imports[index];

/**
 * Gives an instance what it imports next, held against the wanted type.
 * Externaddr_ok/{tag,global,mem,table,func,sub}, Externtype_sub/{tag,global,mem,table,func}, Tagtype_sub
 */
export function link(
  instance: ModuleInstance,
  wanted: Import,
  given: ExternInstance | undefined,
): void {
  const { module, name, description } = wanted;
  const label = `import ${module}.${name}`;
  if (given === undefined)
    throw new LinkError(`unknown import: ${label} (${describe(instance, wanted)}) is not supplied`);
  const mismatch = (found: string) =>
    new LinkError(
      `incompatible import type: ${label} wants ${describe(instance, wanted)}, got ${found}`,
    );
  const defs = instance.types;
  if (given.kind === "func" && description.kind === "func") {
    const type = defs[description.type]!;
    const { func } = given;
    if (description.exact ? func.type !== type : !matchesDefType(func.type, type))
      throw mismatch(describeExtern(given));
    instance.funcs.push(given.func);
  } else if (given.kind === "table" && description.kind === "table") {
    const { limits, element } = given.table.type;
    const now = { element, limits: { ...limits, min: BigInt(given.table.elements.length) } };
    if (!matchesTableType(now, closeTableType(defs, description.type)))
      throw mismatch(describeExtern(given));
    instance.tables.push(given.table);
  } else if (given.kind === "memory" && description.kind === "memory") {
    const now = { limits: { ...given.memory.type.limits, min: BigInt(given.memory.pages) } };
    if (!matchesMemoryType(now, description.type)) throw mismatch(describeExtern(given));
    instance.memories.push(given.memory);
  } else if (given.kind === "global" && description.kind === "global") {
    if (!matchesGlobalType(given.global.type, closeGlobalType(defs, description.type)))
      throw mismatch(describeExtern(given));
    instance.globals.push(given.global);
  } else if (given.kind === "tag" && description.kind === "tag") {
    if (given.tag.type !== defs[description.type.type]) throw mismatch(describeExtern(given));
    instance.tags.push(given.tag);
  } else {
    throw mismatch(describeExtern(given));
  }
}

/** Makes the functions, memories, tags, globals, tables and segments that the module defines. */
function define(instance: ModuleInstance, natives: ReadonlyMap<number, FuncInstance>): void {
  const { module, types } = instance;
  for (const { type } of module.functions) {
    const index = instance.funcs.length;
    instance.funcs.push(
      natives.get(index) ??
        FuncInstance.wasm(types[type]!, functionName(module, index), instance, index),
    );
  }
  for (const type of module.memories) {
    instance.memories.push(within(() => new MemoryInstance(type)));
  }
  for (const { type } of module.tags) instance.tags.push(new TagInstance(types[type]!));
  for (const { type, init } of module.globals) {
    const global = new GlobalInstance(closeGlobalType(types, type));
    setGlobal(global, evaluate(instance, init, type.type));
    instance.globals.push(global);
  }
  for (const { type, init } of module.tables) {
    const first = init === undefined ? null : referenceOf(evaluate(instance, init, type.element));
    const closed = closeTableType(types, type);
    instance.tables.push(within(() => new TableInstance(closed, first)));
  }
  for (const segment of module.elements) instance.elems.push(elementsOf(instance, segment));
  for (const { start, end } of module.datas) instance.datas.push(module.bytes.subarray(start, end));
}

/** What is too large for this host, or for Bobbin, cannot be linked. */
function within<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new LinkError(error.message, { cause: error });
    throw error;
  }
}

function elementsOf(instance: ModuleInstance, segment: ElementSegment): Reference[] {
  const { funcs, expressions, type } = segment;
  return funcs !== undefined
    ? funcs.map((index) => instance.funcs[index]!)
    : evaluateAll(
        instance,
        expressions!.map((expression) => ({ expression, type })),
      ).map(referenceOf);
}

/** Writes active segments, in order, and drops them and the declarative ones. */
function writeSegments(instance: ModuleInstance): void {
  const { elements, datas } = instance.module;
  const starts = offsetsOf(instance, elements, instance.tables);
  elements.forEach(({ mode }, i) => {
    if (mode.kind === "active") {
      const table = instance.tables[mode.index]!;
      const at = starts[i]!;
      const values = instance.elems[i]!;
      if (at + values.length > table.elements.length) {
        throw new Trap(
          "out of bounds table access",
          `element segment ${i} at index ${at} of ${table.elements.length}`,
        );
      }
      values.forEach((element, k) => (table.elements[at + k] = element));
    }
    if (mode.kind !== "passive") instance.elems[i] = [];
  });
  const addresses = offsetsOf(instance, datas, instance.memories);
  datas.forEach(({ mode }, i) => {
    if (mode.kind !== "active") return;
    const memory = instance.memories[mode.index]!;
    const at = addresses[i]!;
    const bytes = instance.datas[i]!;
    memory.check(at, bytes.length);
    memory.part(at, bytes.length).set(bytes);
    instance.datas[i] = DROPPED;
  });
}

const DROPPED = new Uint8Array();

/**
 * Where each active segment goes; those that are not have no offset. No segment changes
 * another's: these are constants.
 */
function offsetsOf(
  instance: ModuleInstance,
  segments: readonly { readonly mode: SegmentMode }[],
  targets: readonly { readonly type: { readonly limits: Limits } }[],
): number[] {
  const offsets: number[] = [];
  const constants: Constant[] = [];
  for (const { mode } of segments) {
    if (mode.kind !== "active") continue;
    const { address } = targets[mode.index]!.type.limits;
    constants.push({ expression: mode.offset, type: address });
  }
  const values = evaluateAll(instance, constants).values();
  for (const { mode } of segments)
    offsets.push(mode.kind === "active" ? addressOf(values.next().value!) : -1);
  return offsets;
}

const addressOf = (value: Value): number =>
  value.type === "i32"
    ? value.value >>> 0
    : Number(BigInt.asUintN(64, (value as Value & { type: "i64" }).value));

const referenceOf = (value: Value): Reference => (value as Value & { type: "ref" }).ref;

/** Stores a value of the global's type. */
export function setGlobal(global: GlobalInstance, value: Value): void {
  if (value.type === "ref") global.ref = value.ref;
  else if (value.type === "i32") global.words[0] = value.value;
  else if (value.type === "f32") global.words[0] = value.bits;
  else if (value.type === "v128") global.words.set(wordsOfBits(value.bits));
  else {
    const bits = value.type === "i64" ? value.value : value.bits;
    global.words[0] = Number(BigInt.asIntN(32, bits));
    global.words[1] = Number(BigInt.asIntN(32, bits >> 32n));
  }
}

/** The global's current value. */
export function getGlobal(global: GlobalInstance): Value {
  const low = global.words[0]!;
  const bits = () => (BigInt(global.words[1]!) << 32n) | BigInt(low >>> 0);
  switch (global.type.type) {
    case "i32":
      return { type: "i32", value: low };
    case "f32":
      return { type: "f32", bits: low >>> 0 };
    case "i64":
      return { type: "i64", value: bits() };
    case "f64":
      return { type: "f64", bits: BigInt.asUintN(64, bits()) };
    case "v128":
      return { type: "v128", bits: bitsOf(global.words) };
    default:
      return { type: "ref", ref: global.ref };
  }
}

/** Fills the exports from what the instance has. */
export function addExports(instance: ModuleInstance): void {
  for (const { name, kind, index } of instance.module.exports)
    instance.exports.set(name, externAt(instance, kind, index));
}

function externAt(
  instance: ModuleInstance,
  kind: ExternInstance["kind"],
  index: number,
): ExternInstance {
  switch (kind) {
    case "func":
      return { kind, func: instance.funcs[index]! };
    case "table":
      return { kind, table: instance.tables[index]! };
    case "memory":
      return { kind, memory: instance.memories[index]! };
    case "global":
      return { kind, global: instance.globals[index]! };
    case "tag":
      return { kind, tag: instance.tags[index]! };
  }
}

function describe(instance: ModuleInstance, { description }: Import): string {
  switch (description.kind) {
    case "func":
      return `${description.exact ? "exact " : ""}func ${formatFuncType(instance.module.types[description.type]!.comp as never)}`;
    case "global":
      return `global ${description.type.mutable ? "mut " : ""}${formatValType(description.type.type)}`;
    case "table":
      return `table ${formatLimits(description.type.limits)} ${formatValType(description.type.element)}`;
    case "memory":
      return `memory ${formatLimits(description.type.limits)}`;
    case "tag":
      return "tag";
  }
}

function describeExtern(given: ExternInstance): string {
  switch (given.kind) {
    case "func":
      return `func ${formatFuncType(given.func.signature)}`;
    case "global":
      return `global ${given.global.type.mutable ? "mut " : ""}${formatValType(given.global.type.type)}`;
    case "table":
      return `table ${given.table.elements.length} ${formatLimits(given.table.type.limits)} ${formatValType(given.table.type.element)}`;
    case "memory":
      return `memory of ${given.memory.pages} pages, ${formatLimits(given.memory.type.limits)}`;
    case "tag":
      return "another tag";
  }
}

const formatLimits = ({ min, max }: { min: bigint; max?: bigint }): string =>
  `${min}..${max ?? ""}`;
