// What an unwind writes for one frame. Linear memory is the truth: a record holds
// all that its frame needs, by value, so records can be copied, kept, rewound many
// times and scanned by a collector, as with Binaryen's.
//
//   full   [call index][live locals][operands that are no constants][length]
//          Values have their natural size. The length (of the whole record) comes
//          last because a rewind reads from the end and sizes differ by call site.
//   twin   [call index][S bytes], with Binaryen's S for the function, so that every
//          position equals the instrumented twin's. The values stay outside; the
//          payload's first word says which they are.

import { pcOfOffset } from "../../exec/code.js";
import type { Fiber } from "../../exec/fiber.js";
import { codeOf } from "../../exec/machine.js";
import type { MemoryInstance } from "../../runtime/memory.js";
import { Trap } from "../../runtime/traps.js";
import type { OperandType } from "../../valid/visitor.js";
import type { CallSite } from "./roles.js";

export interface RecordLayout {
  /** Bytes of the record that `site` of function `func` will push, its index word included. */
  size(func: number, site: CallSite): number;
  /** Writes the record of the top frame, which stands at `site`, to `address`. */
  write(fiber: Fiber, site: CallSite, memory: MemoryInstance, address: number): void;
  /** Bytes of the topmost record of function `func`, which ends at `end`. */
  sizeBelow(func: number, memory: MemoryInstance, end: number): number;
  /** Puts the top frame back to `site` from its record. */
  restore(fiber: Fiber, site: CallSite, memory: MemoryInstance, address: number): void;
}

const sizeOf = (type: OperandType): number => (type === "i32" || type === "f32" ? 4 : 8);

/** The slots that a site saves, in record order: word offsets from the frame's first. */
interface SavedSlot {
  readonly word: number;
  readonly size: number;
}

function savedSlots(fiber: Fiber, site: CallSite): SavedSlot[] {
  const { localTypes, localOffsets, localWords } = codeOf(fiber.top.func);
  const slots = site.liveLocals.map((local) => ({
    word: localOffsets[local]!,
    size: sizeOf(localTypes[local]!),
  }));
  site.operands.forEach((type, i) => {
    if (site.constants[i] === null) slots.push({ word: localWords + 2 * i, size: sizeOf(type) });
  });
  return slots;
}

/** Bytes that the values saved at a site take. */
export function payloadSize(localTypes: readonly OperandType[], site: CallSite): number {
  const locals = site.liveLocals.reduce((sum, local) => sum + sizeOf(localTypes[local]!), 0);
  return site.operands.reduce(
    (sum, type, i) => sum + (site.constants[i] === null ? sizeOf(type) : 0),
    locals,
  );
}

function writeValues(fiber: Fiber, site: CallSite, view: DataView, address: number): void {
  const { fp } = fiber.top;
  for (const { word, size } of savedSlots(fiber, site)) {
    view.setInt32(address, fiber.i32[fp + word]!, true);
    if (size === 8) view.setInt32(address + 4, fiber.i32[fp + word + 1]!, true);
    address += size;
  }
}

/** Restores saved values from `view`, constants from the site, and zeros everything else. */
function readValues(fiber: Fiber, site: CallSite, view: DataView, address: number): void {
  standAt(fiber, site);
  const { fp } = fiber.top;
  for (const { word, size } of savedSlots(fiber, site)) {
    fiber.i32[fp + word] = view.getInt32(address, true);
    if (size === 8) fiber.i32[fp + word + 1] = view.getInt32(address + 4, true);
    address += size;
  }
}

/** Makes the top frame stand at `site` with zero locals, and operands that are zero where not constant. */
export function standAt(fiber: Fiber, site: CallSite): void {
  const frame = fiber.top;
  const code = codeOf(frame.func);
  frame.pc = pcOfOffset(code, site.offset);
  frame.sp = frame.fp + code.localWords + 2 * site.operands.length;
  fiber.i32.fill(0, frame.fp, frame.sp);
  site.constants.forEach((bits, i) => {
    if (bits !== null)
      fiber.i64[(frame.fp + code.localWords + 2 * i) >> 1] = BigInt.asIntN(64, bits);
  });
}

/** Self-contained records. `localTypesOf` gives the types of a function's locals. */
export function fullLayout(localTypesOf: (func: number) => readonly OperandType[]): RecordLayout {
  return {
    size: (func, site) => 8 + payloadSize(localTypesOf(func), site),
    write(fiber, site, memory, address) {
      const { view } = memory;
      const size = this.size(fiber.top.func.index, site);
      memory.check(address, size);
      view.setInt32(address, site.callIndex, true);
      writeValues(fiber, site, view, address + 4);
      view.setInt32(address + size - 4, size, true);
    },
    sizeBelow(_func, memory, end) {
      memory.check(end - 4, 4);
      return memory.view.getInt32(end - 4, true);
    },
    restore(fiber, site, memory, address) {
      readValues(fiber, site, memory.view, address + 4);
    },
  };
}

/** Records of the twin's sizes: `payloads` gives S by function index. */
export function twinLayout(payloads: ReadonlyMap<number, number>): RecordLayout {
  interface Image {
    readonly func: number;
    readonly callIndex: number;
    readonly values: DataView;
  }
  const images: Image[] = [];
  /** For functions whose S has no room for an id: the latest image of each call site. */
  const latest = new Map<string, Image>();
  const payload = (func: number) => payloads.get(func) ?? 0;
  return {
    size: (func) => 4 + payload(func),
    write(fiber, site, memory, address) {
      const { func } = fiber.top;
      memory.check(address, this.size(func.index, site));
      const values = new DataView(new ArrayBuffer(payloadSize(codeOf(func).localTypes, site)));
      writeValues(fiber, site, values, 0);
      const image = { func: func.index, callIndex: site.callIndex, values };
      memory.view.setInt32(address, site.callIndex, true);
      if (payload(func.index) >= 4) memory.view.setInt32(address + 4, images.push(image), true);
      else latest.set(`${image.func}:${image.callIndex}`, image);
    },
    sizeBelow: (func) => 4 + payload(func),
    restore(fiber, site, memory, address) {
      const func = fiber.top.func.index;
      const image =
        payload(func) >= 4
          ? images[memory.view.getInt32(address + 4, true) - 1]
          : latest.get(`${func}:${site.callIndex}`);
      if (image?.func !== func || image.callIndex !== site.callIndex) {
        throw new Trap(
          "unreachable",
          `the record at ${address} is not one that ${fiber.top.func.name} pushed`,
        );
      }
      readValues(fiber, site, image.values, 0);
    },
  };
}
