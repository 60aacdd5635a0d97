// A mix in the manner of CoreMark: a list that is searched, reversed and sorted, small
// matrices of integers, a machine of states over text, and a CRC-16 of all that comes out.
#include "kernel.h"

static u16 crc16(u16 crc, u32 value) {
  for (int bit = 0; bit < 16; bit++) {
    u32 carry = (crc ^ value) & 1;
    crc = (u16)(crc >> 1 ^ (carry ? 0xa001 : 0));
    value >>= 1;
  }
  return crc;
}

typedef struct item {
  struct item *next;
  i16 value;
  u16 index;
} item;
static item items[128];

static item *find(item *list, i16 value) {
  while (list && (list->value & 255) != (value & 255)) list = list->next;
  return list;
}

static item *reverse(item *list) {
  item *done = 0;
  while (list) {
    item *next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

static int by_value(const item *a, const item *b) { return a->value - b->value; }
static int by_index(const item *a, const item *b) { return (int)a->index - (int)b->index; }

static NEVER_INLINE item *sort(item *list, int (*compare)(const item *, const item *)) {
  item *sorted = 0;
  while (list) {
    item *next = list->next, **at = &sorted;
    while (*at && compare(*at, list) <= 0) at = &(*at)->next;
    list->next = *at;
    *at = list;
    list = next;
  }
  return sorted;
}

static NEVER_INLINE u16 lists(u16 crc, int n) {
  item *list = 0;
  for (int i = 0; i < n; i++) {
    items[i] = (item){list, (i16)(next_random() & 0x7fff), (u16)i};
    list = &items[i];
  }
  for (int i = 0; i < 40; i++) {
    item *found = find(list, (i16)(i * 5));
    if (found) crc = crc16(crc, found->index);
    if (i % 8 == 0) list = reverse(list);
  }
  list = sort(list, by_value);
  crc = crc16(crc, list->index);
  list = sort(list, by_index);
  return crc16(crc, (u16)list->value);
}

#define SIDE 10
static i16 a[SIDE * SIDE], b[SIDE * SIDE];
static int c[SIDE * SIDE];

static NEVER_INLINE u16 matrices(u16 crc, i16 add) {
  for (int i = 0; i < SIDE * SIDE; i++) a[i] = (i16)(next_random() & 511), b[i] = (i16)(a[i] + add);
  int sum = 0;
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      int dot = 0;
      for (int k = 0; k < SIDE; k++) {
        int product = a[i * SIDE + k] * b[k * SIDE + j];
        dot += (product >> 2 & 15) * (product >> 5 & 127);
      }
      c[i * SIDE + j] = dot;
      sum += dot > sum ? 1 : dot;
    }
  return crc16(crc, (u32)sum);
}

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, POWER, INVALID, STATES };
static const char numbers[] = "5012,-874,+122.5,-110.700,.75,1.5e10,-,7e-2,5x,19e,+8.1E+3,000,--4,0.0.1,";

static enum state step(enum state from, char c) {
  int digit = c >= '0' && c <= '9';
  switch (from) {
    case START: return digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID;
    case SIGN: return digit ? INTEGER : c == '.' ? POINT : INVALID;
    case INTEGER: return digit ? INTEGER : c == '.' ? FRACTION : c == 'e' || c == 'E' ? EXPONENT : INVALID;
    case POINT: return digit ? FRACTION : INVALID;
    case FRACTION: return digit ? FRACTION : c == 'e' || c == 'E' ? EXPONENT : INVALID;
    case EXPONENT: return digit || c == '+' || c == '-' ? POWER : INVALID;
    case POWER: return digit ? POWER : INVALID;
    default: return INVALID;
  }
}

static NEVER_INLINE u16 states(u16 crc) {
  u32 ends[STATES] = {0};
  u32 steps = 0;
  enum state at = START;
  for (const char *text = numbers; *text; text++) {
    if (*text == ',') {
      ends[at]++;
      at = START;
    } else if (at != INVALID) {
      at = step(at, *text);
      steps++;
    }
  }
  for (int i = 0; i < STATES; i++) crc = crc16(crc, ends[i]);
  return crc16(crc, steps);
}

static NEVER_INLINE u32 kernel(int n) {
  u16 crc = 0;
  seed = 99;
  for (int i = 0; i < n; i++) {
    crc = lists(crc, 64);
    crc = matrices(crc, (i16)i);
    crc = states(crc);
  }
  return crc;
}
RUN(8)
