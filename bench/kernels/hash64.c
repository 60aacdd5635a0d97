// Arithmetic of 64-bit integers: multiply, rotate, shift, compare.
#include "kernel.h"

static inline u64 rotate(u64 x, int by) { return x << by | x >> (64 - by); }

static NEVER_INLINE u32 kernel(int n) {
  u64 hash = 14695981039346656037ull, other = 0x9e3779b97f4a7c15ull, least = ~0ull;
  for (int i = 0; i < n; i++) {
    hash ^= (u32)i & 255;
    hash *= 1099511628211ull;
    other = rotate(other + hash, 31) * 0xc2b2ae3d27d4eb4full;
    hash ^= other >> 29;
    if (hash < least) least = hash;
  }
  hash ^= least;
  return (u32)(hash ^ hash >> 32);
}
RUN(40000)
