// Loops over bytes: base64 there and back, CRC-32 by table, UTF-8 to code points.
#include "kernel.h"

static u8 text[4096], coded[8192], decoded[4096];
static u32 crc_table[256];
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static u8 value_of[256];

static void make_tables(void) {
  for (u32 i = 0; i < 256; i++) {
    u32 crc = i;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    crc_table[i] = crc;
  }
  for (int i = 0; i < 64; i++) value_of[(u8)alphabet[i]] = (u8)i;
}

static int put_utf8(u8 *to, u32 point) {
  if (point < 0x80) return to[0] = (u8)point, 1;
  if (point < 0x800) return to[0] = (u8)(0xc0 | point >> 6), to[1] = 0x80 | (point & 63), 2;
  to[0] = (u8)(0xe0 | point >> 12);
  to[1] = 0x80 | (point >> 6 & 63);
  to[2] = 0x80 | (point & 63);
  return 3;
}

static NEVER_INLINE u32 sum_utf8(const u8 *from, int length) {
  u32 sum = 0;
  for (int i = 0; i < length;) {
    u32 lead = from[i++], point = lead;
    int more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : 2;
    if (more) point = lead & (more == 1 ? 31 : 15);
    while (more-- > 0 && i < length) point = point << 6 | (from[i++] & 63);
    sum = sum * 33 ^ point;
  }
  return sum;
}

static NEVER_INLINE int encode(const u8 *from, int length, u8 *to) {
  int out = 0;
  for (int i = 0; i + 2 < length; i += 3) {
    u32 three = (u32)from[i] << 16 | (u32)from[i + 1] << 8 | from[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) to[out++] = (u8)alphabet[three >> shift & 63];
  }
  return out;
}

static NEVER_INLINE int decode(const u8 *from, int length, u8 *to) {
  int out = 0;
  for (int i = 0; i < length; i += 4) {
    u32 three = 0;
    for (int j = 0; j < 4; j++) three = three << 6 | value_of[from[i + j]];
    to[out++] = (u8)(three >> 16);
    to[out++] = (u8)(three >> 8);
    to[out++] = (u8)three;
  }
  return out;
}

static NEVER_INLINE u32 crc32(const u8 *from, int length) {
  u32 crc = ~0u;
  for (int i = 0; i < length; i++) crc = crc_table[(crc ^ from[i]) & 255] ^ crc >> 8;
  return ~crc;
}

static NEVER_INLINE u32 kernel(int n) {
  make_tables();
  int length = 0;
  seed = 12345;
  while (length < n) {
    u32 random = next_random();
    length += put_utf8(text + length, random & 3 ? random >> 8 & 127 : random >> 8 & 0x7fff);
  }
  length -= length % 3;
  int size = encode(text, length, coded);
  int back = decode(coded, size, decoded);
  for (int i = 0; i < back; i++)
    if (decoded[i] != text[i]) return 0;
  return sum_utf8(decoded, back) ^ crc32(coded, size);
}
RUN(3000)
