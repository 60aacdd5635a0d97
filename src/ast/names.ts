// Names of instructions and types: the package's, many of them from before the
// standard, and the specification's.

import { opcodes, type Mnemonic } from "../syntax/opcodes.js";
import { type AstNode, refuse } from "./types.js";

const old: Readonly<Record<string, Mnemonic>> = {
  get_local: "local.get",
  set_local: "local.set",
  tee_local: "local.tee",
  get_global: "global.get",
  set_global: "global.set",
  current_memory: "memory.size",
  grow_memory: "memory.grow",
};

/** What stands before the dot is the `object` of a node where it is a type. */
const typed = /^([if]\d+(?:x\d+)?|v128)\.(.+)$/;

export function nameParts(mnemonic: string): { readonly object?: string; readonly id: string } {
  const parts = typed.exec(mnemonic);
  return parts ? { object: parts[1]!, id: parts[2]! } : { id: mnemonic };
}

/** The name of an Instr node in the specification's words, if it is an instruction at all. */
export function instructionName({ id, object }: AstNode): string {
  if (typeof object !== "string") return old[String(id)] ?? String(id);
  const modern = String(id)
    // `trunc_s/f32` is `trunc_f32_s`.
    .replace(/^([a-z]+)(_[su])?\/(\w+)$/, (_, verb, sign, from) => `${verb}_${from}${sign ?? ""}`)
    // `atomic.rmw8_u.add_u` is `atomic.rmw8.add_u`, `atomic.store8_u` is `atomic.store8`.
    .replace(/^atomic\.(rmw\d+|store\d+)_u/, "atomic.$1");
  // Loads and stores are labelled `u32`.
  return `${object.replace(/^u(32|64)$/, "i$1")}.${modern}`;
}

export const isMnemonic = (name: string): name is Mnemonic => Object.hasOwn(opcodes, name);

/** A value type by its name in the specification. */
export function typeName(type: unknown): string {
  if (typeof type !== "string") return String(type);
  return type === "anyfunc" ? "funcref" : type;
}

/** `[i32] -> [i64]`. */
export function signatureText(signature: AstNode): string {
  const { params, results } = signature;
  if (!Array.isArray(params) || !Array.isArray(results))
    return refuse(`${signature.type} where a signature is needed`, signature);
  const of = (types: readonly unknown[]) => `[${types.map(typeName).join(" ")}]`;
  return `${of(params.map((p: { valtype?: unknown }) => p.valtype))} -> ${of(results)}`;
}
