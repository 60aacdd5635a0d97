// Loops over f64 in locals.
#include "kernel.h"

static NEVER_INLINE u32 kernel(int n) {
  u32 total = 0;
  for (int y = 0; y < n; y++)
    for (int x = 0; x < n; x++) {
      double cr = 2.0 * x / n - 1.5, ci = 2.0 * y / n - 1, zr = 0, zi = 0;
      u32 i = 0;
      for (; i < 50 && zr * zr + zi * zi < 4; i++) {
        double next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
      }
      total = total * 5 + i;
    }
  return total;
}
RUN(48)
