import { expect, test } from "@jest/globals";
import type { CompType, FieldType, StorageType } from "../syntax/types.js";
import { refType } from "../syntax/types.js";
import { closeTypes, type DefType } from "../valid/deftypes.js";
import { ArrayInstance, layoutOf, StructInstance } from "./objects.js";

const close = (comp: CompType): DefType =>
  closeTypes([{ final: true, supers: [], comp, groupStart: 0, groupSize: 1 }])[0]!;
const field = (storage: StorageType): FieldType => ({ storage, mutable: true });
const structOf = (...storages: StorageType[]) =>
  close({ kind: "struct", fields: storages.map(field) });
const arrayOf = (storage: StorageType) => close({ kind: "array", field: field(storage) });

test("a structure has one slot for each reference and each word", () => {
  const type = structOf("i8", refType("any"), "i64", "v128", "f32");
  expect(layoutOf(type)).toEqual({
    fields: [
      { size: 1, at: 0 },
      { size: 0, at: 1 },
      { size: 8, at: 2 },
      { size: 16, at: 4 },
      { size: 4, at: 8 },
    ],
    slots: 9,
  });
  expect(StructInstance.zero(type).slots).toEqual([0, null, 0, 0, 0, 0, 0, 0, 0]);
});

test("a longer structure has the fields of a shorter one where that has them", () => {
  const { fields } = layoutOf(structOf("i64", refType("eq"), "i16"));
  const longer = layoutOf(structOf("i64", refType("i31", false), "i16", "i64"));
  expect(longer.fields.slice(0, 3)).toEqual(fields);
});

test("elements take the room that their type needs", () => {
  const lengths = (["i8", "i16", "f32", "f64", "v128"] as const).map(
    (storage) => ArrayInstance.make(arrayOf(storage), 5).values.byteLength,
  );
  expect(lengths).toEqual([5, 10, 20, 40, 80]);
  expect(ArrayInstance.make(arrayOf(refType("any")), 3, 7).refs).toEqual([7, 7, 7]);
});

test("what no host has room for is a trap", () => {
  for (const storage of ["i8", "i64", refType("any")] as const) {
    expect(() => ArrayInstance.make(arrayOf(storage), 0xffff_ffff)).toThrow("array too large");
  }
});
