// Loads and stores of the first memory with 32-bit addresses, in JavaScript: on the
// DataView `V`, whose RangeError stands for the trap (the interpreter then executes the
// instruction again and says what is wrong). What is written in two halves is written
// from above, so that nothing is when the access does not fit.
// Step_read/load-{num,pack}-{oob,val}, Step/store-{num,pack}-{oob,val}

import type { Mnemonic } from "../syntax/opcodes.js";
import { type Operand, word } from "./operands.js";
import { wrapped } from "./operators.js";

const at = (ea: string, more: number): string => (more === 0 ? ea : `${ea} + ${more}`);
const fromInt = (text: string): string => wrapped(`BigInt(${text})`);

/** What a load yields. Of an f32 it is the bits. */
export const loads: Partial<Record<Mnemonic, (ea: string) => string>> = {
  "i32.load": (ea) => `V.getInt32(${ea}, true)`,
  "f32.load": (ea) => `V.getInt32(${ea}, true)`,
  "f64.load": (ea) => `V.getFloat64(${ea}, true)`,
  "i32.load8_s": (ea) => `V.getInt8(${ea})`,
  "i32.load8_u": (ea) => `V.getUint8(${ea})`,
  "i32.load16_s": (ea) => `V.getInt16(${ea}, true)`,
  "i32.load16_u": (ea) => `V.getUint16(${ea}, true)`,
  "i64.load": (ea) =>
    wrapped(
      `${wrapped(`${fromInt(`V.getInt32(${at(ea, 4)}, true)`)} << 32n`)} | ${fromInt(`V.getUint32(${ea}, true)`)}`,
    ),
  "i64.load8_s": (ea) => fromInt(`V.getInt8(${ea})`),
  "i64.load8_u": (ea) => fromInt(`V.getUint8(${ea})`),
  "i64.load16_s": (ea) => fromInt(`V.getInt16(${ea}, true)`),
  "i64.load16_u": (ea) => fromInt(`V.getUint16(${ea}, true)`),
  "i64.load32_s": (ea) => fromInt(`V.getInt32(${ea}, true)`),
  "i64.load32_u": (ea) => fromInt(`V.getUint32(${ea}, true)`),
};

/** A half of an i64 that is a constant, or stands in its home. */
const half = ({ form, of, slot }: Operand, high: 0 | 1): string =>
  form === "const" ? String(of![high]) : word(slot, high);

/** The statements of a store. */
export const stores: Partial<Record<Mnemonic, (ea: string, value: Operand) => string>> = {
  "i32.store": (ea, { text }) => `V.setInt32(${ea}, ${text}, true);`,
  "i32.store8": (ea, { text }) => `V.setInt8(${ea}, ${text});`,
  "i32.store16": (ea, { text }) => `V.setInt16(${ea}, ${text}, true);`,
  "f64.store": (ea, { text }) => `V.setFloat64(${ea}, ${text}, true);`,
  "f32.store": (ea, { text, bits }) =>
    bits === undefined
      ? `V.setFloat32(${ea}, ${text}, true);`
      : `V.setInt32(${ea}, ${bits}, true);`,
  "i64.store": (ea, value) =>
    `V.setInt32(${at(ea, 4)}, ${half(value, 1)}, true); V.setInt32(${ea}, ${half(value, 0)}, true);`,
  "i64.store8": (ea, value) => `V.setInt8(${ea}, ${half(value, 0)});`,
  "i64.store16": (ea, value) => `V.setInt16(${ea}, ${half(value, 0)}, true);`,
  "i64.store32": (ea, value) => `V.setInt32(${ea}, ${half(value, 0)}, true);`,
};

/** The address that an access with this operand and offset reaches. */
export function addressOf({ form, of, text }: Operand, offset: number): string {
  if (form === "const") return String((of![0]! >>> 0) + offset);
  return offset === 0 ? `(${text} >>> 0)` : `(${text} >>> 0) + ${offset}`;
}
