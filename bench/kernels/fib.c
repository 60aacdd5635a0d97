// Calls and little else.
#include "kernel.h"

static NEVER_INLINE u32 fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static NEVER_INLINE u32 kernel(int n) { return fib(n); }
RUN(22)
