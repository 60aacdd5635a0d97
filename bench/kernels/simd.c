// Vectors: mandelbrot in four lanes of f32, dot products of i16, letters made upper case
// and counted, bytes shuffled.
#include <wasm_simd128.h>
#include "kernel.h"

static NEVER_INLINE u32 mandelbrot(int n) {
  v128_t total = wasm_i32x4_splat(0);
  for (int y = 0; y < n; y++)
    for (int x = 0; x < n; x += 4) {
      v128_t column = wasm_f32x4_convert_i32x4(wasm_i32x4_make(x, x + 1, x + 2, x + 3));
      v128_t cr = wasm_f32x4_sub(wasm_f32x4_mul(column, wasm_f32x4_splat(2.0f / n)), wasm_f32x4_splat(1.5f));
      v128_t ci = wasm_f32x4_splat(2.0f * y / n - 1);
      v128_t zr = wasm_f32x4_splat(0), zi = zr, count = wasm_i32x4_splat(0);
      for (int i = 0; i < 32; i++) {
        v128_t rr = wasm_f32x4_mul(zr, zr), ii = wasm_f32x4_mul(zi, zi);
        v128_t inside = wasm_f32x4_lt(wasm_f32x4_add(rr, ii), wasm_f32x4_splat(4));
        if (!wasm_v128_any_true(inside)) break;
        count = wasm_i32x4_sub(count, inside);
        v128_t both = wasm_f32x4_mul(zr, zi);
        zi = wasm_f32x4_add(wasm_f32x4_add(both, both), ci);
        zr = wasm_f32x4_add(wasm_f32x4_sub(rr, ii), cr);
      }
      total = wasm_i32x4_add(wasm_i32x4_mul(total, wasm_i32x4_splat(5)), count);
    }
  return (u32)(wasm_i32x4_extract_lane(total, 0) + wasm_i32x4_extract_lane(total, 1) +
               wasm_i32x4_extract_lane(total, 2) + wasm_i32x4_extract_lane(total, 3));
}

static i16 left[512], right[512];
static NEVER_INLINE u32 dot(void) {
  v128_t sum = wasm_i32x4_splat(0);
  for (int i = 0; i < 512; i += 8)
    sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(wasm_v128_load(left + i), wasm_v128_load(right + i)));
  v128_t half = wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 2, 3, 0, 1));
  return (u32)(wasm_i32x4_extract_lane(half, 0) + wasm_i32x4_extract_lane(half, 1));
}

static u8 text[1024];
static NEVER_INLINE u32 upper(void) {
  u32 letters = 0;
  v128_t last = wasm_i8x16_splat(0);
  for (int i = 0; i < 1024; i += 16) {
    v128_t bytes = wasm_v128_load(text + i);
    v128_t small = wasm_v128_and(wasm_u8x16_ge(bytes, wasm_u8x16_splat('a')), wasm_u8x16_le(bytes, wasm_u8x16_splat('z')));
    letters += (u32)__builtin_popcount(wasm_i8x16_bitmask(small));
    bytes = wasm_i8x16_sub(bytes, wasm_v128_and(small, wasm_i8x16_splat(32)));
    bytes = wasm_i8x16_shuffle(bytes, last, 15, 30, 13, 28, 11, 26, 9, 24, 7, 22, 5, 20, 3, 18, 1, 16);
    wasm_v128_store(text + i, bytes);
    last = bytes;
  }
  return letters;
}

static NEVER_INLINE u32 kernel(int n) {
  seed = 31337;
  for (int i = 0; i < 512; i++) left[i] = (i16)next_random(), right[i] = (i16)next_random();
  for (int i = 0; i < 1024; i++) text[i] = (u8)(32 + (next_random() & 127) % 95);
  u32 sum = mandelbrot(n);
  for (int i = 0; i < n; i++) {
    left[i] ^= (i16)i;
    sum = sum * 7 + dot();
    sum = sum * 7 + upper();
  }
  return sum;
}
RUN(32)
