// The context C of the validation rules: the module's index spaces with imports
// first, and subtyping between types of this module. A `ValidModule` carries it,
// so that nobody who runs or analyses a module builds it again.
// Spec: https://webassembly.github.io/spec/core/valid/conventions.html#contexts

import type { Module } from "../syntax/module.js";
import type {
  AbsHeapType,
  CompType,
  FuncType,
  GlobalType,
  HeapType,
  MemoryType,
  RefType,
  TableType,
  TagType,
  ValType,
} from "../syntax/types.js";
import { InvalidError, type ModuleLocation } from "../util/errors.js";
import { closeHeapType, type DefType } from "./deftypes.js";
import { matchesHeapType } from "./matching.js";
import type { OperandType } from "./visitor.js";

export interface ModuleContext {
  /** The module's types, closed; same indices as `Module.types`. */
  readonly defTypes: readonly DefType[];
  /** Type index of every function. In this and all below, imports come first. */
  readonly funcs: readonly number[];
  /** Imported functions that may be of a subtype of their type. */
  readonly inexactFuncs: ReadonlySet<number>;
  readonly tables: readonly TableType[];
  readonly memories: readonly MemoryType[];
  readonly globals: readonly GlobalType[];
  readonly tags: readonly TagType[];
  /** Functions that `ref.func` may name in bodies: those that occur outside of bodies. */
  readonly declared: ReadonlySet<number>;
  /** Whether bodies are still to be validated, each at its first use: the others of a module are valid. */
  lazyBodies: boolean;
  /** Whether branches on casts go to any type of the hierarchy, or to subtypes only. */
  readonly unrelatedCasts: boolean;
}

declare const valid: unique symbol;

/** A module that `validate` has accepted; its bodies too, unless it was told to be lazy (`context.lazyBodies`). */
export type ValidModule = Module & { readonly context: ModuleContext; readonly [valid]: true };

/** Throws unless the condition holds. */
export function ensure(
  condition: boolean,
  reason: string,
  location: ModuleLocation = {},
): asserts condition {
  if (!condition) throw new InvalidError(reason, location);
}

/**
 * The function type at a type index, or undefined if it is out of bounds or another kind of type.
 * Expand_use/typeidx
 */
export function funcTypeAt(module: Module, index: number): FuncType | undefined {
  const comp: CompType | undefined = module.types[index]?.comp;
  return comp?.kind === "func" ? comp : undefined;
}

/** The type of a function, imports included. */
export const functionType = (module: ValidModule, index: number): FuncType =>
  funcTypeAt(module, module.context.funcs[index]!)!;

/** A non-null reference to nobody knows what: below all references. Its heap type is in no module. */
export const BOT_REF: RefType = { kind: "ref", nullable: false, heap: "bot" as AbsHeapType };

/**
 * Subtyping between types of one module, and validation's bottom types.
 * Valtype_sub/bot, Heaptype_sub/bot
 */
export function matches(defs: readonly DefType[], a: OperandType, b: ValType): boolean {
  if (a === b || a === "bot") return true;
  if (typeof b !== "object") return false;
  if (a === BOT_REF) return true;
  return typeof a === "object" && (b.nullable || !a.nullable) && matchesHeap(defs, a.heap, b.heap);
}

/** Heaptype_sub/typeidx-{l,r} */
export const matchesHeap = (defs: readonly DefType[], a: HeapType, b: HeapType): boolean =>
  a === b || matchesHeapType(closeHeapType(defs, a), closeHeapType(defs, b));

/** Defaultable, Nondefaultable: only nullable references and numbers have a value to start from. */
export const isDefaultable = (t: ValType): boolean => typeof t !== "object" || t.nullable;
