// Bytes of memories, read and written.

import { UsageError } from "../../util/errors.js";
import { hex } from "../../util/hex.js";
import { memoryAt, type MemoryPlace } from "./addresses.js";
import type { Handlers } from "./protocol.js";

/** Bytes of a place that are there. */
const available = ({ memory, address }: MemoryPlace, count: number): number =>
  address < 0 ? 0 : Math.max(0, Math.min(count, memory.bytes.length - address));

export const memoryHandlers: Handlers = {
  readMemory(debuggee, { memoryReference, offset, count }) {
    debuggee.requireStopped();
    const place = memoryAt(debuggee, memoryReference, offset);
    const { memory, address } = place;
    const length = available(place, count);
    const data = Buffer.from(memory.bytes.slice(address, address + length)).toString("base64");
    const missing = count - length;
    return {
      address: hex(Math.max(0, address)),
      ...(missing > 0 ? { unreadableBytes: missing } : {}),
      ...(length > 0 ? { data } : {}),
    };
  },

  writeMemory(debuggee, { memoryReference, offset, data, allowPartial = false }) {
    debuggee.requireStopped();
    const place = memoryAt(debuggee, memoryReference, offset);
    const bytes = new Uint8Array(Buffer.from(data, "base64"));
    const length = available(place, bytes.length);
    if (length < bytes.length && !allowPartial)
      throw new UsageError(
        `bytes ${hex(place.address)} to ${hex(place.address + bytes.length)} are out of bounds: memory has ${hex(place.memory.bytes.length)}`,
      );
    debuggee.debug.writeMemory(place.index, place.address, bytes.subarray(0, length));
    debuggee.edited();
    return { bytesWritten: length, offset: 0 };
  },
};
