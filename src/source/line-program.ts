// Executes the program of a line table: a little machine whose registers are a row.
// Sequences of functions that a linker took out (tombstones) leave no rows.
// Spec: DWARF 5, section 6.2.5; DWARF for WebAssembly: addresses count from the start of
// the code section's contents, https://yurydelendik.github.io/webassembly-dwarf/

import type { DwarfReader } from "./dwarf-reader.js";
import { type LineHeader, readOlderFile } from "./line-header.js";
import type { LineRows, Row } from "./line-rows.js";

const Op = {
  extended: 0,
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  setColumn: 5,
  negateStatement: 6,
  constAddPc: 8,
  fixedAdvancePc: 9,
} as const;
const Extended = { endSequence: 1, setAddress: 2, defineFile: 3 } as const;

export class LineProgram {
  private readonly row: Row = { address: 0, file: 1, line: 1, column: 0, isStatement: true };
  private readonly opcodeBase: number;
  /** Whether the open sequence is of a removed function, or its addresses went back. */
  private dead = false;
  private highest = 0;

  /**
   * @param codeSize where code ends: what lies beyond is no code that is left
   * @param fileOf the number of a file of the header in `rows`
   */
  constructor(
    private readonly r: DwarfReader,
    private readonly header: LineHeader,
    private readonly rows: LineRows,
    private readonly codeSize: number,
    private readonly fileOf: (index: number) => number,
  ) {
    this.opcodeBase = header.operands.length + 1;
  }

  /** @throws DebugInfoError; rows of sequences that were complete stay */
  run(): void {
    const { r } = this;
    this.reset();
    try {
      while (r.pos < r.end) {
        const opcode = r.u8();
        if (opcode >= this.opcodeBase) this.special(opcode);
        else if (opcode === Op.extended) this.extended();
        else this.standard(opcode);
      }
    } finally {
      this.rows.drop();
    }
  }

  private special(opcode: number): void {
    const { lineBase, lineRange } = this.header;
    const adjusted = opcode - this.opcodeBase;
    this.advance(Math.trunc(adjusted / lineRange));
    this.row.line += lineBase + (adjusted % lineRange);
    this.emit();
  }

  private standard(opcode: number): void {
    const { r, row, header } = this;
    switch (opcode) {
      case Op.copy:
        return this.emit();
      case Op.advancePc:
        return this.advance(r.uleb());
      case Op.advanceLine:
        row.line += r.sleb();
        return;
      case Op.setFile:
        row.file = r.uleb();
        return;
      case Op.setColumn:
        row.column = r.uleb();
        return;
      case Op.negateStatement:
        row.isStatement = !row.isStatement;
        return;
      case Op.constAddPc:
        return this.advance(Math.trunc((255 - this.opcodeBase) / header.lineRange));
      case Op.fixedAdvancePc:
        row.address += r.u16();
        return;
      default: // Nothing of a row; the header tells how many operands there are.
        for (let n = header.operands[opcode - 1]!; n > 0; n--) r.uleb();
    }
  }

  private extended(): void {
    const { r, row, header } = this;
    const start = r.pos;
    const length = r.uleb();
    const end = r.skip(length) + length;
    if (length === 0) r.fail("an extended opcode is empty", start);
    const inner = r.within(end);
    inner.pos = end - length;
    switch (inner.u8()) {
      case Extended.endSequence:
        this.close();
        break;
      case Extended.setAddress:
        row.address = inner.uint(length - 1);
        break;
      case Extended.defineFile:
        header.files.push(readOlderFile(inner, inner.string()));
        break;
      default: // A discriminator, or a vendor's.
    }
  }

  private advance(operations: number): void {
    this.row.address += operations * this.header.minimum;
  }

  private emit(): void {
    const { row, rows } = this;
    this.dead ||= row.address < this.highest || !this.isLive(row.address);
    this.highest = row.address;
    if (!this.dead) rows.add(row, this.fileOf(row.file));
  }

  /** A linker gives removed functions address 0, where no code can be, or one beyond all code. */
  private isLive(address: number): boolean {
    return address > 0 && address < this.codeSize;
  }

  private close(): void {
    const { address } = this.row;
    if (this.dead || !(address >= this.highest)) this.rows.drop();
    else this.rows.close(Math.min(address, this.codeSize));
    this.reset();
  }

  private reset(): void {
    const { row } = this;
    row.address = 0;
    row.file = 1;
    row.line = 1;
    row.column = 0;
    row.isStatement = this.header.defaultIsStatement;
    this.dead = false;
    this.highest = 0;
  }
}
