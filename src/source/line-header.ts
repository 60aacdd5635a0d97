// The header of a line table: how its program is coded, and which files it speaks of.
// Versions 2 to 5.
// Spec: DWARF 5, section 6.2.4; DWARF 4, section 6.2.4

import type { DwarfReader } from "./dwarf-reader.js";
import { type FormValue, readForm, type Strings, type UnitForms } from "./forms.js";

export interface FileEntry {
  readonly name: string;
  readonly directory: number;
}

export interface LineHeader {
  readonly version: number;
  /** Bytes that an instruction has at least, by which addresses advance. */
  readonly minimum: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  /** How many operands each standard opcode has; that of opcode 1 comes first. */
  readonly operands: readonly number[];
  /** Directories by index; of versions below 5, number 0 is left for whoever knows it. */
  readonly directories: readonly string[];
  /** Files by index; of versions below 5 there is no number 0. */
  readonly files: (FileEntry | undefined)[];
}

const PATH = 1;
const DIRECTORY_INDEX = 2;

/** Reads up to the first opcode of the program. @throws DebugInfoError */
export function readLineHeader(r: DwarfReader, strings: Strings): LineHeader {
  const version = r.u16();
  if (version < 2 || version > 5) r.fail(`version ${version} of line tables is unknown`, r.pos - 2);
  const unit = { version, addressSize: 4 };
  if (version >= 5) {
    unit.addressSize = r.u8();
    r.u8(); // The size of segment selectors: there are none.
  }
  const length = r.offset();
  const program = r.skip(length);
  const header = new HeaderReader(r.within(program + length), unit, strings);
  header.r.pos = program;
  return header.read();
}

class HeaderReader {
  constructor(
    readonly r: DwarfReader,
    private readonly unit: UnitForms,
    private readonly strings: Strings,
  ) {}

  read(): LineHeader {
    const { r } = this;
    const { version } = this.unit;
    const minimum = r.u8();
    if (version >= 4) r.u8(); // Operations of an instruction: no machine with more has wasm.
    const defaultIsStatement = r.u8() !== 0;
    const lineBase = r.s8();
    const lineRange = r.u8();
    if (lineRange === 0) r.fail("the range of lines is 0", r.pos - 1);
    const opcodeBase = r.u8();
    const operands = Array.from({ length: Math.max(0, opcodeBase - 1) }, () => r.u8());
    const lists = version >= 5 ? this.lists() : this.olderLists();
    return { version, minimum, defaultIsStatement, lineBase, lineRange, operands, ...lists };
  }

  private olderLists(): Pick<LineHeader, "directories" | "files"> {
    const { r } = this;
    const directories = [""];
    for (let name = r.string(); name !== ""; name = r.string()) directories.push(name);
    const files: LineHeader["files"] = [undefined];
    for (let name = r.string(); name !== ""; name = r.string()) files.push(readOlderFile(r, name));
    return { directories, files };
  }

  private lists(): Pick<LineHeader, "directories" | "files"> {
    const directories = this.entries().map((entry) => textIn(entry, PATH));
    const files = this.entries().map((entry) => ({
      name: textIn(entry, PATH),
      directory: Number(entry.get(DIRECTORY_INDEX) ?? 0),
    }));
    return { directories, files };
  }

  /** Values by what they mean. */
  private entries(): ReadonlyMap<number, FormValue>[] {
    const { r, unit, strings } = this;
    const formats = Array.from({ length: r.u8() }, () => ({ means: r.uleb(), form: r.uleb() }));
    const start = r.pos;
    const count = r.uleb();
    // Each takes a byte at least: a wrong count must not keep anybody busy.
    if (count > r.end - r.pos || (formats.length === 0 && count > 0))
      r.fail("more entries than there is room for", start);
    return Array.from(
      { length: count },
      () => new Map(formats.map(({ means, form }) => [means, readForm(r, form, unit, strings)])),
    );
  }
}

/** What follows a name: its directory, a time and a size. */
export function readOlderFile(r: DwarfReader, name: string): FileEntry {
  const directory = r.uleb();
  r.uleb();
  r.uleb();
  return { name, directory };
}

const textIn = (entry: ReadonlyMap<number, FormValue>, means: number): string => {
  const value = entry.get(means);
  return typeof value === "string" ? value : "";
};
