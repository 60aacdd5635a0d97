// What is watched: how people write it, what it holds, and what of it changed.

import type { FiberView } from "../exec/fiber.js";
import { getGlobal } from "../exec/instantiate.js";
import { codeOf } from "../exec/lower.js";
import { readSlot } from "../exec/slots.js";
import type { Place } from "../exec/writers.js";
import type { ModuleInstance } from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import { functionName } from "../syntax/module.js";
import { identifier } from "../text/identifiers.js";
import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import { evaluate, type Scope } from "./evaluate.js";
import { MEMORY_TYPES, type MemoryType, isMemoryType, parseExpression } from "./expression.js";
import { localsOf } from "./views.js";

/** Plain data: indices are those of the module. */
export type WatchTarget =
  /** `type`: how to show it, where that is known. */
  | { readonly kind: "memory"; readonly memory: number; readonly address: number; readonly size: number; readonly type?: MemoryType } // prettier-ignore
  | { readonly kind: "table"; readonly table: number; readonly index: number; readonly size: number } // prettier-ignore
  | { readonly kind: "global"; readonly index: number }
  /** `depth` counts frames from the outermost of all fibers that wait for it, the frame included. */
  | { readonly kind: "local"; readonly func: number; readonly index: number; readonly depth: number }; // prettier-ignore

/** What a place holds: the bytes of a memory, or values. Null where the frame is not there. */
export type Content = Uint8Array | readonly Value[] | null;

/**
 * @param text a local or global (`$x`, `local0`, `global0`), a typed piece of memory `i32[0x100]`,
 * an address with a length in bytes `0x100 16`, or elements of a table `table0[3] 2`
 * @throws UsageError
 */
export function watchTarget(text: string, scope: Scope): WatchTarget {
  const [, table, index, count] = /^table(\d*)\[(.+)\](?:\s+(\d+))?$/.exec(text) ?? [];
  if (index !== undefined) return tableTarget(Number(table), index, Number(count ?? 1), scope);
  const [, type, address] = /^([a-z]\d+)\[(.+)\]$/.exec(text) ?? [];
  if (type !== undefined && isMemoryType(type))
    return memoryTarget(addressOf(address!, scope), MEMORY_TYPES[type], scope, type);
  const variable = variableTarget(text, scope);
  if (variable !== null) return variable;
  const [, from = text, length = "1"] = /^(.*\S)\s+(\d+|0x[\da-f]+)$/i.exec(text) ?? [];
  return memoryTarget(addressOf(from, scope), Number(length), scope);
}

function variableTarget(text: string, { instance, fiber, level }: Scope): WatchTarget | null {
  const [, kind, digits] = /^(local|global)(\d+)$/.exec(text) ?? [];
  const [, name] = /^\$"?([^"]+)"?$/.exec(text) ?? [];
  if (fiber !== null && fiber.depth > level) {
    const { func } = fiber.frames[fiber.depth - 1 - level]!;
    const local = localsOf(fiber, level).find((l) =>
      kind === "local" ? l.index === Number(digits) : l.name === name,
    );
    if (local !== undefined && (kind === "local" || name !== undefined)) {
      const depth = fiber.below + fiber.depth - level;
      return { kind: "local", func: func.index, index: local.index, depth };
    }
  }
  if (kind === "local") throw new UsageError(`the frame has no ${text}`);
  const { names, exports } = instance.module;
  const index =
    kind === "global"
      ? Number(digits)
      : ([...names.globals].find(([, known]) => known === name)?.[0] ??
        exports.find((e) => e.kind === "global" && e.name === name)?.index);
  if (index === undefined) {
    if (name === undefined) return null;
    throw new UsageError(`${text} is no local of the frame, and no global`);
  }
  if (index >= instance.globals.length)
    throw new UsageError(`there are ${instance.globals.length} globals`);
  return { kind: "global", index };
}

function addressOf(text: string, scope: Scope): number {
  const address = evaluate(parseExpression(text), scope);
  if (typeof address === "object") throw new UsageError(`${text} is a reference, not an address`);
  const at = Number(address);
  return at < 0 ? at + 2 ** 32 : at;
}

function memoryTarget(
  address: number,
  size: number,
  { instance }: Scope,
  type?: MemoryType,
): WatchTarget {
  const memory = instance.memories[0];
  if (memory === undefined) throw new UsageError("the module has no memory");
  if (!Number.isSafeInteger(address) || size < 1 || address + size > memory.view.byteLength)
    throw new UsageError(
      `${size} bytes at ${hex(address)} are out of bounds: memory has ${hex(memory.view.byteLength)}`,
    );
  return { kind: "memory", memory: 0, address, size, ...(type && { type }) };
}

function tableTarget(table: number, index: string, size: number, scope: Scope): WatchTarget {
  const found = scope.instance.tables[table];
  if (found === undefined) throw new UsageError(`there is no table ${table}`);
  const at = addressOf(index, scope);
  if (at + size > found.elements.length)
    throw new UsageError(`the table has ${found.elements.length} elements`);
  return { kind: "table", table, index: at, size };
}

/** `$x of f`, `$count`, `i32[0x100]`, `16 bytes at 0x100`, `table0[3]` */
export function targetText(target: WatchTarget, { module }: ModuleInstance): string {
  switch (target.kind) {
    case "memory": {
      const { address, size, type } = target;
      if (type !== undefined) return `${type}[${hex(address)}]`;
      return `${size} ${size === 1 ? "byte" : "bytes"} at ${hex(address)}`;
    }
    case "table":
      return `table${target.table}[${target.index}]${target.size === 1 ? "" : ` ${target.size}`}`;
    case "global": {
      const name = module.names.globals.get(target.index);
      return name === undefined ? `global${target.index}` : identifier(name);
    }
    case "local": {
      const { func, index } = target;
      const name = module.names.locals.get(func)?.get(index);
      const local = name === undefined ? `local${index}` : identifier(name);
      return `${local} of ${functionName(module, func)}`;
    }
  }
}

/** What a target is in an instance. */
export function placeOf(target: WatchTarget, instance: ModuleInstance): Place {
  const { memories, tables, globals, funcs } = instance;
  switch (target.kind) {
    case "memory":
      return { kind: "memory", memory: memories[target.memory]!, address: target.address, size: target.size }; // prettier-ignore
    case "table":
      return { kind: "table", table: tables[target.table]!, index: target.index, size: target.size }; // prettier-ignore
    case "global":
      return { kind: "global", global: globals[target.index]! };
    case "local":
      return { kind: "local", func: funcs[target.func]!, local: target.index, depth: target.depth };
  }
}

/** What a place holds now; of a local, where `fiber` is the innermost of those that wait for each other. */
export function contentOf(place: Place, fiber: FiberView | null): Content {
  switch (place.kind) {
    case "memory":
      return place.memory.part(place.address, place.size).slice();
    case "table":
      return place.table.elements
        .slice(place.index, place.index + place.size)
        .map((ref) => ({ type: "ref", ref }));
    case "global":
      return [getGlobal(place.global)];
    case "local": {
      for (let at = fiber; at !== null; at = at.parent) {
        const frame = at.frames[place.depth - at.below - 1];
        if (place.depth <= at.below) continue;
        if (place.depth > at.below + at.depth || frame?.func !== place.func) return null;
        const { localTypes, localOffsets } = codeOf(place.func);
        return [readSlot(at, frame.fp + localOffsets[place.local]!, localTypes[place.local]!)];
      }
      return null;
    }
  }
}

export function sameContent(a: Content, b: Content): boolean {
  if (a === null || b === null) return a === b;
  if (a instanceof Uint8Array)
    return b instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i]);
  return !(b instanceof Uint8Array) && a.length === b.length && a.every((v, i) => sameValue(v, b[i]!)); // prettier-ignore
}

function sameValue(a: Value, b: Value): boolean {
  if (a.type === "ref") return b.type === "ref" && a.ref === b.ref;
  const bits = (value: Value) => ("bits" in value ? value.bits : "value" in value ? value.value : null); // prettier-ignore
  return a.type === b.type && bits(a) === bits(b);
}
