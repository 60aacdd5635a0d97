// Products of matrices of f64.
#include "kernel.h"

#define SIZE 48
static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

static NEVER_INLINE u32 kernel(int n) {
  double sum = 0;
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) a[i][j] = i * 0.5 + j, b[i][j] = j * 0.25 - i;
  for (int round = 0; round < n; round++) {
    for (int i = 0; i < SIZE; i++)
      for (int j = 0; j < SIZE; j++) {
        double dot = 0;
        for (int k = 0; k < SIZE; k++) dot += a[i][k] * b[k][j];
        c[i][j] = dot;
      }
    sum += c[round][SIZE - 1 - round];
    a[round][round] = -c[round][round] / 1024;
  }
  return (u32)(int)sum;
}
RUN(3)
