// What an unwind writes for one frame, in one of three layouts.
//
//   full     [call index][live locals, operands][length]
//            Linear memory is the truth: a record holds all that its frame needs, by value
//            (references by id), so it can be copied, kept, rewound many times and scanned by
//            a collector, as Binaryen's can. Values have their natural size. The length (of
//            the whole record) comes last because a rewind reads from the end and sizes
//            differ by call site. Its top bit says that the word before it is the index of
//            the function, which was reached by a tail call.
//   compact  [image id]
//            Four bytes, as many as Binaryen's smallest record has: a buffer that is large
//            enough for some build of Binaryen's never overflows. The frame is in the image.
//   twin     [call index][S bytes], with Binaryen's S for the function, so that every
//            position equals the instrumented twin's. The payload's first word is an image id.

import type { MemoryInstance } from "../../runtime/memory.js";
import type { Image, ImageTable } from "./images.js";

export interface RecordLayout {
  /** Bytes of the record of a frame of `func` that saves so many words. */
  size(func: number, words: number, tail: boolean): number;
  write(image: Image, memory: MemoryInstance, address: number): void;
  /** Bytes of the topmost record, popped by a frame of `func`; it ends at `end`. */
  sizeBelow(func: number, memory: MemoryInstance, end: number): number;
  /** What that record holds; its call index is -1 where it is none that anybody wrote. */
  read(func: number, memory: MemoryInstance, address: number, size: number): Image;
  /** The function that the topmost record names because a tail call reached it; else null. */
  tailBelow(memory: MemoryInstance, end: number): number | null;
}

/** A layout, given where images are. */
export type LayoutOf = (images: ImageTable) => RecordLayout;

const TAIL = 0x80000000;
const NOTHING = new Int32Array();
const lost = (func: number): Image => ({ func, callIndex: -1, tail: false, words: NOTHING });

/** Self-contained records. */
export const fullLayout: LayoutOf = () => ({
  size: (_func, words, tail) => 8 + 4 * words + (tail ? 4 : 0),
  write({ func, callIndex, tail, words }, { view }, address) {
    view.setInt32(address, callIndex, true);
    let at = address + 4;
    for (let i = 0; i < words.length; i++, at += 4) view.setInt32(at, words[i]!, true);
    if (tail) {
      view.setInt32(at, func, true);
      at += 4;
    }
    view.setInt32(at, at + 4 - address + (tail ? TAIL : 0), true);
  },
  sizeBelow: (_func, memory, end) => (trailer(memory, end) & ~TAIL) >>> 0,
  read(func, { view }, address, size) {
    const tail = size >= 8 && view.getInt32(address + size - 4, true) < 0;
    const length = (size - 8 - (tail ? 4 : 0)) >> 2;
    if (length < 0 || (size & 3) !== 0) return lost(func);
    const words = new Int32Array(length);
    for (let i = 0; i < length; i++) words[i] = view.getInt32(address + 4 + 4 * i, true);
    return { func, callIndex: view.getInt32(address, true), tail, words };
  },
  tailBelow(memory, end) {
    const word = trailer(memory, end);
    if ((word & TAIL) === 0) return null;
    memory.check(end - 8, 4);
    return memory.view.getUint32(end - 8, true);
  },
});

function trailer(memory: MemoryInstance, end: number): number {
  memory.check(end - 4, 4);
  return memory.view.getUint32(end - 4, true);
}

/** Four bytes for every frame. */
export const compactLayout: LayoutOf = (images) => ({
  size: () => 4,
  write(image, { view }, address) {
    view.setInt32(address, images.put(image), true);
  },
  sizeBelow: () => 4,
  read: (func, { view }, address) => {
    const image = images.get(view.getInt32(address, true));
    return image?.func === func ? image : lost(func);
  },
  tailBelow(memory, end) {
    memory.check(end - 4, 4);
    const image = images.get(memory.view.getInt32(end - 4, true));
    return image?.tail === true ? image.func : null;
  },
});

/** Records of the twin's sizes: `payloads` gives S by function index, 0 where it says nothing. */
export function twinLayout(payloads: ReadonlyMap<number, number>): LayoutOf {
  const payload = (func: number) => payloads.get(func) ?? 0;
  return (images) => ({
    size: (func) => 4 + payload(func),
    write(image, { view }, address) {
      const { func, callIndex } = image;
      view.setInt32(address, callIndex, true);
      if (payload(func) >= 4) view.setInt32(address + 4, images.put(image), true);
      // No room for an id: then Binaryen saves nothing, and the latest image will do.
      else images.latest.set(`${func}:${callIndex}`, images.put(image));
    },
    sizeBelow: (func) => 4 + payload(func),
    read(func, { view }, address) {
      const callIndex = view.getInt32(address, true);
      const id =
        payload(func) >= 4
          ? view.getInt32(address + 4, true)
          : images.latest.get(`${func}:${callIndex}`);
      const image = id === undefined ? undefined : images.get(id);
      if (image?.func === func && image.callIndex === callIndex) return image;
      return { ...lost(func), callIndex };
    },
    // What is refused where twins are made needs no room in records.
    tailBelow: () => null,
  });
}
