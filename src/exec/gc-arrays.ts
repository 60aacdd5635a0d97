// Arrays. Each instruction checks its whole range before it changes anything.
// `a` and `b` of an entry are the instruction's indices, and for `array.set` and
// `array.fill` `b` is the size of an element. Segments are copied to arrays as
// bytes, which takes a little-endian host, as the slots of fibers do.
// Spec: https://webassembly.github.io/spec/core/exec/instructions.html#array-instructions

import type { Code as CodeOf } from "../syntax/opcodes.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { ArrayInstance, elementSizeOf } from "../runtime/objects.js";
import { Trap } from "../runtime/traps.js";
import type { Reference } from "../runtime/values.js";
import { CrashError } from "../util/errors.js";
import type { DefType } from "../valid/deftypes.js";
import type { Fiber } from "./fiber.js";

/**
 * Executes array instruction `code` with the `a` and `b` of its entry.
 * @returns the new stack pointer
 */
export function arrays(
  fiber: Fiber,
  instance: ModuleInstance,
  code: number,
  a: number,
  b: number,
  sp: number,
): number {
  const { i32, refs } = fiber;
  switch (code) {
    // Step_pure/array.new
    case 0xfb0006 satisfies CodeOf<"array.new">: {
      const type = instance.types[a]!;
      const from = sp - 2 - slotWords(elementSizeOf(type));
      refs[from >> 1] = newFilled(fiber, type, i32[sp - 2]! >>> 0, from);
      return from + 2;
    }
    // Step_read/array.new_default
    case 0xfb0007 satisfies CodeOf<"array.new_default">:
      refs[(sp - 2) >> 1] = ArrayInstance.make(instance.types[a]!, i32[sp - 2]! >>> 0);
      return sp;
    // Step/array.new_fixed
    case 0xfb0008 satisfies CodeOf<"array.new_fixed">: {
      const array = ArrayInstance.make(instance.types[a]!, b);
      const step = slotWords(array.size);
      const from = sp - b * step;
      for (let i = 0; i < b; i++) store(fiber, array, i, 1, from + i * step);
      refs[from >> 1] = array;
      return from + 2;
    }
    // Step_read/array.new_data-{oob,num}
    case 0xfb0009 satisfies CodeOf<"array.new_data">: {
      const type = instance.types[a]!;
      const n = i32[sp - 2]! >>> 0;
      const bytes = dataIn(instance, b, i32[sp - 4]! >>> 0, n * elementSizeOf(type));
      const array = ArrayInstance.make(type, n);
      array.bytes(0, n).set(bytes);
      refs[(sp - 4) >> 1] = array;
      return sp - 2;
    }
    // Step_read/array.new_elem-{oob,alloc}
    case 0xfb000a satisfies CodeOf<"array.new_elem">: {
      const n = i32[sp - 2]! >>> 0;
      const elements = elementsIn(instance, b, i32[sp - 4]! >>> 0, n);
      const array = ArrayInstance.make(instance.types[a]!, n);
      for (let i = 0; i < n; i++) array.refs[i] = elements[i]!;
      refs[(sp - 4) >> 1] = array;
      return sp - 2;
    }

    // Step_read/array.get-{null,oob,array}
    case 0xfb000b satisfies CodeOf<"array.get">: {
      const array = arrayAt(fiber, sp - 4);
      const i = i32[sp - 2]! >>> 0;
      array.check(i, 1);
      return load(fiber, array, i, sp - 4);
    }
    case 0xfb000c satisfies CodeOf<"array.get_s">: {
      const array = arrayAt(fiber, sp - 4);
      const i = i32[sp - 2]! >>> 0;
      array.check(i, 1);
      const shift = array.size === 1 ? 24 : 16;
      i32[sp - 4] = (array.values[i]! << shift) >> shift;
      return sp - 2;
    }
    case 0xfb000d satisfies CodeOf<"array.get_u">: {
      const array = arrayAt(fiber, sp - 4);
      const i = i32[sp - 2]! >>> 0;
      array.check(i, 1);
      i32[sp - 4] = array.values[i]!;
      return sp - 2;
    }
    // Step/array.set-{null,oob,array}
    case 0xfb000e satisfies CodeOf<"array.set">: {
      const from = sp - slotWords(b);
      const array = arrayAt(fiber, from - 4);
      const i = i32[from - 2]! >>> 0;
      array.check(i, 1);
      store(fiber, array, i, 1, from);
      return from - 4;
    }
    // Step_read/array.len-{null,array}
    case 0xfb000f satisfies CodeOf<"array.len">:
      i32[sp - 2] = arrayAt(fiber, sp - 2).length;
      return sp;

    // Step_read/array.fill-{null,oob,zero,succ}
    case 0xfb0010 satisfies CodeOf<"array.fill">: {
      const from = sp - 2 - slotWords(b);
      const array = arrayAt(fiber, from - 4);
      const [i, n] = [i32[from - 2]! >>> 0, i32[sp - 2]! >>> 0];
      array.check(i, n);
      store(fiber, array, i, n, from);
      return from - 4;
    }
    // Step_read/array.copy-{null1,null2,oob1,oob2,zero,le,gt}
    case 0xfb0011 satisfies CodeOf<"array.copy">: {
      const target = arrayAt(fiber, sp - 10);
      const source = arrayAt(fiber, sp - 6);
      const [to, from, n] = [i32[sp - 8]! >>> 0, i32[sp - 4]! >>> 0, i32[sp - 2]! >>> 0];
      target.check(to, n);
      source.check(from, n);
      copy(target, to, source, from, n);
      return sp - 10;
    }
    // Step_read/array.init_data-{null,oob1,oob2,zero,num}
    case 0xfb0012 satisfies CodeOf<"array.init_data">: {
      const array = arrayAt(fiber, sp - 8);
      const [to, n] = [i32[sp - 6]! >>> 0, i32[sp - 2]! >>> 0];
      array.check(to, n);
      const bytes = dataIn(instance, b, i32[sp - 4]! >>> 0, n * array.size);
      array.bytes(to, n).set(bytes);
      return sp - 8;
    }
    // Step_read/array.init_elem-{null,oob1,oob2,zero,succ}
    case 0xfb0013 satisfies CodeOf<"array.init_elem">: {
      const array = arrayAt(fiber, sp - 8);
      const [to, n] = [i32[sp - 6]! >>> 0, i32[sp - 2]! >>> 0];
      array.check(to, n);
      const elements = elementsIn(instance, b, i32[sp - 4]! >>> 0, n);
      for (let i = 0; i < n; i++) array.refs[to + i] = elements[i]!;
      return sp - 8;
    }
    default:
      throw new CrashError(`no instruction 0x${code.toString(16)}`);
  }
}

/** Words of the operand that holds one element. */
const slotWords = (size: number): number => (size === 16 ? 4 : 2);

function arrayAt(fiber: Fiber, word: number): ArrayInstance {
  const array = fiber.refs[word >> 1] as ArrayInstance | null;
  if (array === null) throw new Trap("null array reference");
  return array;
}

/** An array of `n` times the operand at word `from`. */
function newFilled(fiber: Fiber, type: DefType, n: number, from: number): ArrayInstance {
  if (elementSizeOf(type) === 0)
    return ArrayInstance.make(type, n, fiber.refs[from >> 1] as Reference);
  const array = ArrayInstance.make(type, n);
  store(fiber, array, 0, n, from);
  return array;
}

/** Element `i` to the slot at word `to`: returns the word after it. */
function load({ i32, refs }: Fiber, array: ArrayInstance, i: number, to: number): number {
  const { values, size } = array;
  if (size === 0) {
    refs[to >> 1] = array.refs[i]!;
    return to + 2;
  }
  const words = size >> 2 || 1;
  for (let k = 0; k < words; k++) i32[to + k] = values[i * words + k]!;
  return to + slotWords(size);
}

/** The operand at word `from` to the `n` elements from `index`. */
function store(
  { i32, refs }: Fiber,
  array: ArrayInstance,
  index: number,
  n: number,
  from: number,
): void {
  const { values, size } = array;
  if (size === 0) array.refs.fill(refs[from >> 1] as Reference, index, index + n);
  else if (size <= 4) values.fill(i32[from]!, index, index + n);
  else {
    const words = size >> 2;
    for (let i = index * words; i < (index + n) * words; i++) values[i] = i32[from + (i % words)]!;
  }
}

/** As if by way of a copy, since the ranges may overlap. */
function copy(
  target: ArrayInstance,
  to: number,
  source: ArrayInstance,
  from: number,
  n: number,
): void {
  if (target.size !== 0) target.bytes(to, n).set(source.bytes(from, n));
  else if (to <= from || target !== source) {
    for (let i = 0; i < n; i++) target.refs[to + i] = source.refs[from + i]!;
  } else {
    for (let i = n - 1; i >= 0; i--) target.refs[to + i] = source.refs[from + i]!;
  }
}

/** Bytes [from, from + length) of a data segment. */
function dataIn(instance: ModuleInstance, index: number, from: number, length: number): Uint8Array {
  const data = instance.datas[index]!;
  if (from + length > data.length) {
    throw new Trap(
      "out of bounds memory access",
      `${length} bytes at ${from}, segment has ${data.length}`,
    );
  }
  return data.subarray(from, from + length);
}

/** Elements [from, from + n) of an element segment. */
function elementsIn(
  instance: ModuleInstance,
  index: number,
  from: number,
  n: number,
): readonly Reference[] {
  const elements = instance.elems[index]!;
  if (from + n > elements.length) {
    throw new Trap(
      "out of bounds table access",
      `${n} elements at ${from}, segment has ${elements.length}`,
    );
  }
  return elements.slice(from, from + n);
}
