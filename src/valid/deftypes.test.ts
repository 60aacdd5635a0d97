import { describe, expect, test } from "@jest/globals";

import {
  refType,
  type AbsHeapType,
  type CompType,
  type HeapType,
  type SubType,
  type ValType,
} from "../syntax/types.js";
import { closeTypes, closeValType, type DefType } from "./deftypes.js";
import {
  matchesFuncType,
  matchesGlobalType,
  matchesHeapType,
  matchesLimits,
  matchesTableType,
  matchesValType,
} from "./matching.js";

const func = (params: ValType[], results: ValType[] = []): CompType => ({
  kind: "func",
  params,
  results,
});
const struct = (...storages: ValType[]): CompType => ({
  kind: "struct",
  fields: storages.map((storage) => ({ storage, mutable: false })),
});

type Options = Partial<Pick<SubType, "final" | "supers" | "descriptor" | "describes">>;
/** Recursion groups, each a list of composite types with options. */
function module(...groups: (readonly [CompType, Options?])[][]): SubType[] {
  const types: SubType[] = [];
  for (const group of groups) {
    const groupStart = types.length;
    for (const [comp, options] of group) {
      const groupSize = group.length;
      types.push({ final: true, supers: [], ...options, comp, groupStart, groupSize });
    }
  }
  return types;
}

describe("closeTypes", () => {
  test("makes equal types of different modules the same object", () => {
    const [a] = closeTypes(module([[func(["i32"])]]));
    const [, b, c] = closeTypes(
      module([[func(["i64"])]], [[func(["i32"])]], [[func(["i32"], ["i32"])]]),
    );
    expect(b).toBe(a);
    expect(c).not.toBe(a);
  });

  test("ties recursive types to themselves", () => {
    const [list] = closeTypes(module([[struct("i32", refType(0))]]));
    const [, again] = closeTypes(module([[func([])]], [[struct("i32", refType(1))]]));
    expect(again).toBe(list);
    expect(list!.sub.comp).toEqual(
      expect.objectContaining({
        fields: [
          { storage: "i32", mutable: false },
          { storage: { kind: "ref", nullable: true, heap: list }, mutable: false },
        ],
      }),
    );
  });

  test("tells a reference into the group from one to an equal type before it", () => {
    const [first, second] = closeTypes(
      module([[struct(refType(0))]], [[struct(refType(0))]], [[struct(refType(2))]]),
    );
    expect(second).not.toBe(first);
  });

  test("distinguishes groups by size and position", () => {
    const [a, b, c] = closeTypes(module([[func([])], [func([])]], [[func([])]]));
    expect(a).not.toBe(b);
    expect(b).not.toBe(c);
    expect(closeTypes(module([[func([])], [func([])]]))).toEqual([a, b]);
  });

  test("distinguishes finality, supertypes, mutability and nullability", () => {
    const types = closeTypes(
      module(
        [[struct(), { final: false }]],
        [[struct()]],
        [[struct(), { supers: [0] }]],
        [[struct(refType("any"))]],
        [[struct(refType("any", false))]],
        [[{ kind: "array", field: { storage: "i8", mutable: true } }]],
        [[{ kind: "array", field: { storage: "i8", mutable: false } }]],
      ),
    );
    expect(new Set(types).size).toBe(types.length);
  });

  test("distinguishes exact references, descriptors and what they describe", () => {
    const pair = (...clauses: [Options, Options]) =>
      clauses.map((options) => [struct(), options] as const);
    const types = closeTypes(
      module(
        [[struct(refType(0))]],
        [[struct(refType({ exact: 1 }))]],
        pair({ descriptor: 3 }, { describes: 2 }),
        pair({}, {}),
      ),
    );
    expect(new Set(types).size).toBe(types.length);
    const [, , described, descriptor] = types;
    expect(described!.sub.descriptor).toBe(descriptor);
    expect(descriptor!.sub.describes).toBe(described);
    const again = closeTypes(module(pair({ descriptor: 1 }, { describes: 0 })));
    expect(again).toEqual([described, descriptor]);
    expect(again[0]).toBe(described);
  });
});

describe("matching", () => {
  const defs = closeTypes(
    module(
      [[struct(), { final: false }]],
      [[struct("i32"), { final: false, supers: [0] }]],
      [[struct("i32", "i64"), { supers: [1] }]],
      [[func([])]],
      [[{ kind: "array", field: { storage: "i8", mutable: true } }]],
      [[{ kind: "cont", func: 3 }]],
    ),
  );
  const [base, middle, leaf, f, array, cont] = defs;
  const named: Partial<Record<string, DefType>> = { base, middle, leaf, f, bytes: array, k: cont };
  const heap = (name: string): HeapType<DefType> =>
    name.startsWith("=")
      ? { exact: named[name.slice(1)]! }
      : (named[name] ?? (name as AbsHeapType));

  test.each([
    ["leaf", "base"],
    ["leaf", "middle"],
    ["middle", "struct"],
    ["leaf", "any"],
    ["bytes", "eq"],
    ["f", "func"],
    ["k", "cont"],
    ["none", "leaf"],
    ["none", "bytes"],
    ["nofunc", "f"],
    ["nocont", "k"],
    ["i31", "eq"],
    ["noextern", "extern"],
    ["noexn", "exn"],
    ["=leaf", "leaf"],
    ["=leaf", "base"],
    ["=leaf", "struct"],
    ["none", "=leaf"],
    ["nofunc", "=f"],
  ])("%s is below %s, not the other way round", (a, b) => {
    expect(matchesHeapType(heap(a), heap(b))).toBe(true);
    expect(matchesHeapType(heap(b), heap(a))).toBe(false);
  });

  test.each([
    ["f", "any"],
    ["bytes", "struct"],
    ["nofunc", "base"],
    ["none", "f"],
    ["i31", "struct"],
    ["extern", "any"],
    ["base", "bytes"],
    ["=leaf", "=base"],
    ["leaf", "=base"],
    ["nofunc", "=base"],
    ["=f", "any"],
  ])("%s and %s are unrelated", (a, b) => {
    expect(matchesHeapType(heap(a), heap(b))).toBe(false);
    expect(matchesHeapType(heap(b), heap(a))).toBe(false);
  });

  test("an exact type is below itself, however it came about", () => {
    const exactly = () => closeValType(defs, refType({ exact: 2 }));
    expect(exactly()).not.toBe(exactly());
    expect(matchesValType(exactly(), exactly())).toBe(true);
  });

  test("null is allowed where it is declared only", () => {
    const close = (t: ValType) => closeValType(defs, t);
    expect(matchesValType(close(refType(2, false)), close(refType(0)))).toBe(true);
    expect(matchesValType(close(refType(2)), close(refType(0, false)))).toBe(false);
    expect(matchesValType("i32", close(refType(0)))).toBe(false);
    expect(matchesValType("i32", "i32")).toBe(true);
  });

  test("functions vary against their parameters and with their results", () => {
    const [general, special] = [closeValType(defs, refType(0)), closeValType(defs, refType(1))];
    const type = (param: typeof general, result: typeof general) => ({
      kind: "func" as const,
      params: [param],
      results: [result],
    });
    expect(matchesFuncType(type(general, special), type(special, general))).toBe(true);
    expect(matchesFuncType(type(special, special), type(general, general))).toBe(false);
  });

  test("mutable globals and tables are invariant", () => {
    const [general, special] = [base!, middle!].map((heap) => ({
      kind: "ref" as const,
      nullable: true,
      heap,
    }));
    const global = (type: typeof general, mutable: boolean) => ({ type: type!, mutable });
    expect(matchesGlobalType(global(special, false), global(general, false))).toBe(true);
    expect(matchesGlobalType(global(special, true), global(general, true))).toBe(false);
    expect(matchesGlobalType(global(special, true), global(special, false))).toBe(false);
    const limits = { min: 1n, address: "i32", shared: false, pageSizeLog2: 0 } as const;
    const table = (element: typeof general) => ({ limits, element: element! });
    expect(matchesTableType(table(special), table(general))).toBe(false);
    expect(matchesTableType(table(special), table(special))).toBe(true);
  });

  test("limits: at least the minimum, at most the maximum, the same kind of memory", () => {
    const limits = { min: 2n, max: 4n, address: "i32", shared: false, pageSizeLog2: 16 } as const;
    const { max, ...unlimited } = limits;
    expect(matchesLimits(limits, { ...limits, min: 1n, max: max + 1n })).toBe(true);
    expect(matchesLimits(limits, unlimited)).toBe(true);
    expect(matchesLimits(unlimited, limits)).toBe(false);
    expect(matchesLimits(limits, { ...limits, min: 3n })).toBe(false);
    expect(matchesLimits(limits, { ...limits, max: 3n })).toBe(false);
    expect(matchesLimits(limits, { ...limits, address: "i64" })).toBe(false);
    expect(matchesLimits(limits, { ...limits, shared: true })).toBe(false);
    expect(matchesLimits(limits, { ...limits, pageSizeLog2: 0 })).toBe(false);
  });
});
