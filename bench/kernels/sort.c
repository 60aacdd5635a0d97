// Comparisons that branch either way: quicksort with insertion sort, then heapsort.
#include "kernel.h"

static int items[1 << 13];

static void insertion_sort(int low, int high) {
  for (int i = low + 1; i <= high; i++) {
    int item = items[i], j = i;
    for (; j > low && items[j - 1] > item; j--) items[j] = items[j - 1];
    items[j] = item;
  }
}

static NEVER_INLINE void quicksort(int low, int high) {
  while (high - low > 12) {
    int pivot = items[low + (high - low) / 2], i = low, j = high;
    while (i <= j) {
      while (items[i] < pivot) i++;
      while (items[j] > pivot) j--;
      if (i > j) break;
      int item = items[i];
      items[i++] = items[j];
      items[j--] = item;
    }
    if (j - low < high - i) {
      quicksort(low, j);
      low = i;
    } else {
      quicksort(i, high);
      high = j;
    }
  }
  insertion_sort(low, high);
}

static void sift(int from, int count) {
  int item = items[from];
  for (int child; (child = 2 * from + 1) < count; from = child) {
    if (child + 1 < count && items[child + 1] > items[child]) child++;
    if (items[child] <= item) break;
    items[from] = items[child];
  }
  items[from] = item;
}

static void heapsort(int count) {
  for (int i = count / 2 - 1; i >= 0; i--) sift(i, count);
  for (int i = count - 1; i > 0; i--) {
    int item = items[0];
    items[0] = items[i];
    items[i] = item;
    sift(0, i);
  }
}

static NEVER_INLINE u32 kernel(int n) {
  u32 sum = 0;
  for (int round = 0; round < 2; round++) {
    seed = 2463534242u + round;
    for (int i = 0; i < n; i++) items[i] = (int)next_random();
    if (round == 0) quicksort(0, n - 1);
    else heapsort(n);
    for (int i = 1; i < n; i++) {
      if (items[i - 1] > items[i]) return 0;
      sum = sum * 3 + (u32)items[i];
    }
  }
  return sum;
}
RUN(2000)
