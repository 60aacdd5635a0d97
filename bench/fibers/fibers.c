// What bench/fibers/task.mjs measures. Built, from this folder, with clang and lld 19 and
// wasm-opt 132:
//   clang-19 --target=wasm32 -O1 -ffreestanding -nostdlib -c fibers.c -o fibers.o
//   clang-19 --target=wasm32 -c ../../fixtures/src/stackful.s -o stackful.o
//   wasm-ld-19 --no-entry --stack-first fibers.o stackful.o -o fibers.wasm
//   wasm-opt fibers.wasm --asyncify --optimize-level=2 -g -o fibers.twin.wasm
#include "../../fixtures/src/fiber.h"

IMPORT(pause) void pause(void);

// Recursion that stays recursion.
#define FRAMES __attribute__((noinline, disable_tail_calls))

static fiber_sp inside, outside;
static u32 sum;

static FRAMES i32 dive(i32 depth) {
  // Not on the C stack, which is not that deep.
  static fiber_switch back;
  if (depth > 0) return dive(depth - 1) + 1;
  for (;;) {
    fiber_switch_leave(&back, outside, 1);
    outside = back.from;
  }
}

static void diver(fiber_sp from, u32 depth) {
  outside = from;
  sum += (u32)dive((i32)depth);
}

// A fiber that waits `depth` frames deep.
EXPORT(begin) void begin(i32 depth) {
  fiber_switch back;
  fiber_stack_used[0] = false;
  fiber_enter(&back, fiber_stack_take(), (u32)depth, diver);
  inside = back.from;
}

// There and back, `n` times.
EXPORT(turns) u32 turns(u32 n) {
  for (u32 i = 0; i < n; i++) {
    fiber_switch back;
    fiber_switch_enter(&back, inside, i);
    inside = back.from;
    sum += back.payload;
  }
  return sum;
}

#define SMALL_STACK 256
extern unsigned char __heap_base;
static fiber_sp *waiting;

static void waiter(fiber_sp from, u32 payload) {
  fiber_switch back = {from, payload};
  for (;;) fiber_switch_leave(&back, back.from, back.payload + 1);
}

// `n` fibers, each on a stack that holds C frames and nothing else; all suspended.
EXPORT(populate) void populate(u32 n) {
  u32 base = ((u32)&__heap_base + 15) & ~15u;
  u32 end = base + n * (SMALL_STACK + sizeof(fiber_sp));
  u32 pages = (end >> 16) + 1;
  if (pages > __builtin_wasm_memory_size(0))
    __builtin_wasm_memory_grow(0, pages - __builtin_wasm_memory_size(0));
  waiting = (fiber_sp *)(base + n * SMALL_STACK);
  for (u32 i = 0; i < n; i++) {
    fiber_switch back;
    fiber_enter(&back, base + (i + 1) * SMALL_STACK, i, waiter);
    waiting[i] = back.from;
  }
}

// Resumes each once, in an order that the seed decides.
EXPORT(visit) u32 visit(u32 n, u32 seed) {
  u32 total = 0;
  for (u32 i = n; i > 0; i--) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    u32 chosen = seed % i;
    fiber_switch back;
    fiber_switch_enter(&back, waiting[chosen], i);
    waiting[chosen] = waiting[i - 1];
    waiting[i - 1] = back.from;
    total += back.payload;
  }
  return total;
}

// Calls itself, then the host, which may unwind all of it.
EXPORT(sink) FRAMES i32 sink(i32 depth) {
  if (depth > 0) return sink(depth - 1) + 1;
  pause();
  return 0;
}

// A data pointer with room for `bytes` of records.
EXPORT(buffer) u32 buffer(u32 bytes) {
  u32 base = ((u32)&__heap_base + 15) & ~15u;
  u32 pages = ((base + 8 + bytes) >> 16) + 1;
  if (pages > __builtin_wasm_memory_size(0))
    __builtin_wasm_memory_grow(0, pages - __builtin_wasm_memory_size(0));
  ((u32 *)base)[0] = base + 8;
  ((u32 *)base)[1] = base + 8 + bytes;
  return base;
}
