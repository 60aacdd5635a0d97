// Strided stores of bytes, and a scan.
#include "kernel.h"

static u8 composite[1 << 17];

static NEVER_INLINE u32 kernel(int n) {
  u32 primes = 0;
  for (int i = 0; i < n; i++) composite[i] = 0;
  for (int i = 2; i < n; i++) {
    if (composite[i]) continue;
    primes++;
    for (int j = 2 * i; j < n; j += i) composite[j] = 1;
  }
  return primes;
}
RUN(60000)
