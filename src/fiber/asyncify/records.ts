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

import type { Fiber } from "../../exec/fiber.js";
import type { MemoryInstance } from "../../runtime/memory.js";
import { Trap } from "../../runtime/traps.js";
import { payloadBytes, readValues, type SitePlan, writeValues } from "./plans.js";

export interface RecordLayout {
  /** Bytes of the record that function `func` pushes at a site, its index word included. */
  size(func: number, plan: SitePlan): number;
  /** Writes the record of the top frame, which stands at the site, to `address`. */
  write(fiber: Fiber, plan: SitePlan, memory: MemoryInstance, address: number): void;
  /** Bytes of the topmost record, which function `func` pushed and which ends at `end`. */
  sizeBelow(func: number, memory: MemoryInstance, end: number): number;
  /** Puts the top frame back to the site from its record. */
  restore(fiber: Fiber, plan: SitePlan, memory: MemoryInstance, address: number): void;
}

/** Self-contained records. */
export const fullLayout: RecordLayout = {
  size: (_func, plan) => 8 + payloadBytes(plan),
  write(fiber, plan, memory, address) {
    const size = 8 + payloadBytes(plan);
    memory.check(address, size);
    const { view } = memory;
    view.setInt32(address, plan.callIndex, true);
    writeValues(fiber, plan, view, address + 4);
    view.setInt32(address + size - 4, size, true);
  },
  sizeBelow(_func, memory, end) {
    memory.check(end - 4, 4);
    return memory.view.getUint32(end - 4, true);
  },
  restore(fiber, plan, memory, address) {
    readValues(fiber, plan, memory.view, address + 4);
  },
};

/** The values of a record, kept outside of linear memory. */
interface Image {
  readonly func: number;
  readonly callIndex: number;
  readonly values: DataView;
}

/** Records of the twin's sizes: `payloads` gives S by function index, 0 where it says nothing. */
export function twinLayout(payloads: ReadonlyMap<number, number>): RecordLayout {
  const images: Image[] = [];
  /** For functions whose S has no room for an id: the latest image of each call site. */
  const latest = new Map<string, Image>();
  const payload = (func: number) => payloads.get(func) ?? 0;
  return {
    size: (func) => 4 + payload(func),
    write(fiber, plan, memory, address) {
      const { index: func } = fiber.top.func;
      const { callIndex } = plan;
      memory.check(address, 4 + payload(func));
      const values = new DataView(new ArrayBuffer(payloadBytes(plan)));
      writeValues(fiber, plan, values, 0);
      const image = { func, callIndex, values };
      memory.view.setInt32(address, callIndex, true);
      if (payload(func) >= 4) memory.view.setInt32(address + 4, images.push(image), true);
      else latest.set(`${func}:${callIndex}`, image);
    },
    sizeBelow: (func) => 4 + payload(func),
    restore(fiber, plan, memory, address) {
      const { index: func, name } = fiber.top.func;
      const { callIndex } = plan;
      const image =
        payload(func) >= 4
          ? images[memory.view.getInt32(address + 4, true) - 1]
          : latest.get(`${func}:${callIndex}`);
      if (image?.func !== func || image.callIndex !== callIndex) {
        throw new Trap("unreachable", `the record at ${address} is not one that ${name} pushed`);
      }
      readValues(fiber, plan, image.values, 0);
    },
  };
}
