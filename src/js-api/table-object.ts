// `WebAssembly.Table`.
// Spec: https://webassembly.github.io/spec/js-api/#tables

import { TableInstance } from "../runtime/instances.js";
import type { Reference } from "../runtime/values.js";
import type { RefType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import {
  finishInterface,
  required,
  type Size,
  sizeOf,
  toAddressType,
  toDictionary,
  toIndex,
  toLimits,
} from "./idl.js";
import { tables } from "./slots.js";
import { refuseHidden, toValueType } from "./values.js";
import type { World } from "./world.js";

const LARGEST = { i32: 2n ** 32n - 1n, i64: 2n ** 64n - 1n } as const;

export const tableInterface = (world: World) =>
  finishInterface(
    "Table",
    class Table {
      constructor(descriptor: unknown, ...given: unknown[]) {
        const members = toDictionary(descriptor, "the descriptor of a table");
        const element = toValueType(required(members["element"], "element"));
        if (typeof element !== "object") throw new TypeError("elements must be references");
        const address = toAddressType(members["address"]);
        const limits = toLimits(members, address, LARGEST[address]);
        const init = referenceOf(world, element, given);
        initTable(world, this, new TableInstance({ limits, element }, init));
      }

      get length(): Size {
        const { elements, type } = tables.demand(this);
        return sizeOf(elements.length, type.limits.address);
      }

      get(index: unknown): unknown {
        const table = tables.demand(this);
        refuseHidden(table.type.element);
        return world.toJs(table.elements[placeOf(table, index)]!);
      }

      set(index: unknown, ...given: unknown[]): void {
        const table = tables.demand(this);
        refuseHidden(table.type.element);
        const at = toIndex(index, table.type.limits.address);
        const reference = referenceOf(world, table.type.element, given);
        table.elements[within(table, at)] = reference;
      }

      grow(delta: unknown, ...given: unknown[]): Size {
        const table = tables.demand(this);
        const { address } = table.type.limits;
        const more = toIndex(delta, address);
        const old = table.grow(more, referenceOf(world, table.type.element, given));
        if (old < 0) throw new RangeError(`table cannot grow by ${more} elements`);
        return sizeOf(old, address);
      }
    },
  );

/** `object` becomes the table's one object in this world. */
export function initTable(world: World, object: object, table: TableInstance): void {
  tables.set(object, table);
  world.adopt(table, object);
}

const placeOf = (table: TableInstance, index: unknown): number =>
  within(table, toIndex(index, table.type.limits.address));

function within({ elements: { length } }: TableInstance, at: number): number {
  if (at >= length) throw new RangeError(`index ${at} in a table of ${length} elements`);
  return at;
}

/** A value that is left out is the type's default. */
function referenceOf(world: World, type: RefType<DefType>, given: readonly unknown[]): Reference {
  refuseHidden(type);
  if (given.length > 0) return world.toReference(given[0], type);
  return world.defaultReference(type);
}
