// Parts of memory as the linker laid them out, where the module tells: data, stack and heap
// by the linker's own symbols, variables that are exported, the bytes of data segments.
// No buffer reaches from one into the next. Only where a variable begins is known, not where
// it ends; and of what has no symbol nothing is.

import { InstructionReader } from "../../binary/code.js";
import type { Expression, Module } from "../../syntax/module.js";
import type { RecordEvent, RuntimeEvent } from "../events.js";
import { stackPointerOf } from "../twin-parts.js";
import type { Monitor, Surroundings } from "./monitor.js";
import { hex } from "../../util/hex.js";

/** What begins at an address. */
interface Boundary {
  readonly address: number;
  readonly what: string;
}

const LINKERS: Readonly<Record<string, string>> = {
  __global_base: "where static data begins (__global_base)",
  __data_end: "where static data ends (__data_end)",
  __heap_base: "where the heap begins (__heap_base)",
  __stack_low: "where the stack ends (__stack_low)",
  __stack_high: "where the stack begins (__stack_high)",
};

export class PartsMonitor implements Monitor {
  private readonly boundaries: readonly Boundary[];

  constructor(
    private readonly on: Surroundings,
    module: Module,
  ) {
    this.boundaries = boundariesOf(module);
  }

  runtime({ name, data, pos, end }: RuntimeEvent): void {
    const { report } = this.on;
    if (name !== "start_unwind" || pos === null || end === null || report.blamed) return;
    const crossed = this.boundaries.find(({ address }) => pos < address && address < end);
    if (crossed === undefined) return;
    const { address, what } = crossed;
    report.add(
      "buffer-over-boundary",
      `the buffer of ${hex(data)} (${hex(pos)} to ${hex(end)}) reaches over ${hex(address)}, ${what}`,
    );
  }
}

function boundariesOf(module: Module): readonly Boundary[] {
  const named = new Map<string, number>();
  const exported = new Map<string, number>();
  for (const [index, name] of module.names.globals) named.set(name, index);
  for (const { kind, name, index } of module.exports)
    if (kind === "global") {
      named.set(name, index);
      exported.set(name, index);
    }
  const address = (name: string) => constantGlobal(module, named.get(name));
  const found: Boundary[] = Object.entries(LINKERS).flatMap(([name, what]) => {
    const at = address(name);
    return at === null ? [] : [{ address: at, what }];
  });
  const top = stackPointerOf(module);
  const stack = top === null ? null : constantGlobal(module, top, true);
  if (stack !== null) found.push({ address: stack, what: "where the stack begins" });
  // Exported constants are addresses of variables where a linker made them, in its data.
  const [low, high] = [address("__global_base") ?? 1, address("__data_end") ?? 0];
  for (const [name, index] of exported) {
    const at = constantGlobal(module, index);
    if (name.startsWith("__") || at === null || at < low || at >= high) continue;
    found.push({ address: at, what: `where the variable ${name} begins` });
  }
  return found;
}

function constantGlobal(module: Module, index: number | undefined, mutable = false): number | null {
  const global = module.globals[(index ?? -1) - module.imported.global];
  return global === undefined || global.type.mutable !== mutable
    ? null
    : constantAddress(module, global.init);
}

/** What an expression comes to that is one constant. */
function constantAddress(module: Module, { offset, end }: Expression): number | null {
  const reader = new InstructionReader(module.bytes, offset, end);
  reader.next();
  const { op, a, b } = reader.instruction;
  if (op.mnemonic === "i32.const") return a >>> 0;
  return op.mnemonic === "i64.const" ? (b >>> 0) * 2 ** 32 + (a >>> 0) : null;
}

/** Records over bytes that are not zero from the start are over somebody's constants. */
export class DataMonitor implements Monitor {
  private readonly segments: readonly { readonly start: number; readonly bytes: Uint8Array }[];

  constructor(
    private readonly on: Surroundings,
    module: Module,
  ) {
    const { memory } = on.facts.room;
    this.segments = module.datas.flatMap(({ mode, start: from, end }) => {
      if (mode.kind !== "active" || mode.index !== memory) return [];
      const start = constantAddress(module, mode.offset);
      return start === null ? [] : [{ start, bytes: module.bytes.subarray(from, end) }];
    });
  }

  push({ name, callIndex, address, size }: RecordEvent): void {
    const { report, shadow } = this.on;
    if (report.blamed) return;
    for (const { start, bytes } of this.segments) {
      const from = Math.max(address - start, 0);
      const at = bytes
        .subarray(from, Math.max(address + size - start, 0))
        .findIndex((b) => b !== 0);
      if (at < 0) continue;
      return report.add(
        "record-over-data",
        `the record of ${name} (call ${callIndex}, ${size} bytes at ${hex(address)}) is written over ` +
          `initialised data at ${hex(start + from + at)}`,
        shadow.unwind === null
          ? {}
          : { other: { event: shadow.unwind.event, text: "start_unwind, which gave the buffer" } },
      );
    }
  }
}
