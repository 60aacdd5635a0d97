// One space of 64-bit addresses for all that a program has. LLDB's plugin for wasm
// fixes it: 32 bits of offset, 30 of module number, and 2 of kind on top.

import type { ModuleInstance } from "../runtime/instances.js";
import { imageOf } from "./image.js";

/** `memory`: the module's first linear memory. `object`: the bytes of the module itself. */
export type AddressSpace = "memory" | "object";

export interface Address {
  readonly space: AddressSpace;
  readonly module: number;
  readonly offset: number;
}

const SPACES: readonly (AddressSpace | undefined)[] = ["memory", "object"];
const [MODULE, KIND] = [32n, 62n];

export const addressOf = ({ space, module, offset }: Address): bigint =>
  (BigInt(SPACES.indexOf(space)) << KIND) | (BigInt(module) << MODULE) | BigInt(offset);

/** Null for the kinds that LLDB keeps free. */
export function parseAddress(address: bigint): Address | null {
  const space = SPACES[Number(address >> KIND)];
  if (space === undefined) return null;
  const module = Number((address >> MODULE) & 0x3fff_ffffn);
  return { space, module, offset: Number(address & 0xffff_ffffn) };
}

/** Bytes at the addresses of a space of a module. */
export interface Region {
  readonly length: number;
  readonly writable: boolean;
  /** Bytes that lie inside, as a view. */
  part(offset: number, length: number): Uint8Array;
}

/** Null where there are none. */
export function regionOf(instance: ModuleInstance | undefined, space: AddressSpace): Region | null {
  if (space === "object") return instance === undefined ? null : regionOfModule(instance);
  const memory = instance?.memories[0];
  if (memory === undefined) return null;
  return {
    length: memory.view.byteLength,
    writable: true,
    part: (offset, length) => memory.part(offset, length),
  };
}

function regionOfModule({ module }: ModuleInstance): Region {
  const bytes = imageOf(module);
  const part = (offset: number, length: number) => bytes.subarray(offset, offset + length);
  return { length: bytes.length, writable: false, part };
}
