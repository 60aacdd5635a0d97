// Shortcuts: opcodes that stand for a sequence of entries, executed in one go. `Code.shortcuts`
// has them in place of the first opcode of such a sequence, and is for the rest what
// `Code.words` is, so that positions mean the same in both and every entry can be gone to.
//
// They are the sequences that save most opcodes in bench/'s kernels and programs. Each costs
// room in the interpreter's loop, which V8 optimises up to 61,440 bytes of bytecode only.
//
// A shortcut either does all that its sequence does, or nothing: where an instruction in it
// would trap, the interpreter executes the plain entries instead. So only the interpreter's
// loop knows of shortcuts, and only with fuel for the longest.

import type { ValType } from "../syntax/types.js";
import { opcodes } from "../syntax/opcodes.js";
import type { Mnemonic } from "../syntax/opcodes.js";

/**
 * Sequences that are frequent in what compilers make. Variables are named with their type; a
 * `br_if` or `br` here is one that takes no operands along.
 */
export const Shortcut = {
  // i32
  "i32.const, i32.add": 0x100,
  "i32.const, i32.and": 0x101,
  "i32.const, i32.shl": 0x102,
  "i32.const, i32.shl, i32.const, i32.add": 0x103,
  "i32.const, i32.shr_u, i32.const, i32.and": 0x104,
  "i32.const, i32.shr_u, local.get i32, i32.xor": 0x105,
  "i32.const, local.get i32, local.get i32, i32.gt_u": 0x106,
  "i32.const, local.set i32": 0x107,
  "i32.shl, local.get i32, i32.xor, local.tee i32": 0x108,
  "local.get i32": 0x109,
  "local.get i32, i32.add, local.set i32": 0x10a,
  "local.get i32, i32.const": 0x10b,
  "local.get i32, i32.const, i32.add": 0x10c,
  "local.get i32, i32.const, i32.add, i32.const": 0x10d,
  "local.get i32, i32.const, i32.add, local.set i32": 0x10e,
  "local.get i32, i32.const, i32.add, local.tee i32": 0x10f,
  "local.get i32, i32.const, i32.and": 0x110,
  "local.get i32, i32.const, i32.gt_u, local.set i32": 0x111,
  "local.get i32, i32.const, i32.sub, local.tee i32": 0x112,
  "local.get i32, local.get i32": 0x113,
  "local.get i32, local.get i32, i32.add": 0x114,
  "local.set i32, local.get i32": 0x115,
  "local.tee i32, i32.const": 0x116,
  "local.tee i32, i32.const, i32.add": 0x117,
  // i64
  "i32.and, i64.extend_i32_u, i64.xor": 0x118,
  "i64.const, i64.mul, local.tee i64": 0x119,
  "i64.const, i64.shr_u, local.get i64, i64.xor": 0x11a,
  "local.get i64, i64.add, i64.const, i64.rotl": 0x11b,
  "local.get i64, i64.const": 0x11c,
  "local.get i64, i64.const, i64.rotl, i64.xor": 0x11d,
  "local.get i64, local.set i64, local.get i64, local.set i64": 0x11e,
  "local.get i64, local.tee i64": 0x11f,
  "local.tee i64, local.get i64, local.get i64, local.get i64": 0x120,
  // f64
  "f64.add, f64.add, f64.add, local.set f64": 0x121,
  "f64.mul, local.get f64, f64.add": 0x122,
  "local.get f64, f64.mul, local.tee f64": 0x123,
  "local.get f64, local.get f64, f64.add, local.get f64": 0x124,
  "local.get f64, local.get f64, f64.mul, local.tee f64": 0x125,
  "local.get f64, local.get f64, local.get f64, f64.sub": 0x126,
  // memory
  "i32.add, i64.const, i64.store, local.get i32": 0x127,
  "i32.add, local.tee i32, i32.load, local.tee i32": 0x128,
  "i32.const, i32.load, local.tee i32, i32.const": 0x129,
  "i32.load16_s, local.get i32, i32.load16_s, i32.le_s": 0x12a,
  "i32.store, local.get i32": 0x12b,
  "i32.store8, local.get i32, i32.const, i32.add": 0x12c,
  "i32.store8, local.get i32, local.get i32, i32.add": 0x12d,
  "i64.load, local.tee i64, i64.const": 0x12e,
  "local.get i32, i32.const, i32.add, f64.load": 0x12f,
  "local.get i32, i32.const, i32.add, i32.load8_u": 0x130,
  "local.get i32, i32.load": 0x131,
  "local.get i32, i32.load, local.tee i32, local.get i32": 0x132,
  "local.get i32, i32.load8_u": 0x133,
  "local.get i32, local.get i32, i32.load8_u, i32.store8": 0x134,
  "local.tee i32, i32.load, local.tee i32": 0x135,
  // branches
  "i32.const, i32.ne, br_if": 0x136,
  "i32.eqz, br_if": 0x137,
  "i32.ne, br_if": 0x138,
  "local.get i32, i32.const, i32.ge_s, br_if": 0x139,
  "local.get i32, i32.gt_s, br_if": 0x13a,
  "local.get i32, i32.load, local.tee i32, br_if": 0x13b,
  "local.get i32, i32.load16_u, i32.le_u, br_if": 0x13c,
  "local.get i32, i32.xor, i32.eqz, br_if": 0x13d,
  "local.set i32, local.get i32, br_if": 0x13e,
  "local.tee i32, local.get i32, i32.lt_s, br_if": 0x13f,
} as const;
export type ShortcutCode<S extends keyof typeof Shortcut> = (typeof Shortcut)[S];

/** Instructions in the longest of them. */
export const LONGEST = Math.max(...Object.keys(Shortcut).map((key) => key.split(", ").length));

/** What does nothing and takes one word: runs of it are a negative number, their length. */
const NOTHING = new Uint8Array(256);
for (const op of [0x01, 0x02, 0x03, 0x0b, 0x1f, 0x06, 0x18]) NOTHING[op] = 1;

/**
 * The sequences as a trie: `next[node * width + symbol]` is the node that a symbol leads to,
 * 0 if to none; `ends[node]` the opcode of the sequence that ends there. Symbols are numbers
 * from 1; `plain` has those of opcodes, `variables` those of instructions on locals by type.
 */
class Trie {
  private readonly symbols = new Map<string, number>();
  readonly plain = new Uint8Array(256);
  readonly variables = new Map<ValType, Uint8Array>();
  readonly width: number;
  readonly next: Int16Array;
  readonly ends: Int16Array;

  constructor() {
    const sequences = Object.entries(Shortcut).map(
      ([key, code]) => [key.split(", "), code] as const,
    );
    for (const [sequence] of sequences)
      for (const name of sequence)
        if (!this.symbols.has(name)) this.symbols.set(name, this.symbols.size + 1);
    for (const type of ["i32", "i64", "f64"] as const) this.variables.set(type, new Uint8Array(3));
    for (const [name, symbol] of this.symbols) {
      const [mnemonic, type] = name.split(" ") as [Mnemonic, ValType?];
      const { code } = opcodes[mnemonic];
      if (type === undefined) this.plain[code] = symbol;
      else this.variables.get(type)![code - 0x20] = symbol;
    }
    this.width = this.symbols.size + 1;
    const nodes = 1 + sequences.reduce((sum, [sequence]) => sum + sequence.length, 0);
    this.next = new Int16Array(nodes * this.width);
    this.ends = new Int16Array(nodes);
    let last = 0;
    for (const [sequence, code] of sequences) {
      let node = 0;
      for (const name of sequence) {
        const at = node * this.width + this.symbols.get(name)!;
        node = this.next[at] ||= ++last;
      }
      this.ends[node] = code;
    }
  }
}
let trie: Trie | null = null;

/**
 * `words` with shortcuts, such that from each entry on as few opcodes as possible are
 * executed in a row.
 */
export function withShortcuts(
  words: Int32Array,
  starts: Int32Array,
  localTypes: readonly ValType[],
  localOffsets: readonly number[],
): Int32Array {
  const { plain, variables, width, next, ends } = (trie ??= new Trie());
  const count = starts.length;
  const symbols = new Uint8Array(count);
  const byOffset: (Uint8Array | undefined)[] = [];
  localOffsets.forEach((offset, i) => (byOffset[offset >> 1] = variables.get(localTypes[i]!)));
  for (let i = 0; i < count; i++) {
    const pc = starts[i]!;
    const op = words[pc]!;
    if (op >= 0x20 && op <= 0x22) symbols[i] = byOffset[words[pc + 1]! >> 1]?.[op - 0x20] ?? 0;
    else if ((op !== 0x0c && op !== 0x0d) || words[pc + 3] === 0) symbols[i] = plain[op]!;
  }
  const shortcuts = words.slice();
  /** Opcodes executed from an entry to the end, if nothing branches. */
  const costs = new Int32Array(count + 1);
  let run = 0;
  for (let i = count - 1; i >= 0; i--) {
    const pc = starts[i]!;
    let best = costs[i + 1]!;
    run = NOTHING[words[pc]!] === 1 ? run + 1 : 0;
    if (run > 1) {
      best = costs[i + run]!;
      shortcuts[pc] = -run;
    }
    let node = 0;
    for (let j = i; j < count;) {
      node = next[node * width + symbols[j]!]!;
      if (node === 0) break;
      j++;
      if (ends[node] !== 0 && costs[j]! <= best) {
        best = costs[j]!;
        shortcuts[pc] = ends[node]!;
      }
    }
    costs[i] = best + 1;
  }
  return shortcuts;
}
