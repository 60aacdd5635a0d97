// Damages modules, and tells what comes of running the damaged bytes. Whatever they
// are, it must be one of a few orderly ends: anything else is a bug in Bobbin.

import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import {
  type ExternInstance,
  FuncInstance,
  GlobalInstance,
  type Imports,
} from "../runtime/instances.js";
import { UncaughtException } from "../runtime/exceptions.js";
import { Exhaustion, Trap } from "../runtime/traps.js";
import { zeroOf } from "../runtime/stubs.js";
import type { Value } from "../runtime/values.js";
import type { Module } from "../syntax/module.js";
import { type Opcode, opcodeOf, opcodes } from "../syntax/opcodes.js";
import type { FuncType, Limits } from "../syntax/types.js";
import { closeGlobalType, type DefType } from "../valid/deftypes.js";
import { validate, type ValidModule } from "../valid/validate.js";
import { InvalidError, LinkError, MalformedError } from "../util/errors.js";
import { type Random, restructure, type Span, spansOf } from "./restructure.js";

/** How far a module came. */
export const ends = ["malformed", "invalid", "unlinkable", "trapped", "exhausted", "ran"] as const;
export type End = (typeof ends)[number];

const FUEL = 5000;
const FRAMES = 500;
/** Memories and tables are made no larger: the cost of large ones says nothing of the module. */
const MAX_BYTES = 2 ** 22;
const MAX_ELEMENTS = 100_000;

/**
 * Decodes, validates and instantiates the bytes and calls every export, with little fuel.
 * @throws what no module may cause
 */
export function endOf(bytes: Uint8Array): End {
  let module: ValidModule;
  try {
    module = validate(bounded(decode(bytes)));
  } catch (error) {
    if (error instanceof MalformedError) return "malformed";
    if (error instanceof InvalidError) return "invalid";
    throw error;
  }
  const machine = new Machine({ fuel: FUEL, maxFrames: FRAMES });
  let end: End = "ran";
  const attempt = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      if (error instanceof LinkError) end = "unlinkable";
      else if (error instanceof Trap || error instanceof UncaughtException) end = "trapped";
      else if (error instanceof Exhaustion) end = "exhausted";
      else throw error;
      return undefined;
    }
  };
  const instance = attempt(() => instantiate(machine, module, stubs(module)));
  if (instance === undefined) return end;
  for (const extern of instance.exports.values()) {
    if (extern.kind !== "func") continue;
    const args = extern.func.signature.params.map(zeroOf);
    // A null where none may be is the caller's fault, not the module's.
    if (args.every((arg) => arg !== null)) attempt(() => machine.invoke(extern.func, args));
  }
  return end;
}

/** The module with memories and tables that are small, whatever it says. */
function bounded(module: Module): Module {
  const bound = (limits: Limits, max: bigint): Limits => {
    const least = limits.min < max ? limits.min : max;
    const most = limits.max !== undefined && limits.max < max ? limits.max : max;
    return limits.max !== undefined && limits.max < limits.min
      ? limits
      : { ...limits, min: least, max: most };
  };
  const pages = ({ pageSizeLog2 }: Limits) =>
    pageSizeLog2 > 22 ? 0n : BigInt(MAX_BYTES) >> BigInt(pageSizeLog2);
  return {
    ...module,
    memories: module.memories.map(({ limits }) => ({ limits: bound(limits, pages(limits)) })),
    tables: module.tables.map((table) => ({
      ...table,
      type: { ...table.type, limits: bound(table.type.limits, BigInt(MAX_ELEMENTS)) },
    })),
  };
}

/** Functions that answer with zeros, and globals that hold them; other imports stay missing. */
function stubs(module: ValidModule): Imports {
  const imports = new Map<string, Map<string, ExternInstance>>();
  const add = (group: string, name: string, extern: ExternInstance): void => {
    const members = imports.get(group) ?? new Map<string, ExternInstance>();
    imports.set(group, members.set(name, extern));
  };
  const { defTypes } = module.context;
  for (const { module: group, name, description } of module.imports) {
    if (description.kind === "func") {
      const type = defTypes[description.type]!;
      const results = (type.sub.comp as FuncType<DefType>).results.map(zeroOf);
      if (results.some((result) => result === null)) continue;
      const func = FuncInstance.host(type, name, () => results as Value[]);
      add(group, name, { kind: "func", func });
    } else if (description.kind === "global") {
      const type = closeGlobalType(defTypes, description.type);
      if (zeroOf(type.type) !== null)
        add(group, name, { kind: "global", global: new GlobalInstance(type) });
    }
  }
  return imports;
}

/** By module of the corpus. */
const instructions = new WeakMap<Uint8Array, readonly Span[]>();

function instructionsOf(bytes: Uint8Array): readonly Span[] {
  let found = instructions.get(bytes);
  if (found === undefined) instructions.set(bytes, (found = findInstructions(bytes)));
  return found;
}

function findInstructions(bytes: Uint8Array): Span[] {
  try {
    const module = decode(bytes);
    return module.functions.flatMap((_, i) => spansOf(module, i));
  } catch (error) {
    // The corpus holds malformed modules, and those of proposals that Bobbin does not know.
    if (error instanceof MalformedError) return [];
    throw error;
  }
}

/** One-byte opcodes by the stack effect that they have: each may stand for the others. */
const alike = new Map<string, number[]>();
const effectOf = ({ params, results }: NonNullable<Opcode["type"]>) =>
  `${params.join()}:${results.join()}`;
for (const { code, immediates } of Object.values(opcodes)) {
  const { type } = opcodeOf(code)!;
  if (code > 0xff || immediates.length > 0 || type === undefined || type === null) continue;
  const effect = effectOf(type);
  alike.set(effect, [...(alike.get(effect) ?? []), code]);
}

/** Damages one instruction such that its size stays: much of what comes out is valid. */
function mutateInstruction(bytes: Uint8Array, [offset, next]: Span, random: Random): void {
  const { type } = opcodeOf(bytes[offset]!) ?? {};
  if (next - offset > 1) bytes[next - 1] = random() % (random() % 4 === 0 ? 128 : 6);
  else if (type !== null && type !== undefined) {
    const others = alike.get(effectOf(type)) ?? [];
    if (others.length > 0) bytes[offset] = others[random() % others.length]!;
  } else bytes[offset] = TELLING[random() % TELLING.length]!;
}

/** Bytes that mean something in many places: limits of LEB128, types, prefixes, ends. */
const TELLING = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x0b, 0x05, 0x40, 0x41, 0x60, 0x63, 0x64, 0x6f, 0x70, 0x7b, 0x7c,
  0x7d, 0x7e, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xfe, 0xff, 0x4e, 0x5e, 0x5f, 0x50, 0x1f, 0x08, 0x11,
] as const;
const WORDS: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x08],
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0x80, 0x80, 0x04],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00],
  [0x80, 0x80, 0x80, 0x80, 0x00],
];

/** A module of the corpus damaged in a few places, or, rarely, bytes of no origin. */
export function mutate(corpus: readonly Uint8Array[], next: Random): Uint8Array {
  const pick = <T>(from: ArrayLike<T>): T => from[next() % from.length]!;
  if (next() % 64 === 0) {
    const noise = Array.from({ length: next() % 200 }, () => next() & 0xff);
    return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, ...noise]);
  }
  const original = pick(corpus);
  let bytes = Uint8Array.from(original);
  const keepsSizes = next() % 2 === 0;
  if (keepsSizes) {
    const changed = restructure(original, corpus, next);
    // Now and then both kinds of damage.
    if (changed !== null && next() % 8 !== 0) return changed;
    if (changed !== null) bytes = Uint8Array.from(changed);
  }
  const keepsInstructions = !keepsSizes && next() % 2 === 0;
  if (keepsInstructions) {
    const spans = instructionsOf(original);
    for (let times = 1 + (next() % 4); times > 0 && spans.length > 0; times--)
      mutateInstruction(bytes, pick(spans), next);
    if (spans.length > 0) return bytes;
  }
  // One place most often: the more damage, the sooner it is malformed.
  for (let times = 1 + (next() % 2) * (next() % 4); times > 0 && bytes.length > 0; times--) {
    const at = next() % bytes.length;
    switch (next() % 32 === 0 ? 7 : next() % 7) {
      case 0:
        bytes[at]! ^= 1 << (next() & 7);
        break;
      case 1:
      case 2:
        bytes[at] = pick(TELLING);
        break;
      case 3:
        bytes[at] = next() & 0xff;
        break;
      case 4:
        bytes.set(pick(WORDS).slice(0, bytes.length - at), at);
        break;
      case 5:
        // A neighbour's bytes: code over code, indices over indices.
        bytes.copyWithin(at, next() % bytes.length, at + 1 + (next() % 12));
        break;
      case 6: {
        const other = pick(corpus);
        const from = next() % (other.length + 1);
        const piece = other.subarray(from, from + 1 + (next() % 24));
        bytes.set(piece.subarray(0, bytes.length - at), at);
        break;
      }
      case 7:
        bytes = change(bytes, at, next);
        break;
    }
  }
  return bytes;
}

/** Makes the bytes shorter or longer. */
function change(bytes: Uint8Array, at: number, next: Random): Uint8Array<ArrayBuffer> {
  const length = 1 + (next() % 8);
  switch (next() % 3) {
    case 0:
      return Uint8Array.from(bytes.subarray(0, at));
    case 1:
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
    default:
      return Uint8Array.from([...bytes.subarray(0, at + length), ...bytes.subarray(at)]);
  }
}
