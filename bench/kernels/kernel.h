// What every kernel shares. A kernel is `static u32 kernel(int n)`: it sets up all that
// it reads, so each run does the same and gives the same sum.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef short i16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define NEVER_INLINE __attribute__((noinline))

// `run(times)`: the kernel that many times. What the optimizer does not see through keeps
// it from doing the work once.
#define RUN(SIZE)                                           \
  __attribute__((export_name("run"))) u32 run(u32 times) {  \
    u32 sum = 0;                                            \
    for (u32 i = 0; i < times; i++) {                       \
      int n = SIZE;                                         \
      __asm__ volatile("" : "+r"(n) : : "memory");          \
      sum = sum * 31 + kernel(n);                           \
    }                                                       \
    return sum;                                             \
  }

static u32 seed;
static inline u32 next_random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed;
}
