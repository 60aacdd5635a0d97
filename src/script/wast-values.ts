// Constants and result patterns of a script in text, as the values of the JSON form:
// decimal bits, classes of NaNs, kinds of references.

import { type AbsHeapType, shorthands } from "../syntax/types.js";
import { parseF32, parseF64, parseInteger } from "../text/numbers.js";
import type { SuiteValue } from "./commands.js";
import type { Form } from "./forms.js";

const WIDTHS: Readonly<Record<string, number>> = { i8: 8, i16: 16, i32: 32, i64: 64 };
/** Shapes of vectors: the type of a lane, and how many there are. */
const SHAPE = /^([if]\d+)x(\d+)$/;
const NAN_CLASS = /^nan:(?:canonical|arithmetic)$/;

/** `(i32.const 7)`, `(v128.const i32x4 1 2 3 4)`, `(ref.null func)`, `(ref.extern 1)`. */
export const constantOf = (form: Form): SuiteValue => valueOf(form, false);

/** The same, and classes of NaNs, of references, and `(either …)`. */
export function patternOf(form: Form): SuiteValue {
  if (form.head !== "either") return valueOf(form, true);
  const values = [...form.rest("a result")].map((list) => patternOf(form.inside(list)));
  return { type: "either", values };
}

function valueOf(form: Form, pattern: boolean): SuiteValue {
  const value = read(form, pattern);
  form.end();
  return value;
}

function read(form: Form, pattern: boolean): SuiteValue {
  const { head } = form;
  switch (head) {
    case "i32.const":
    case "i64.const":
    case "f32.const":
    case "f64.const": {
      const type = head.slice(0, 3);
      return { type, value: number(form, type, pattern) };
    }
    case "v128.const": {
      const shape = SHAPE.exec(form.atom("the shape of the lanes").text);
      if (shape === null)
        return form.back().fail("the shape of the lanes is wanted: i32x4, f64x2 …");
      const [, lane_type, count] = shape;
      const lanes = Array.from({ length: Number(count) }, () => number(form, lane_type!, pattern));
      return { type: "v128", lane_type: lane_type!, value: lanes };
    }
    case "ref.null": {
      // Patterns may leave the type open.
      if (form.peek === undefined && pattern) return { type: "refnull" };
      const heap = form.atom("a heap type").text;
      return { type: shorthands[heap as AbsHeapType] ?? "refnull", value: "null" };
    }
    case "ref.extern":
    case "ref.host": {
      const type = head === "ref.extern" ? "externref" : "anyref";
      return form.peek === undefined && pattern
        ? { type }
        : { type, value: number(form, "i32", false) };
    }
    default: {
      const kind = /^ref\.(func|i31|struct|array|eq|any|exn|cont)$/.exec(head)?.[1];
      if (kind === undefined || !pattern) form.back().fail("a constant is wanted");
      return { type: `${kind}ref` };
    }
  }
}

/** The bits of the next number, unsigned and decimal, or its class of NaNs. */
function number(form: Form, type: string, pattern: boolean): string {
  const { text } = form.atom(`a number of type ${type}`);
  if (pattern && type.startsWith("f") && NAN_CLASS.test(text)) return text;
  const plain = text.replace(/(?<=[\da-f])_(?=[\da-f])/gi, "");
  const bits = NAN_CLASS.test(plain) ? undefined : bitsOf(plain, type);
  if (bits === undefined) form.back().fail(`${text} is no ${type}`);
  return String(bits);
}

function bitsOf(text: string, type: string): number | bigint | undefined {
  if (type === "f32") return parseF32(text);
  if (type === "f64") return parseF64(text);
  const width = WIDTHS[type];
  const value = width === undefined ? undefined : parseInteger(text, width);
  return value === undefined ? undefined : BigInt.asUintN(width!, value);
}
