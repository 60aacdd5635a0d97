// In which directory each unit was compiled: line tables below version 5 do not say so
// themselves. Of `.debug_info` only the first entry of each unit is read.
// Spec: DWARF 4 and 5, sections 3.1.1, 7.5.1 to 7.5.3

import { DwarfReader } from "./dwarf-reader.js";
import {
  type DebugSections,
  type Effort,
  type FormValue,
  readForm,
  type Strings,
} from "./forms.js";

const INFO = ".debug_info";
const ABBREV = ".debug_abbrev";
const STMT_LIST = 0x10;
const COMP_DIR = 0x1b;
const IMPLICIT_CONST = 0x21;
/** Of units that are followed by an id, or by a signature and an offset. */
const SKELETON = [4, 5];
const TYPES = [2, 6];

/**
 * Directories by the offset of the unit's line table.
 * @throws DebugInfoError, with those that were read before in `into`
 */
export function readUnitDirectories(
  sections: DebugSections,
  strings: Strings,
  into: Map<number, string>,
): void {
  const r = new DwarfReader(INFO, sections(INFO));
  while (r.pos < r.end) {
    const end = r.unitEnd();
    readUnit(r.within(end), sections, strings, into);
    r.pos = end;
  }
}

function readUnit(
  r: DwarfReader,
  sections: DebugSections,
  strings: Strings,
  into: Map<number, string>,
): void {
  const version = r.u16();
  if (version < 2 || version > 5) return;
  const unit = { version, addressSize: 4 };
  let abbreviations: number;
  if (version >= 5) {
    const type = r.u8();
    unit.addressSize = r.u8();
    abbreviations = r.offset();
    if (SKELETON.includes(type)) r.skip(8);
    else if (TYPES.includes(type)) r.skip(8 + r.offsetSize);
  } else {
    abbreviations = r.offset();
    unit.addressSize = r.u8();
  }
  const code = r.uleb();
  if (code === 0) return;
  const values = new Map<number, FormValue>();
  const declared = abbreviation(sections, abbreviations, code, strings.effort);
  for (let { attribute, form } = declared.next(); form !== 0; { attribute, form } = declared.next())
    if (form !== IMPLICIT_CONST) values.set(attribute, readForm(r, form, unit, strings));
  const [table, directory] = [values.get(STMT_LIST), values.get(COMP_DIR)];
  if (typeof table === "number" && typeof directory === "string") into.set(table, directory);
}

/** The attributes that an abbreviation declares, one by one: a form of 0 ends them. */
function abbreviation(sections: DebugSections, from: number, code: number, effort: Effort) {
  const r = new DwarfReader(ABBREV, sections(ABBREV), from);
  const next = () => {
    const attribute = r.uleb();
    const form = r.uleb();
    if (form === IMPLICIT_CONST) r.sleb();
    return { attribute, form };
  };
  for (;;) {
    const found = r.uleb();
    if (found === 0) r.fail(`abbreviation ${code} is not declared`, from);
    r.uleb(); // Its tag,
    r.u8(); // and whether it has children.
    if (found === code) {
      effort.spend(r.pos - from, r);
      return { next };
    }
    while (next().form !== 0);
  }
}
