// `WebAssembly.Memory`.
// Spec: https://webassembly.github.io/spec/js-api/#memories

import type { Limits } from "../syntax/types.js";
import { MemoryInstance } from "../runtime/memory.js";
import {
  finishInterface,
  type Size,
  sizeOf,
  toDictionary,
  toAddressType,
  toIndex,
  toLimits,
} from "./idl.js";
import { bufferOf, fixedBufferOf, resizableBufferOf, watchBuffer } from "./memory-buffers.js";
import { memories } from "./slots.js";
import type { World } from "./world.js";

/** The spec's bounds on types: 4 GiB, and 2^48 pages. */
const LARGEST = { i32: 2n ** 16n, i64: 2n ** 48n } as const;

export const memoryInterface = (world: World) =>
  finishInterface(
    "Memory",
    class Memory {
      constructor(descriptor: unknown) {
        initMemory(world, this, new MemoryInstance({ limits: toMemoryLimits(descriptor) }));
      }

      grow(delta: unknown): Size {
        const memory = memories.demand(this);
        const { address } = memory.type.limits;
        const old = memory.grow(toIndex(delta, address));
        if (old < 0) throw new RangeError(`memory cannot grow by ${String(delta)} pages`);
        return sizeOf(old, address);
      }

      get buffer(): ArrayBufferLike {
        return bufferOf(memories.demand(this));
      }

      toFixedLengthBuffer(): ArrayBufferLike {
        return fixedBufferOf(memories.demand(this));
      }

      toResizableBuffer(): ArrayBufferLike {
        return resizableBufferOf(memories.demand(this));
      }
    },
  );

function toMemoryLimits(descriptor: unknown): Limits {
  const members = toDictionary(descriptor, "the descriptor of a memory");
  const address = toAddressType(members["address"]);
  const limits = toLimits(members, address, LARGEST[address]);
  if (!members["shared"]) return limits;
  if (limits.max === undefined) throw new TypeError("a shared memory needs a maximum");
  return { ...limits, shared: true };
}

/** `object` becomes the memory's one object in this world. */
export function initMemory(world: World, object: object, memory: MemoryInstance): void {
  memories.set(object, memory);
  world.adopt(memory, object);
  watchBuffer(memory);
}
