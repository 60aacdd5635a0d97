// Small kernels that spend their time in different corners of an interpreter:
// calls, memory, floats, 64-bit integers, branches.
//
// clang --target=wasm32 -O2 -mbulk-memory -fno-builtin -c kernels.c -o kernels.o
// wasm-ld --no-entry kernels.o -o kernels.wasm

#define EXPORT(name) __attribute__((export_name(#name)))

static int fib_of(int n) { return n < 2 ? n : fib_of(n - 1) + fib_of(n - 2); }
EXPORT(fib) int fib(int n) { return fib_of(n); }

static unsigned char composite[1 << 20];
EXPORT(sieve) int sieve(int n) {
  int primes = 0;
  for (int i = 0; i < n; i++) composite[i] = 0;
  for (int i = 2; i < n; i++) {
    if (composite[i]) continue;
    primes++;
    for (int j = 2 * i; j < n; j += i) composite[j] = 1;
  }
  return primes;
}

static double a[64 * 64], b[64 * 64], c[64 * 64];
EXPORT(matmul) double matmul(int rounds) {
  double sum = 0;
  for (int i = 0; i < 64 * 64; i++) a[i] = i * 0.5, b[i] = i * 0.25;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < 64; i++)
      for (int j = 0; j < 64; j++) {
        double dot = 0;
        for (int k = 0; k < 64; k++) dot += a[i * 64 + k] * b[k * 64 + j];
        c[i * 64 + j] = dot;
      }
    sum += c[round];
  }
  return sum;
}

EXPORT(hash64) unsigned long long hash64(int n) {
  unsigned long long hash = 14695981039346656037ull;
  for (int i = 0; i < n; i++) {
    hash ^= i & 255;
    hash *= 1099511628211ull;
    hash ^= hash >> 29;
  }
  return hash;
}

EXPORT(mandelbrot) int mandelbrot(int n) {
  int total = 0;
  for (int y = 0; y < n; y++)
    for (int x = 0; x < n; x++) {
      double cr = 2.0 * x / n - 1.5, ci = 2.0 * y / n - 1, zr = 0, zi = 0;
      int i = 0;
      for (; i < 50 && zr * zr + zi * zi < 4; i++) {
        double next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
      }
      total += i;
    }
  return total;
}

static int add(int x) { return x + 3; }
static int mul(int x) { return x * 5; }
static int xor(int x) { return x ^ 0x55; }
static int (*const operations[])(int) = {add, mul, xor, mul, add, xor, add, mul};
EXPORT(indirect) int indirect(int n) {
  int x = 1;
  for (int i = 0; i < n; i++) x = operations[(i ^ x) & 7](x);
  return x;
}
