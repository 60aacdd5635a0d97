// Loads and stores of vectors and of single lanes. The address has been checked; a
// load puts what it read in R, a store takes B.
// Spec: https://webassembly.github.io/spec/core/exec/instructions.html#memory-instructions

import { B, type Handlers, type MemoryHandler, R } from "./simd-registers.js";

type Width = 8 | 16 | 32 | 64;

/** Copies `width` bits from the memory to a lane of R. */
function readLane(width: Width, view: DataView, address: number, lane: number): void {
  if (width === 8) R.i8[lane] = view.getInt8(address);
  else if (width === 16) R.i16[lane] = view.getInt16(address, true);
  else if (width === 32) R.i32[lane] = view.getInt32(address, true);
  else R.i64[lane] = view.getBigInt64(address, true);
}

const loadLane =
  (width: Width): MemoryHandler =>
  (view, address, lane) => {
    R.i32.set(B.i32);
    readLane(width, view, address, lane);
  };

const storeLane =
  (width: Width): MemoryHandler =>
  (view, address, lane) => {
    if (width === 8) view.setInt8(address, B.i8[lane]!);
    else if (width === 16) view.setInt16(address, B.i16[lane]!, true);
    else if (width === 32) view.setInt32(address, B.i32[lane]!, true);
    else view.setBigInt64(address, B.i64[lane]!, true);
  };

const splat =
  (width: Width): MemoryHandler =>
  (view, address) => {
    for (let lane = 0; lane < 128 / width; lane++) readLane(width, view, address, lane);
  };

const zero =
  (width: Width): MemoryHandler =>
  (view, address) => {
    R.i32.fill(0);
    readLane(width, view, address, 0);
  };

export const memoryHandlers = {
  // Step_read/vload-val
  "v128.load": (view, address) => {
    for (let k = 0; k < 4; k++) R.i32[k] = view.getInt32(address + 4 * k, true);
  },
  // Step_read/vload-pack-val
  "v128.load8x8_s": (view, address) => {
    for (let i = 0; i < 8; i++) R.i16[i] = view.getInt8(address + i);
  },
  "v128.load8x8_u": (view, address) => {
    for (let i = 0; i < 8; i++) R.i16[i] = view.getUint8(address + i);
  },
  "v128.load16x4_s": (view, address) => {
    for (let i = 0; i < 4; i++) R.i32[i] = view.getInt16(address + 2 * i, true);
  },
  "v128.load16x4_u": (view, address) => {
    for (let i = 0; i < 4; i++) R.i32[i] = view.getUint16(address + 2 * i, true);
  },
  "v128.load32x2_s": (view, address) => {
    for (let i = 0; i < 2; i++) R.i64[i] = BigInt(view.getInt32(address + 4 * i, true));
  },
  "v128.load32x2_u": (view, address) => {
    for (let i = 0; i < 2; i++) R.i64[i] = BigInt(view.getUint32(address + 4 * i, true));
  },
  // Step_read/vload-splat-val
  "v128.load8_splat": splat(8),
  "v128.load16_splat": splat(16),
  "v128.load32_splat": splat(32),
  "v128.load64_splat": splat(64),
  // Step_read/vload-zero-val
  "v128.load32_zero": zero(32),
  "v128.load64_zero": zero(64),
  // Step_read/vload_lane-val
  "v128.load8_lane": loadLane(8),
  "v128.load16_lane": loadLane(16),
  "v128.load32_lane": loadLane(32),
  "v128.load64_lane": loadLane(64),
  // Step/vstore-val
  "v128.store": (view, address) => {
    for (let k = 0; k < 4; k++) view.setInt32(address + 4 * k, B.i32[k]!, true);
  },
  // Step/vstore_lane-val
  "v128.store8_lane": storeLane(8),
  "v128.store16_lane": storeLane(16),
  "v128.store32_lane": storeLane(32),
  "v128.store64_lane": storeLane(64),
} satisfies Handlers<MemoryHandler>;
