// The builtin functions that a module may import instead of JavaScript's own: the set
// `js-string`.
// Spec: https://webassembly.github.io/spec/js-api/#builtins

import { FuncInstance } from "../runtime/instances.js";
import { ArrayInstance } from "../runtime/objects.js";
import { Trap, type TrapReason } from "../runtime/traps.js";
import { HostRef, i32, ref, type Value } from "../runtime/values.js";
import { EXTERNREF, type FuncType, refType, type RefType, type SubType } from "../syntax/types.js";
import type { Import } from "../syntax/module.js";
import { closeRefType, closeTypes, closeValType, type DefType } from "../valid/deftypes.js";
import { matchesDefType, matchesValType } from "../valid/matching.js";
import type { ValidModule } from "../valid/validate.js";

/** What a string is as a value of wasm's. */
export const STRING: RefType<DefType> = closeRefType([], refType("extern", false));

const alone = (comp: SubType["comp"], groupStart: number): SubType => ({
  final: true,
  supers: [],
  comp,
  groupStart,
  groupSize: 1,
});
const CHARS = alone({ kind: "array", field: { storage: "i16", mutable: true } }, 0);
const CHARS_REF = refType(0);
const MADE = refType("extern", false);

type Param = FuncType["params"][number];
type Steps = (args: readonly Value[]) => Value;
type Builtin = readonly [params: readonly Param[], results: readonly Param[], steps: Steps];

const fail = (reason: TrapReason, detail: string): never => {
  throw new Trap(reason, detail);
};
const unsigned = (value: Value | undefined): number =>
  (value as Value & { type: "i32" }).value >>> 0;
const held = (value: Value | undefined): unknown => {
  const { ref: reference } = value as Value & { type: "ref" };
  return reference instanceof HostRef ? reference.value : reference;
};
/** UnwrapString */
function textOf(value: Value | undefined): string {
  const found = held(value);
  return typeof found === "string" ? found : fail("cast failure", `${typeof found} is no string`);
}
function charsOf(value: Value | undefined): Uint16Array {
  const { ref: reference } = value as Value & { type: "ref" };
  return reference instanceof ArrayInstance
    ? (reference.values as Uint16Array)
    : fail("null array reference", "");
}
const text = (value: string): Value => ref(new HostRef(value));
const placeIn = (value: string, index: number): number =>
  index < value.length
    ? index
    : fail("out of bounds string access", `index ${index} of ${value.length}`);

/** Characters that one call of the host's may be given. */
const AT_ONCE = 4096;

function fromChars(chars: Uint16Array): string {
  let made = "";
  for (let i = 0; i < chars.length; i += AT_ONCE)
    made += String.fromCharCode(...chars.subarray(i, i + AT_ONCE));
  return made;
}

const STRINGS: Readonly<Record<string, Builtin>> = {
  cast: [[EXTERNREF], [MADE], ([v]) => text(textOf(v))],
  test: [[EXTERNREF], ["i32"], ([v]) => i32(typeof held(v) === "string" ? 1 : 0)],
  fromCharCodeArray: [
    [CHARS_REF, "i32", "i32"],
    [MADE],
    ([array, from, to]) => {
      const chars = charsOf(array);
      const [start, end] = [unsigned(from), unsigned(to)];
      if (start > end || end > chars.length)
        fail("out of bounds array access", `elements ${start} to ${end} of ${chars.length}`);
      return text(fromChars(chars.subarray(start, end)));
    },
  ],
  intoCharCodeArray: [
    [EXTERNREF, CHARS_REF, "i32"],
    ["i32"],
    ([string, array, from]) => {
      const chars = charsOf(array);
      const value = textOf(string);
      const start = unsigned(from);
      if (start + value.length > chars.length)
        fail(
          "out of bounds array access",
          `${value.length} elements at index ${start} of ${chars.length}`,
        );
      for (let i = 0; i < value.length; i++) chars[start + i] = value.charCodeAt(i);
      return i32(value.length);
    },
  ],
  fromCharCode: [["i32"], [MADE], ([code]) => text(String.fromCharCode(unsigned(code)))],
  fromCodePoint: [
    ["i32"],
    [MADE],
    ([point]) => {
      const code = unsigned(point);
      if (code > 0x10_ffff) fail("invalid code point", `${code}`);
      return text(String.fromCodePoint(code));
    },
  ],
  charCodeAt: [
    [EXTERNREF, "i32"],
    ["i32"],
    ([string, index]) => {
      const value = textOf(string);
      return i32(value.charCodeAt(placeIn(value, unsigned(index))));
    },
  ],
  codePointAt: [
    [EXTERNREF, "i32"],
    ["i32"],
    ([string, index]) => {
      const value = textOf(string);
      return i32(value.codePointAt(placeIn(value, unsigned(index)))!);
    },
  ],
  length: [[EXTERNREF], ["i32"], ([v]) => i32(textOf(v).length)],
  concat: [[EXTERNREF, EXTERNREF], [MADE], ([a, b]) => text(textOf(a) + textOf(b))],
  substring: [
    [EXTERNREF, "i32", "i32"],
    [MADE],
    ([string, from, to]) => {
      const value = textOf(string);
      const [start, end] = [unsigned(from), unsigned(to)];
      return text(start > end || start > value.length ? "" : value.substring(start, end));
    },
  ],
  equals: [
    [EXTERNREF, EXTERNREF],
    ["i32"],
    (values) => {
      const [a, b] = values.map((value) => (held(value) === null ? null : textOf(value)));
      return i32(a === b ? 1 : 0);
    },
  ],
  compare: [
    [EXTERNREF, EXTERNREF],
    ["i32"],
    (values) => {
      const [a, b] = [textOf(values[0]), textOf(values[1])];
      return i32(a === b ? 0 : a < b ? -1 : 1);
    },
  ],
};

function instantiated([name, [params, results, steps]]: [string, Builtin], index: number) {
  const type = closeTypes([CHARS, alone({ kind: "func", params, results }, 1)])[1]!;
  const label = `wasm:js-string.${name}`;
  return [name, FuncInstance.host(type, label, (args) => [steps(args)], index)] as const;
}

const SETS = new Map([["js-string", new Map(Object.entries(STRINGS).map(instantiated))]]);

/** The builtin function that an import names, if its set is enabled. */
export function builtinOf(
  enabled: ReadonlySet<string>,
  { module, name }: Import,
): FuncInstance | undefined {
  if (!module.startsWith("wasm:")) return undefined;
  const set = module.slice("wasm:".length);
  return enabled.has(set) ? SETS.get(set)?.get(name) : undefined;
}

/**
 * The first import of a builtin or of a string with a type that it is not of.
 * Spec: https://webassembly.github.io/spec/js-api/#validate-builtins-and-imported-string-for-a-webassembly-module
 */
export function mistypedBuiltin(
  module: ValidModule,
  enabled: ReadonlySet<string>,
  strings: string | null,
): Import | undefined {
  const { defTypes } = module.context;
  return module.imports.find((wanted) => {
    const { description } = wanted;
    if (wanted.module === strings)
      return (
        description.kind !== "global" ||
        description.type.mutable ||
        !matchesValType(STRING, closeValType(defTypes, description.type.type))
      );
    const builtin = builtinOf(enabled, wanted);
    if (builtin === undefined) return false;
    return (
      description.kind !== "func" || !matchesDefType(builtin.type, defTypes[description.type]!)
    );
  });
}
