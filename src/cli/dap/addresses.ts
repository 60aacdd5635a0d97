// How places are named to clients, who hand them back and add to them. The address of code is
// its byte offset in the module's file; each further module of a program lies four gigabytes
// after the one before, and so does each further memory.

import { UsageError } from "../../util/errors.js";
import { hex } from "../../util/hex.js";
import type { FuncInstance } from "../../runtime/instances.js";
import type { MemoryInstance } from "../../runtime/memory.js";
import type { Debuggee } from "./debuggee.js";
import type { ProgramModule } from "./sources.js";

const SPAN = 2 ** 32;

export const codeAddress = (module: ProgramModule, offset: number): number =>
  (module.id - 1) * SPAN + offset;

/** @throws UsageError where it is no address */
export function parseAddress(text: string): number {
  const address = /^(?:0x[\da-f]+|\d+)$/i.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(address)) return address;
  throw new UsageError(`${JSON.stringify(text)} is no address`);
}

/** The module, and the byte offset in it; the module is missing where none is there. */
export function codeAt(
  { modules }: Debuggee,
  address: number,
): { readonly module: ProgramModule | undefined; readonly offset: number } {
  const offset = ((address % SPAN) + SPAN) % SPAN;
  return { module: modules[Math.floor(address / SPAN)], offset };
}

/** The module that a function is of. */
export const moduleOf = (
  { debug, modules }: Debuggee,
  { instance }: FuncInstance,
): ProgramModule | undefined => modules[debug.instances.indexOf(instance!)];

/** `0x1f` in the first memory, `2:0x1f` in the third one. */
export const memoryReference = (index: number, address: number): string =>
  index === 0 ? hex(address) : `${index}:${hex(address)}`;

export interface MemoryPlace {
  readonly memory: MemoryInstance;
  readonly index: number;
  readonly address: number;
}

/** @throws UsageError */
export function memoryAt({ instance }: Debuggee, reference: string, offset = 0): MemoryPlace {
  const [, which, rest] = /^(?:(\d+):)?(.*)$/.exec(reference)!;
  const index = Number(which ?? 0);
  const memory = instance.memories[index];
  if (memory === undefined) throw new UsageError(`there is no memory ${index}`);
  return { memory, index, address: parseAddress(rest!) + offset };
}
