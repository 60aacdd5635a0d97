// Reads instructions one after the other, as the opcode table describes them.
// One Instruction object is filled again and again: reading allocates only label
// and type lists. The bytes need not be valid code, and need not be well nested:
// `expression.ts` is what finds the end of an expression and checks the nesting.
// Spec: https://webassembly.github.io/spec/core/binary/instructions.html

import { refType } from "../syntax/types.js";
import { opcodeOf, opcodes, isPrefix, type Immediate, type Opcode } from "../syntax/opcodes.js";
import type { BlockType, CatchClause, Instruction, ResumeClause } from "../syntax/instruction.js";
import { Reader } from "./reader.js";
import { readHeapType, readValType } from "./types.js";
import { hexByte } from "../util/hex.js";

const indexKinds = [
  "label",
  "type",
  "func",
  "table",
  "memory",
  "global",
  "local",
  "elem",
  "data",
  "tag",
  "field",
  "count",
] as const satisfies readonly Immediate[];
export type IndexImmediate = (typeof indexKinds)[number];

export const isIndex = (i: Immediate): i is IndexImmediate =>
  (indexKinds as readonly Immediate[]).includes(i);

/** How the immediates lie in the bytes; indices of any kind look the same. */
const shapes = {
  none: 0,
  index: 1,
  "two indices": 2,
  memarg: 3,
  i32: 4,
  i64: 5,
  f32: 6,
  f64: 7,
  blocktype: 8,
  labels: 9,
  lane: 10,
  v128: 11,
  lanes: 12,
  zero: 13,
  catches: 14,
  handlers: 15,
  heaptype: 16,
  valtypes: 17,
  ref: 18,
  "ref null": 19,
  castflags: 20,
  heaptypes: 21,
  /** One immediate after the other. */
  mixed: 22,
} as const satisfies Record<OtherImmediate, number> & Record<string, number>;
/** A number, and where it is a label a literal: for each instruction there is a jump by it. */
type Shape<S extends keyof typeof shapes = keyof typeof shapes> = (typeof shapes)[S];
type OtherImmediate = Exclude<Immediate, IndexImmediate>;

function shapeOf(immediates: readonly Immediate[]): Shape {
  if (immediates.every(isIndex)) {
    return shapes[(["none", "index", "two indices"] as const)[immediates.length]!];
  }
  return shapes[immediates.length === 1 ? (immediates[0] as OtherImmediate) : "mixed"];
}

interface Entry {
  readonly op: Opcode;
  readonly shape: Shape;
  /** Whether it opens a block that an `end` closes. */
  readonly opens: boolean;
}
const byByte: (Entry | undefined)[] = Array.from({ length: 256 });
const byPrefixed = new Map<number, Entry>();
for (const { code } of Object.values(opcodes)) {
  const op = opcodeOf(code)!;
  const entry: Entry = {
    op,
    shape: shapeOf(op.immediates),
    opens: op.immediates.includes("blocktype"),
  };
  if (code < 256) byByte[code] = entry;
  else byPrefixed.set(code, entry);
}

/**
 * Reads [offset, end). Immediates of instructions: see `Instruction`; halves of
 * 64-bit constants and the bits of floats are int32, so negative where the top bit is set.
 */
export class InstructionReader extends Reader {
  readonly instruction: Instruction = {
    op: opcodeOf(opcodes.unreachable.code)!,
    offset: 0,
    next: 0,
    a: 0,
    b: 0,
    memOffset: 0,
    lane: 0,
    vector: new Int32Array(4),
    labels: [],
    catches: [],
    handlers: [],
    block: null,
    heap: "func",
    types: [],
  };
  /** Whether the last instruction opened a block. */
  opened = false;

  /** Reads the next instruction into `instruction`; false where no byte is left. */
  next(): boolean {
    const start = this.pos;
    if (start >= this.end) return false;
    const { instruction } = this;
    instruction.offset = start;
    // Only an instruction read to its end has a `next`: see `expression.ts`.
    instruction.next = -1;
    const byte = this.bytes[this.pos++]!;
    const entry = byByte[byte] ?? this.prefixed(byte);
    instruction.op = entry.op;
    this.opened = entry.opens;
    const { shape } = entry;
    // Half of all instructions have one index, nearly always of one byte.
    if (shape === shapes.index) instruction.a = this.u32();
    else if (shape !== shapes.none) this.immediates(shape);
    instruction.next = this.pos;
    return true;
  }

  private prefixed(prefix: number): Entry {
    const start = this.pos - 1;
    this.instruction.op = opcodeOf(opcodes.unreachable.code)!;
    if (!isPrefix(prefix)) return this.illegal(hexByte(prefix), start);
    const sub = this.u32();
    return (
      (sub < 0x10000 ? byPrefixed.get(prefix * 0x10000 + sub) : undefined) ??
      this.illegal(`${hexByte(prefix)} ${hexByte(sub)}`, start)
    );
  }

  private illegal(code: string, offset: number): never {
    this.fail(`illegal opcode ${code}`, offset);
  }

  private immediates(shape: Shape): void {
    const { instruction } = this;
    switch (shape) {
      case 1 satisfies Shape<"index">:
        instruction.a = this.u32();
        break;
      case 2 satisfies Shape<"two indices">:
        instruction.a = this.u32();
        instruction.b = this.u32();
        break;
      case 4 satisfies Shape<"i32">:
        instruction.a = this.s32();
        break;
      case 5 satisfies Shape<"i64">:
        this.s64(instruction);
        break;
      case 6 satisfies Shape<"f32">:
        instruction.a = this.word();
        break;
      case 7 satisfies Shape<"f64">:
        instruction.a = this.word();
        instruction.b = this.word();
        break;
      case 10 satisfies Shape<"lane">:
        instruction.lane = this.byte();
        break;
      case 11 satisfies Shape<"v128">:
      case 12 satisfies Shape<"lanes">:
        for (let k = 0; k < 4; k++) instruction.vector[k] = this.word();
        break;
      case 13 satisfies Shape<"zero">:
        this.zero();
        break;
      case 3 satisfies Shape<"memarg">:
        this.memarg();
        break;
      case 8 satisfies Shape<"blocktype">:
        instruction.block = this.blockType();
        break;
      case 9 satisfies Shape<"labels">: {
        const labels = this.list(() => this.u32(), "branch targets");
        labels.push(this.u32());
        instruction.labels = labels;
        break;
      }
      case 14 satisfies Shape<"catches">:
        instruction.catches = this.list(() => this.catchClause());
        break;
      case 15 satisfies Shape<"handlers">:
        instruction.handlers = this.list(() => this.resumeClause());
        break;
      case 16 satisfies Shape<"heaptype">:
        instruction.heap = readHeapType(this);
        break;
      case 17 satisfies Shape<"valtypes">:
        instruction.types = this.list(() => readValType(this));
        break;
      case 18 satisfies Shape<"ref">:
      case 19 satisfies Shape<"ref null">:
        instruction.types = [refType(readHeapType(this), shape === shapes["ref null"])];
        break;
      case 20 satisfies Shape<"castflags">:
        instruction.b = this.byte();
        if (instruction.b > 3) this.fail("malformed br_on_cast flags", this.pos - 1);
        break;
      case 21 satisfies Shape<"heaptypes">: {
        const from = refType(readHeapType(this), (instruction.b & 1) !== 0);
        instruction.types = [from, refType(readHeapType(this), (instruction.b & 2) !== 0)];
        break;
      }
      case 22 satisfies Shape<"mixed">:
        this.mixed();
        break;
      case 0 satisfies Shape<"none">:
        break;
      default:
        shape satisfies never;
    }
  }

  /** Rows that no shape covers: one immediate after the other. */
  private mixed(): void {
    const { instruction } = this;
    let slot: "a" | "b" = "a";
    for (const immediate of instruction.op.immediates) {
      if (isIndex(immediate)) {
        instruction[slot] = this.u32();
        slot = "b";
      } else this.immediates(shapes[immediate]);
    }
  }

  /** Flags below 64 are the alignment; bit 6 says that a memory index follows. */
  private memarg(): void {
    const start = this.pos;
    const flags = this.u32();
    if (flags >= 128) this.fail("malformed memop flags", start);
    this.instruction.b = flags & 63;
    this.instruction.a = flags >= 64 ? this.u32() : 0;
    this.instruction.memOffset = this.u64();
  }

  private catchClause(): CatchClause {
    const kind = this.byte();
    if (kind > 3) this.fail("malformed catch clause", this.pos - 1);
    const tag = kind < 2 ? this.u32() : null;
    return { tag, ref: (kind & 1) === 1, label: this.u32() };
  }

  private resumeClause(): ResumeClause {
    const kind = this.byte();
    if (kind > 1) this.fail("malformed handler clause", this.pos - 1);
    return { tag: this.u32(), label: kind === 0 ? this.u32() : null };
  }

  private blockType(): BlockType {
    const byte = this.peek();
    if (byte === 0x40) {
      this.pos++;
      return null;
    }
    // One byte with bit 6 set would be a negative number: the value types.
    if ((byte & 0xc0) === 0x40) return readValType(this);
    const start = this.pos;
    const index = this.s33();
    return index >= 0 ? index : this.fail("malformed block type", start);
  }
}
