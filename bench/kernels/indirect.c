// Calls through a table: 72 targets of three types, in an order that nothing predicts.
#include "kernel.h"

#define EIGHT(M, at) \
  M(at##0, 0x##at##0) M(at##1, 0x##at##1) M(at##2, 0x##at##2) M(at##3, 0x##at##3) \
  M(at##4, 0x##at##4) M(at##5, 0x##at##5) M(at##6, 0x##at##6) M(at##7, 0x##at##7)
#define ALL(M) \
  EIGHT(M, 1) EIGHT(M, 2) EIGHT(M, 3) EIGHT(M, 4)

#define ONE(name, k) static u32 one_##name(u32 x) { return x * (k | 1) + k; }
#define TWO(name, k) static u32 two_##name(u32 x, u32 y) { return (x ^ k) + (y >> (k & 7)); }
#define WIDE(name, k) static u64 wide_##name(u64 x) { return (x << (k & 15)) ^ (x >> 7) ^ k; }
ALL(ONE)
ALL(TWO)
EIGHT(WIDE, 5)

#define ONE_OF(name, k) one_##name,
#define TWO_OF(name, k) two_##name,
#define WIDE_OF(name, k) wide_##name,
static u32 (*const ones[32])(u32) = {ALL(ONE_OF)};
static u32 (*const twos[32])(u32, u32) = {ALL(TWO_OF)};
static u64 (*const wides[8])(u64) = {EIGHT(WIDE_OF, 5)};

static NEVER_INLINE u32 kernel(int n) {
  u32 x = 1;
  u64 wide = 3;
  seed = 4242;
  for (int i = 0; i < n; i++) {
    u32 random = next_random();
    x = ones[random & 31](x);
    x = twos[random >> 5 & 31](x, random);
    if ((random >> 10 & 3) == 0) wide = wides[random >> 12 & 7](wide + x);
  }
  return x ^ (u32)wide ^ (u32)(wide >> 32);
}
RUN(8000)
