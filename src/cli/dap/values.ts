// Values as variables: the text without its type, which clients show apart, and what can be
// looked into.

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import { formatValue } from "../../runtime/notation.js";
import type { Value } from "../../runtime/values.js";
import { formatValType, type ValType } from "../../syntax/types.js";
import { hex } from "../../util/hex.js";
import { memoryReference } from "./addresses.js";
import type { Debuggee } from "./debuggee.js";

type AnyType = ValType<unknown> | undefined;

/** How integers are wanted. */
export type Format = P.ValueFormat | undefined;

/** `5`; `0x5` where hexadecimal is wanted. */
export function valueText(value: Value, type: AnyType, format?: Format): string {
  if (format?.hex === true && (value.type === "i32" || value.type === "i64"))
    return hex(value.type === "i32" ? value.value >>> 0 : BigInt.asUintN(64, value.value));
  const text = formatValue(value, type);
  return text.slice(text.indexOf(":") + 1);
}

/** What it is called: of references, the kind where no type is known. */
export function typeText(value: Value, type: AnyType): string {
  if (type !== undefined) return formatValType(type);
  const text = formatValue(value);
  return text.slice(0, text.indexOf(":"));
}

/** An integer that may be an address of the first memory leads there. */
export function pointerOf({ instance }: Debuggee, value: Value): string | undefined {
  const size = instance.memories[0]?.view.byteLength ?? 0;
  const is64 = instance.memories[0]?.type.limits.address === "i64";
  const address =
    value.type === "i32" && !is64
      ? value.value >>> 0
      : value.type === "i64" && is64
        ? Number(BigInt.asUintN(64, value.value))
        : 0;
  return address > 0 && address < size ? memoryReference(0, address) : undefined;
}

/** A value as a variable that nothing is inside of. */
export function variableOf(
  debuggee: Debuggee,
  name: string,
  value: Value,
  type: AnyType,
  format?: Format,
): P.Variable {
  const pointer = pointerOf(debuggee, value);
  return {
    name,
    value: valueText(value, type, format),
    type: typeText(value, type),
    variablesReference: 0,
    ...(pointer === undefined ? {} : { memoryReference: pointer }),
  };
}
