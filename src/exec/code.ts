// The executable form of a function body: one entry of 32-bit words for each
// wasm instruction, its opcode first, its immediates decoded, its branches
// resolved. It keeps the instruction-for-instruction shape of the bytes, so a
// position in it and a byte offset say the same thing and are interchangeable.
//
// Slots are counted in words: a number takes two (i32 and f32 use the first),
// a vector will take four. A reference takes two as well and lives in the
// fiber's `refs` at half its word index.

/** Entries that stand for a wasm instruction on operands of another kind. */
export const enumInternal = {
  /** `local.get`, `.set`, `.tee`, `global.get`, `.set` of a reference. */
  localGetRef: 0xc8,
  localSetRef: 0xc9,
  localTeeRef: 0xca,
  globalGetRef: 0xcb,
  globalSetRef: 0xcc,
  /** Access to a memory other than the first, or one with 64-bit addresses. */
  memoryAccess: 0xcd,
} as const;
