// Changes that somebody at a debugger makes. They are part of the history like all that
// comes from outside: named in its log, and made again where the run goes again.

import { offsetOfPc, wordsOf } from "../exec/code.js";
import type { Fiber } from "../exec/fiber.js";
import { setGlobal } from "../exec/instantiate.js";
import { codeOf } from "../exec/lower.js";
import { writeSlots } from "../exec/slots.js";
import type { GlobalInstance, TableInstance } from "../runtime/instances.js";
import { FuncInstance } from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import type { Reference, Value } from "../runtime/values.js";
import { Positions } from "../snapshot/positions.js";
import type { ValType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import { RecordingError } from "./errors.js";
import type { Datum, Finder, Name } from "./names.js";
import type { Store } from "./store.js";

/** A change of one machine, whose things it says. */
export type Edit =
  | { readonly kind: "memory"; readonly memory: MemoryInstance; readonly at: number; readonly bytes: Uint8Array } // prettier-ignore
  | { readonly kind: "global"; readonly global: GlobalInstance; readonly value: Value }
  | { readonly kind: "element"; readonly table: TableInstance; readonly index: number; readonly reference: Reference } // prettier-ignore
  /** A local or an operand: the value at a word of a fiber's slots. */
  | { readonly kind: "slot"; readonly fiber: Fiber; readonly word: number; readonly value: Value };

/** The same in a log. */
export type LoggedEdit =
  | { readonly kind: "memory"; readonly memory: number; readonly at: number; readonly bytes: Uint8Array } // prettier-ignore
  | { readonly kind: "global"; readonly global: number; readonly value: Datum }
  | {
      readonly kind: "element";
      readonly table: number;
      readonly index: number;
      readonly name: Name;
    }
  | { readonly kind: "slot"; readonly fiber: number; readonly word: number; readonly value: Datum };

/** @throws RecordingError for references to objects: nobody could type one */
export function logged(edit: Edit, store: Store): LoggedEdit {
  const name = (reference: Reference): Name => {
    if (reference === null || typeof reference === "number") return reference;
    const found = reference instanceof FuncInstance ? store.nameOf(reference) : undefined;
    if (found !== undefined) return found;
    throw new RecordingError("an edit may set references to functions, i31 and null only");
  };
  const datum = (value: Value): Datum =>
    value.type === "ref" ? { type: "ref", name: name(value.ref) } : value;
  switch (edit.kind) {
    case "memory": {
      const { kind, memory, at, bytes } = edit;
      return { kind, memory: store.memories.idOf(memory), at, bytes: bytes.slice() };
    }
    case "global":
      return { kind: edit.kind, global: store.globals.idOf(edit.global), value: datum(edit.value) };
    case "element": {
      const { kind, table, index, reference } = edit;
      return { kind, table: store.tables.idOf(table), index, name: name(reference) };
    }
    case "slot":
      return { kind: edit.kind, fiber: edit.fiber.id, word: edit.word, value: datum(edit.value) };
  }
}

/** What a log's edit is on another machine. @throws RecordingError for what is not there, or of another type */
export function editOf(
  edit: LoggedEdit,
  store: Store,
  finder: Finder,
  fiberOf: (id: number) => Fiber | undefined,
): Edit {
  switch (edit.kind) {
    case "memory":
      return { ...edit, memory: store.memories.list[edit.memory] ?? missing("memory") };
    case "global": {
      const global = store.globals.list[edit.global] ?? missing("global");
      return { kind: "global", global, value: finder.value(edit.value, global.type.type) };
    }
    case "element": {
      const table = store.tables.list[edit.table] ?? missing("table");
      const found = finder.value({ type: "ref", name: edit.name }, table.type.element);
      const reference = found.type === "ref" ? found.ref : null;
      return { kind: "element", table, index: edit.index, reference };
    }
    case "slot": {
      const { kind, word } = edit;
      const fiber = fiberOf(edit.fiber) ?? missing("fiber");
      return { kind, fiber, word, value: finder.value(edit.value, typeOfSlot(fiber, word)) };
    }
  }
}

/** The type that validation gives what is at a word of a fiber's slots. @throws RecordingError */
function typeOfSlot({ frames, depth }: Fiber, word: number): ValType<DefType> {
  const frame = frames.slice(0, depth).find(({ fp, sp }) => word >= fp && word < sp);
  if (frame === undefined) return missing("slot of a frame");
  const { func, pc, fp } = frame;
  const position = new Positions().at(func, offsetOfPc(codeOf(func), pc));
  let at = fp;
  for (const type of [...(position?.locals ?? []), ...(position?.operands ?? [])]) {
    if (at === word) return type;
    at += wordsOf(type as ValType);
  }
  return missing("slot of a frame");
}

/** @throws RecordingError for a place that is not there */
export function perform(edit: Edit): void {
  switch (edit.kind) {
    case "memory": {
      const { memory, at, bytes } = edit;
      if (at + bytes.length > memory.view.byteLength) missing("place in a memory");
      return memory.part(at, bytes.length).set(bytes);
    }
    case "global":
      return setGlobal(edit.global, edit.value);
    case "element": {
      const { table, index, reference } = edit;
      if (index >= table.elements.length) missing("element of a table");
      table.elements[index] = reference;
      return undefined;
    }
    case "slot": {
      const { fiber, word, value } = edit;
      const words = value.type === "ref" ? 2 : wordsOf(value.type as ValType);
      if (fiber.depth === 0 || word + words > fiber.top.sp) missing("slot of a frame");
      writeSlots(fiber, word, [value]);
    }
  }
}

function missing(what: string): never {
  throw new RecordingError(`an edit is of a ${what} that is not there`);
}
