// Numbers among the operands of instructions: floats, and the lanes of vectors. What
// LLVM reads as a double and then rounds is rounded here in the same two steps.

import { parseF32, parseF64 } from "../text/numbers.js";
import type { TokenCursor } from "./cursor.js";
import type { Token } from "./lexer.js";

const scratch = new DataView(new ArrayBuffer(8));

const bytesOf = (value: bigint, count: number): number[] =>
  Array.from({ length: count }, (_, k) => Number((value >> BigInt(8 * k)) & 0xffn));

/** Whether a float stands there, which a vector's lanes may be. */
const isFloat = (cursor: TokenCursor): boolean => {
  const first = cursor.is("-") ? cursor.ahead : cursor.token;
  return first.kind === "float" || first.kind === "name";
};

/** The bytes of a float. */
export function floatBytes(cursor: TokenCursor, width: 4 | 8): number[] {
  const { token } = cursor;
  const sign = cursor.accept("-") ? "-" : "";
  const text = sign + magnitude(cursor);
  if (text.includes("nan:")) {
    const bits = width === 4 ? parseF32(text) : parseF64(text);
    if (bits === undefined) return cursor.fail(`${text}: the payload does not fit`, token);
    return bytesOf(BigInt(bits), width);
  }
  const bits = parseF64(text);
  if (bits === undefined) return cursor.fail(`${text} is out of range`, token);
  if (width === 8) return bytesOf(bits, 8);
  scratch.setBigUint64(0, bits);
  const value = scratch.getFloat64(0);
  if (Number.isNaN(value)) return bytesOf(BigInt(parseF32(text)!), 4);
  scratch.setFloat32(0, value);
  return bytesOf(BigInt(scratch.getUint32(0)), 4);
}

function magnitude(cursor: TokenCursor): string {
  const { kind, text } = cursor.token;
  if (kind === "float") {
    cursor.advance();
    return text.replace(/^\./, "0.").replace(/^0x\./i, "0x0.");
  }
  if (kind === "integer") return cursor.advance().value.toString();
  const name = kind === "name" ? text.toLowerCase() : "";
  if (name === "inf" || name === "infinity") {
    cursor.advance();
    return "inf";
  }
  if (name !== "nan") return cursor.unexpected("a number, infinity or nan");
  cursor.advance();
  if (!cursor.is(":")) return "nan";
  cursor.advance();
  return `nan:${cursor.take("integer", "the payload of a NaN").text}`;
}

/** A number of so many bits, signed or not, as the signed one. */
export function checkedInteger(
  cursor: TokenCursor,
  value: bigint,
  bits: number,
  token: Token,
): bigint {
  const limit = 1n << BigInt(bits);
  if (value < -limit / 2n || value >= limit)
    cursor.fail(`${value} does not fit ${bits} bits`, token);
  return BigInt.asIntN(bits, value);
}

/** The 16 bytes of `v128.const`: 2, 4, 8 or 16 integers, or 2 or 4 floats. */
export function vectorBytes(cursor: TokenCursor): number[] {
  const { token } = cursor;
  const start = cursor.mark();
  let count = 0;
  let floats = false;
  do {
    count++;
    floats ||= isFloat(cursor);
    floatBytes(cursor, 8);
  } while (cursor.accept(","));
  if (![2, 4, 8, 16].includes(count) || (floats && count > 4))
    cursor.fail(`v128.const takes 2, 4, 8 or 16 integers, or 2 or 4 floats; ${count} given`, token);
  // How wide a lane is, is known only now.
  cursor.reset(start);
  const width = 16 / count;
  const lanes = Array.from({ length: count }, (_, k) => {
    if (k > 0) cursor.expect(",");
    if (floats) return floatBytes(cursor, width as 4 | 8);
    const lane = cursor.token;
    const value = cursor.integer("the value of a lane");
    return bytesOf(checkedInteger(cursor, value, 8 * width, lane), width);
  });
  return lanes.flat();
}
