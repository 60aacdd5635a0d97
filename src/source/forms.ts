// Attribute forms: how values of headers and of debugging entries are written. Only
// strings and offsets are made of them; the others are passed over.
// Spec: DWARF 5, section 7.5.6

import type { DwarfReader } from "./dwarf-reader.js";

/** The sections of a module that hold debug information, by name: an absent one is empty. */
export type DebugSections = (name: string) => Uint8Array;

export type FormValue = string | number | null;

/** What a unit says about its forms. */
export interface UnitForms {
  readonly version: number;
  readonly addressSize: number;
}

const STRING = 0x08;
const BLOCK = 0x09;
const IMPLICIT_CONST = 0x21;
const INDIRECT = 0x16;

type Reading = (r: DwarfReader, unit: UnitForms) => FormValue;

const bytes =
  (count: number): Reading =>
  (r) =>
    r.uint(count);
const skipped =
  (count: number): Reading =>
  (r) => {
    r.skip(count);
    return null;
  };
const block =
  (length: (r: DwarfReader) => number): Reading =>
  (r) => {
    r.skip(length(r));
    return null;
  };
const offset: Reading = (r) => r.offset();
const uleb: Reading = (r) => r.uleb();

const FORMS: Readonly<Record<number, Reading>> = {
  0x01: (r, { addressSize }) => r.uint(addressSize), // addr
  0x03: block((r) => r.u16()), // block2
  0x04: block((r) => r.u32()), // block4
  0x05: bytes(2), // data2
  0x06: bytes(4), // data4
  0x07: bytes(8), // data8
  [STRING]: (r) => r.string(),
  [BLOCK]: block((r) => r.uleb()),
  0x0a: block((r) => r.u8()), // block1
  0x0b: bytes(1), // data1
  0x0c: bytes(1), // flag
  0x0d: (r) => r.sleb(), // sdata
  0x0f: uleb, // udata
  0x10: (r, { version, addressSize }) => (version < 3 ? r.uint(addressSize) : r.offset()), // ref_addr
  0x11: bytes(1), // ref1
  0x12: bytes(2), // ref2
  0x13: bytes(4), // ref4
  0x14: bytes(8), // ref8
  0x15: uleb, // ref_udata
  0x17: offset, // sec_offset
  0x18: block((r) => r.uleb()), // exprloc
  0x19: () => null, // flag_present
  0x1a: uleb, // strx
  0x1b: uleb, // addrx
  0x1c: bytes(4), // ref_sup4
  0x1d: offset, // strp_sup
  0x1e: skipped(16), // data16
  0x20: bytes(8), // ref_sig8
  0x22: uleb, // loclistx
  0x23: uleb, // rnglistx
  0x24: bytes(8), // ref_sup8
  0x25: bytes(1), // strx1
  0x26: bytes(2), // strx2
  0x27: bytes(3), // strx3
  0x28: bytes(4), // strx4
  0x29: bytes(1), // addrx1
  0x2a: bytes(2), // addrx2
  0x2b: bytes(3), // addrx3
  0x2c: bytes(4), // addrx4
};

const TABLES: Readonly<Record<number, string>> = { 0x0e: ".debug_str", 0x1f: ".debug_line_str" };

/** Bytes of tables that are read by reference, in all of a module: far more than real ones come to. */
const MOST_BYTES = 1 << 27;

/** Malformed tables may refer to the same bytes again and again: reading them has an end. */
export class Effort {
  private left = MOST_BYTES;

  /** @throws DebugInfoError at the place of `r` */
  spend(bytes: number, r: DwarfReader): void {
    this.left -= bytes;
    if (this.left < 0) r.fail("references come to too much");
  }
}

/** Strings in tables of strings, each table opened once. */
export class Strings {
  readonly effort = new Effort();
  private readonly readers = new Map<string, DwarfReader>();
  constructor(
    private readonly sections: DebugSections,
    private readonly open: (section: string, bytes: Uint8Array) => DwarfReader,
  ) {}

  at(section: string, from: number): string {
    let reader = this.readers.get(section);
    if (reader === undefined)
      this.readers.set(section, (reader = this.open(section, this.sections(section))));
    if (from > reader.end) reader.fail("a string is out of bounds", from);
    reader.pos = from;
    const text = reader.string();
    this.effort.spend(reader.pos - from, reader);
    return text;
  }
}

/** @throws DebugInfoError for an unknown form, or where the bytes end */
export function readForm(
  r: DwarfReader,
  form: number,
  unit: UnitForms,
  strings: Strings,
): FormValue {
  const table = TABLES[form];
  if (table !== undefined) return strings.at(table, r.offset());
  if (form === INDIRECT) {
    const inner = r.uleb();
    if (inner === INDIRECT || inner === IMPLICIT_CONST) r.fail("an indirect form is none");
    return readForm(r, inner, unit, strings);
  }
  const reading = FORMS[form];
  if (reading === undefined) r.fail(`unknown form 0x${form.toString(16)}`);
  return reading(r, unit);
}
