// What came to WebAssembly after its first version, by the names of the proposals, and
// the check that a module does without those that are off. It looks at the module alone,
// before validation: where an older specification had a message of its own it is used.
// Spec: https://webassembly.github.io/spec/core/appendix/changes.html

import { InstructionReader } from "../binary/code.js";
import type { Instruction } from "../syntax/instruction.js";
import { type Expression, importsOf, type Module } from "../syntax/module.js";
import type { Opcode } from "../syntax/opcodes.js";
import {
  type AbsHeapType,
  type HeapType,
  inexact,
  isExact,
  type Limits,
  type SubType,
  type ValType,
} from "../syntax/types.js";
import { InvalidError, type ModuleLocation, UsageError } from "../util/errors.js";
import { funcTypeAt } from "./context.js";

/** Every feature, and what a module without it lacks. */
export const FEATURES = {
  "mutable-globals": "import and export of mutable globals",
  "sign-extension": "extend8_s, extend16_s, extend32_s",
  "saturating-float-to-int": "trunc_sat",
  "multi-value": "several results; blocks with parameters",
  "bulk-memory": "memory.copy, table.init and their kin; segments that are not active",
  "reference-types": "funcref and externref as values, table instructions, several tables",
  simd: "v128",
  "relaxed-simd": "vector instructions with several allowed results",
  "extended-const": "add, sub and mul in constant expressions",
  "multi-memory": "several memories",
  memory64: "64-bit addresses of memories and tables",
  "tail-call": "return_call, return_call_indirect",
  "function-references": "references to types and references without null; call_ref",
  gc: "structures, arrays, i31ref, subtypes, recursion groups",
  exceptions: "tags, throw, try_table, exnref",
  "legacy-exceptions": "try, catch, catch_all, delegate, rethrow",
  threads: "shared memories, atomic accesses",
  "custom-page-sizes": "pages of one byte",
  "wide-arithmetic": "i64.add128, i64.mul_wide_s and their kin",
  "stack-switching": "continuations; tags with results",
  "custom-descriptors": "descriptors, exact types, casts to unrelated types",
} as const;

export type Feature = keyof typeof FEATURES;
export type FeatureSet = ReadonlySet<Feature>;

export const ALL_FEATURES: FeatureSet = new Set(Object.keys(FEATURES) as Feature[]);

/** All features but these. */
export const featuresWithout = (...off: readonly Feature[]): FeatureSet =>
  new Set([...ALL_FEATURES].filter((feature) => !off.includes(feature)));

/** @throws UsageError where there is no feature of that name */
export function parseFeature(name: string): Feature {
  if (Object.hasOwn(FEATURES, name)) return name as Feature;
  throw new UsageError(
    `there is no feature ${JSON.stringify(name)}; there are ${Object.keys(FEATURES).join(", ")}`,
  );
}

/** @throws InvalidError where the module uses a feature that is not in the set */
export function checkFeatures(module: Module, features: FeatureSet): void {
  if (features.size < ALL_FEATURES.size) new FeatureCheck(module, features).run();
}

class FeatureCheck {
  constructor(
    private readonly module: Module,
    private readonly features: FeatureSet,
  ) {}

  run(): void {
    const { module } = this;
    module.types.forEach((type) => this.type(type));
    if (importsOf(module, "func").some(({ description }) => description.exact))
      this.need("custom-descriptors", "an import of an exact function");
    this.tables();
    this.memories();
    this.globals();
    this.tags();
    this.segments();
    module.functions.forEach(({ locals, body, offset }, i) => {
      const where = { func: module.imported.func + i };
      for (const { type } of locals) this.value(type, { ...where, offset });
      this.instructions(body, where, (instruction, at) => this.instruction(instruction, at));
    });
  }

  /** Refuses what needs a feature that is off. */
  private need(feature: Feature, what: string, where: ModuleLocation = {}): void {
    this.unless(feature, `${what} needs the feature ${feature}, which is off`, where);
  }

  private unless(feature: Feature, reason: string, where: ModuleLocation = {}): void {
    if (!this.features.has(feature)) throw new InvalidError(reason, where);
  }

  private type({ comp, final, supers, groupSize, descriptor, describes }: SubType): void {
    if (descriptor !== undefined || describes !== undefined)
      this.need("custom-descriptors", "a descriptor");
    if (!final || supers.length > 0 || groupSize > 1) this.need("gc", "a sub or recursive type");
    switch (comp.kind) {
      case "func":
        for (const t of [...comp.params, ...comp.results]) this.value(t);
        if (comp.results.length > 1) this.unless("multi-value", "invalid result arity");
        break;
      case "cont":
        this.need("stack-switching", "a continuation type");
        break;
      default:
        this.need("gc", `a type of ${comp.kind}s`);
    }
  }

  private value(type: ValType, where: ModuleLocation = {}): void {
    if (type === "v128") this.need("simd", type, where);
    if (typeof type !== "object") return;
    this.need("reference-types", "a reference type", where);
    if (!type.nullable) this.need("function-references", "a reference without null", where);
    this.heap(type.heap, where);
  }

  private heap(heap: HeapType, where: ModuleLocation): void {
    if (isExact(heap)) this.need("custom-descriptors", "an exact type", where);
    const type = inexact(heap);
    const feature = heapFeature(type);
    if (feature !== null) this.need(feature, `a reference to ${type}`, where);
  }

  private tables(): void {
    const { module } = this;
    const imported = importsOf(module, "table").map((i) => i.description);
    const all = [...imported, ...module.tables];
    if (all.length > 1) this.unless("reference-types", "multiple tables");
    for (const { type } of all) {
      this.limits(type.limits);
      if (type.element.heap !== "func" || !type.element.nullable) this.value(type.element);
    }
    for (const { init } of module.tables) {
      if (init === undefined) continue;
      this.need("function-references", "an initial value of a table");
      this.constant(init);
    }
  }

  private memories(): void {
    const imported = importsOf(this.module, "memory").map((i) => i.description.type);
    const all = [...imported, ...this.module.memories];
    if (all.length > 1) this.unless("multi-memory", "multiple memories");
    for (const { limits } of all) this.limits(limits);
  }

  private limits({ address, shared, pageSizeLog2 }: Limits): void {
    if (address === "i64") this.need("memory64", "a 64-bit address type");
    if (shared) this.need("threads", "a shared memory");
    if (pageSizeLog2 !== 16) this.need("custom-page-sizes", "a page size");
  }

  private globals(): void {
    const { module } = this;
    const imported = importsOf(module, "global").map((i) => i.description.type);
    const all = [...imported, ...module.globals.map((g) => g.type)];
    for (const { type } of all) this.value(type);
    const outside = [
      ...imported.map((type) => ["imported", type] as const),
      ...module.exports
        .filter((e) => e.kind === "global")
        .map(({ index }) => ["exported", all[index]] as const),
    ];
    for (const [how, type] of outside)
      if (type?.mutable === true)
        this.unless("mutable-globals", `mutable globals cannot be ${how}`);
    for (const { init } of module.globals) this.constant(init);
  }

  /** Tagtype_ok: of WebAssembly 3.0, without stack switching. */
  private tags(): void {
    const imported = importsOf(this.module, "tag").map((i) => i.description.type);
    for (const { type } of [...imported, ...this.module.tags]) {
      this.need("exceptions", "a tag");
      const { results = [] } = funcTypeAt(this.module, type) ?? {};
      if (results.length > 0) this.unless("stack-switching", "non-empty tag result type");
    }
  }

  private segments(): void {
    for (const { mode, type, expressions, offset } of this.module.elements) {
      if (mode.kind === "active") this.constant(mode.offset);
      else
        this.need(
          mode.kind === "passive" ? "bulk-memory" : "reference-types",
          `a ${mode.kind} segment`,
          { offset },
        );
      if (expressions === undefined) continue;
      if (type.heap !== "func" || !type.nullable) this.value(type, { offset });
      for (const expression of expressions) this.constant(expression);
    }
    for (const { mode, offset } of this.module.datas) {
      if (mode.kind === "active") this.constant(mode.offset);
      else this.need("bulk-memory", `a ${mode.kind} segment`, { offset });
    }
    if (this.module.dataCount !== undefined) this.need("bulk-memory", "a data count section");
  }

  private constant(expression: Expression): void {
    this.instructions(expression, {}, (instruction, where) => {
      const { op, a } = instruction;
      if (op.type !== undefined && op.type.params.length > 0)
        this.unless("extended-const", "constant expression required", where);
      else if (op.mnemonic === "global.get" && a >= this.module.imported.global)
        this.unless("gc", `unknown global ${a}`, where);
      // In segments of functions these were there before references.
      else if (op.mnemonic !== "ref.func" && op.mnemonic !== "ref.null")
        this.instruction(instruction, where);
    });
  }

  private instructions(
    { offset, end }: Expression,
    where: ModuleLocation,
    check: (instruction: Instruction, where: ModuleLocation) => void,
  ): void {
    const reader = new InstructionReader(this.module.bytes, offset, end);
    const { instruction } = reader;
    while (reader.next()) {
      const { mnemonic } = instruction.op;
      check(instruction, { ...where, offset: instruction.offset, instruction: mnemonic });
    }
  }

  private instruction({ op, block, heap, types }: Instruction, where: ModuleLocation): void {
    const feature = opcodeFeature(op);
    if (feature !== null) this.need(feature, op.mnemonic, where);
    for (const immediate of op.immediates) {
      if (immediate === "blocktype") {
        if (typeof block === "number") this.need("multi-value", "a block of a type", where);
        else if (block !== null) this.value(block, where);
      } else if (immediate === "heaptype") this.heap(heap, where);
      else if (immediate === "valtypes") for (const type of types) this.value(type, where);
    }
  }
}

/** What a reference to a heap type needs besides reference types. */
function heapFeature(heap: AbsHeapType | number): Feature | null {
  if (typeof heap === "number") return "function-references";
  switch (heap) {
    case "func":
    case "extern":
      return null;
    case "exn":
    case "noexn":
      return "exceptions";
    case "cont":
    case "nocont":
      return "stack-switching";
    default:
      return "gc";
  }
}

/** By ranges of codes, ends included: proposals got theirs in one piece, or nearly. */
const RANGES: readonly (readonly [from: number, to: number, feature: Feature])[] = [
  [0x06, 0x07, "legacy-exceptions"],
  [0x09, 0x09, "legacy-exceptions"],
  [0x18, 0x19, "legacy-exceptions"],
  [0x08, 0x0a, "exceptions"],
  [0x1f, 0x1f, "exceptions"],
  [0x12, 0x13, "tail-call"],
  [0x14, 0x15, "function-references"],
  [0x1c, 0x1c, "reference-types"],
  [0x25, 0x26, "reference-types"],
  [0xc0, 0xc4, "sign-extension"],
  [0xd0, 0xd2, "reference-types"],
  [0xd3, 0xd3, "gc"],
  [0xd4, 0xd6, "function-references"],
  [0xe0, 0xe6, "stack-switching"],
  [0xfb0000, 0xfb001f, "gc"],
  [0xfb0020, 0xfbffff, "custom-descriptors"],
  [0xfc0000, 0xfc0007, "saturating-float-to-int"],
  [0xfc0008, 0xfc000e, "bulk-memory"],
  [0xfc000f, 0xfc0011, "reference-types"],
  [0xfc0013, 0xfc0016, "wide-arithmetic"],
  [0xfd0000, 0xfd00ff, "simd"],
  [0xfd0100, 0xfdffff, "relaxed-simd"],
  [0xfe0000, 0xfeffff, "threads"],
];

/** The feature that brought an instruction; null for those of WebAssembly 1.0. */
export function opcodeFeature({ code }: Opcode): Feature | null {
  return RANGES.find(([from, to]) => code >= from && code <= to)?.[2] ?? null;
}
