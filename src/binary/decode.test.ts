import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { functionName } from "../syntax/module.js";
import { refType } from "../syntax/types.js";
import { MalformedError } from "../util/errors.js";
import { decode } from "./decode.js";

const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const utf8 = (text: string) => [...new TextEncoder().encode(text)];
const name = (text: string) => [utf8(text).length, ...utf8(text)];
/** A section with its size. */
const section = (id: number, ...payload: number[]) => {
  const { length } = payload;
  return [id, ...(length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7]), ...payload];
};
const vector = (...items: number[][]) => [items.length, ...items.flat()];
const custom = (title: string, ...payload: number[]) => section(0, ...name(title), ...payload);
const bytesOf = (...sections: number[][]) => Uint8Array.from([...header, ...sections.flat()]);

function malformed(bytes: Uint8Array, options = {}): MalformedError {
  try {
    decode(bytes, options);
  } catch (error) {
    if (error instanceof MalformedError) return error;
    throw error;
  }
  throw new Error("decoded without an error");
}

const types = section(1, 1, 0x60, 0, 0);
const functions = section(3, 1, 0);
/** A module with one function of type [] -> [] and this body, locals included. */
const withBody = (...body: number[]) =>
  bytesOf(types, functions, section(10, 1, body.length, ...body));

test("the smallest module", () => {
  const bytes = bytesOf();
  expect(decode(bytes)).toEqual({
    bytes,
    sections: [],
    customs: [],
    types: [],
    imports: [],
    imported: { func: 0, table: 0, memory: 0, global: 0, tag: 0 },
    functions: [],
    tables: [],
    memories: [],
    tags: [],
    globals: [],
    exports: [],
    elements: [],
    datas: [],
    lazyBodies: false,
    names: {
      functions: new Map(),
      locals: new Map(),
      labels: new Map(),
      types: new Map(),
      tables: new Map(),
      memories: new Map(),
      globals: new Map(),
      elements: new Map(),
      datas: new Map(),
      fields: new Map(),
      tags: new Map(),
    },
  });
});

test("a function: spans, locals and body, byte by byte", () => {
  const module = decode(withBody(2, 3, 0x7f, 1, 0x7c, 0x01, 0x0b));
  expect(module.sections).toEqual([
    { id: 1, name: "type", start: 10, end: 14 },
    { id: 3, name: "function", start: 16, end: 18 },
    { id: 10, name: "code", start: 20, end: 29 },
  ]);
  expect(module.types).toEqual([
    {
      final: true,
      supers: [],
      comp: { kind: "func", params: [], results: [] },
      groupStart: 0,
      groupSize: 1,
    },
  ]);
  expect(module.functions).toEqual([
    {
      type: 0,
      offset: 22,
      locals: [
        { count: 3, type: "i32" },
        { count: 1, type: "f64" },
      ],
      body: { offset: 27, end: 29 },
    },
  ]);
});

test("all kinds of types", () => {
  const group = [0x4e, 2, 0x50, 0, 0x5f, 2, 0x78, 1, 0x64, 1, 0, 0x4f, 1, 0, 0x5e, 0x77, 0];
  const module = decode(
    bytesOf(section(1, 3, ...group, 0x60, 2, 0x63, 0x69, 0x7b, 1, 0x6e, 0x5d, 2)),
  );
  const inGroup = { groupStart: 0, groupSize: 2 };
  expect(module.types).toEqual([
    {
      final: false,
      supers: [],
      comp: {
        kind: "struct",
        fields: [
          { storage: "i8", mutable: true },
          { storage: refType(1, false), mutable: false },
        ],
      },
      ...inGroup,
    },
    {
      final: true,
      supers: [0],
      comp: { kind: "array", field: { storage: "i16", mutable: false } },
      ...inGroup,
    },
    {
      final: true,
      supers: [],
      comp: { kind: "func", params: [refType("exn"), "v128"], results: [refType("any")] },
      groupStart: 2,
      groupSize: 1,
    },
    { final: true, supers: [], comp: { kind: "cont", func: 2 }, groupStart: 3, groupSize: 1 },
  ]);
});

test("exact types, descriptors and what they describe", () => {
  const described = [0x50, 0, 0x4d, 1, 0x5f, 1, 0x63, 0x62, 0x62, 0];
  const middle = [0x4c, 0, 0x4d, 2, 0x5f, 0];
  const last = [0x4f, 0, 0x4c, 1, 0x5f, 0];
  const { types: found } = decode(
    bytesOf(section(1, 1, 0x4e, 3, ...described, ...middle, ...last)),
  );
  const group = { groupStart: 0, groupSize: 3 };
  const nothing = { kind: "struct", fields: [] };
  // An index is a u32: 0x62 again is type 98.
  const fields = [{ storage: refType({ exact: 0x62 }), mutable: false }];
  expect(found).toEqual([
    { final: false, supers: [], descriptor: 1, comp: { kind: "struct", fields }, ...group },
    { final: true, supers: [], describes: 0, descriptor: 2, comp: nothing, ...group },
    { final: true, supers: [], describes: 1, comp: nothing, ...group },
  ]);
});

test.each([
  ["a second descriptor", [0x4d, 1, 0x4d, 1, 0x5f, 0], "malformed definition type", 13],
  ["a second described type", [0x4c, 0, 0x4c, 0, 0x5f, 0], "malformed definition type", 13],
  ["a descriptor first", [0x4d, 1, 0x4c, 0, 0x5f, 0], "malformed definition type", 13],
  ["clauses outside of the subtype", [0x4d, 1, 0x50, 0, 0x5f, 0], "malformed definition type", 13],
  ["a clause without a type", [0x4d, 1], "unexpected end of section or function", 13],
  ["exact of itself", [0x5e, 0x62, 0, 0], "malformed storage type", 12],
  [
    "an exact index that is too long",
    [0x5e, 0x63, 0x62, 0xff, 0xff, 0xff, 0xff, 0x1f, 0],
    "integer too large",
    18,
  ],
] as const)("malformed: %s", (_, type, reason, offset) => {
  expect(malformed(bytesOf(section(1, 1, ...type)))).toMatchObject({
    reason,
    location: { offset },
  });
});

test("functions can be imported exactly, but not exported so", () => {
  const imported = [...name("m"), ...name("f"), 0x20, 0];
  const module = decode(bytesOf(types, section(2, 1, ...imported)));
  expect(module.imported.func).toBe(1);
  expect(module.imports[0]!.description).toEqual({ kind: "func", type: 0, exact: true });
  const exported = section(7, 1, ...name("f"), 0x20, 0);
  expect(malformed(bytesOf(types, section(2, 1, ...imported), exported)).reason).toBe(
    "malformed export kind",
  );
});

test("imports count towards the index spaces, with all flags of limits", () => {
  const item = (kind: number, ...description: number[]) => [
    ...name("m"),
    ...name("f"),
    kind,
    ...description,
  ];
  const module = decode(
    bytesOf(
      section(
        2,
        5,
        ...item(0, 7),
        ...item(1, 0x70, 5, 1, 2),
        ...item(2, 0x0f, 3, 4, 0),
        ...item(3, 0x7e, 1),
        ...item(4, 0, 6),
      ),
    ),
  );
  expect(module.imported).toEqual({ func: 1, table: 1, memory: 1, global: 1, tag: 1 });
  expect(module.imports.map((i) => i.description)).toEqual([
    { kind: "func", type: 7, exact: false },
    {
      kind: "table",
      type: {
        element: refType("func"),
        limits: { min: 1n, max: 2n, address: "i64", shared: false, pageSizeLog2: 16 },
      },
    },
    {
      kind: "memory",
      type: { limits: { min: 3n, max: 4n, address: "i64", shared: true, pageSizeLog2: 0 } },
    },
    { kind: "global", type: { type: "i64", mutable: true } },
    { kind: "tag", type: { type: 6 } },
  ]);
});

test("a table with an initializer, a tag between memory and global", () => {
  const module = decode(
    bytesOf(
      section(4, 1, 0x40, 0, 0x64, 0, 0, 1, 0xd2, 0, 0x0b),
      section(5, 1, 0, 1),
      section(13, 1, 0, 0),
      section(6, 1, 0x7f, 0, 0x41, 0, 0x0b),
    ),
  );
  expect(module.tables[0]).toMatchObject({
    type: { element: refType(0, false) },
    init: { offset: 17, end: 20 },
  });
  expect(module.tags).toEqual([{ type: 0 }]);
  expect(module.globals).toMatchObject([{ init: { offset: 35, end: 38 } }]);
});

test("the eight forms of element segments, and the three of data segments", () => {
  const zero = [0x41, 0, 0x0b];
  const expression = [0xd2, 0, 0x0b];
  const module = decode(
    bytesOf(
      section(
        9,
        ...vector(
          [0, ...zero, 1, 9],
          [1, 0, 1, 9],
          [2, 5, ...zero, 0, 1, 9],
          [3, 0, 1, 9],
          [4, ...zero, 1, ...expression],
          [5, 0x6f, 1, ...expression],
          [6, 5, ...zero, 0x70, 1, ...expression],
          [7, 0x70, 1, ...expression],
        ),
      ),
      section(11, ...vector([0, ...zero, 1, 42], [1, 0], [2, 5, ...zero, 2, 43, 44])),
    ),
  );
  expect(
    module.elements.map(({ type, mode, funcs, expressions }) => [
      mode.kind,
      mode.kind === "active" ? mode.index : -1,
      type,
      funcs ?? expressions!.length,
    ]),
  ).toEqual([
    ["active", 0, refType("func", false), [9]],
    ["passive", -1, refType("func", false), [9]],
    ["active", 5, refType("func", false), [9]],
    ["declarative", -1, refType("func", false), [9]],
    ["active", 0, refType("func"), 1],
    ["passive", -1, refType("extern"), 1],
    ["active", 5, refType("func"), 1],
    ["declarative", -1, refType("func"), 1],
  ]);
  expect(
    module.datas.map(({ mode, start, end }) => [
      mode.kind,
      Array.from(module.bytes.slice(start, end)),
    ]),
  ).toEqual([
    ["active", [42]],
    ["passive", []],
    ["active", [43, 44]],
  ]);
});

test("custom sections know where they stand", () => {
  const module = decode(bytesOf(custom("a"), types, custom("b", 1, 2)));
  expect(module.customs).toEqual([
    { name: "a", start: 12, end: 12, after: 0 },
    { name: "b", start: 22, end: 24, after: 1 },
  ]);
});

const zeroGlobal = [0x41, 0x00, 0x0b];
// prettier-ignore
const cases: readonly (readonly [reason: string, bytes: Uint8Array, offset?: number])[] = [
  ["unexpected end", Uint8Array.from([0, 0x61, 0x73])],
  ["magic header not detected", Uint8Array.from([1, ...header.slice(1)]), 0],
  ["unknown binary version", Uint8Array.from([...header.slice(0, 4), 2, 0, 0, 0]), 4],
  ["unknown binary version: this is a component", Uint8Array.from([...header.slice(0, 4), 13, 0, 1, 0])],
  ["malformed section id", bytesOf(section(14, 0)), 8],
  ["unexpected end", bytesOf([1])],
  ["length out of bounds", bytesOf([1, 5, 0])],
  ["section size mismatch", bytesOf([1, 2, 0, 0]), 10],
  ["unexpected content after last section", bytesOf(section(5, 0), section(4, 0)), 11],
  ["unexpected content after last section", bytesOf(types, types)],
  ["integer representation too long", bytesOf(section(3, 0x80, 0x80, 0x80, 0x80, 0x80, 0))],
  ["integer too large", bytesOf(section(3, 0xff, 0xff, 0xff, 0xff, 0x1f))],
  ["malformed UTF-8 encoding", bytesOf(section(0, 2, 0xc0, 0x80)), 10],
  ["unexpected end", bytesOf([0, 2, 2, 0x61])],
  ["malformed definition type", bytesOf(section(1, 1, 0x5c))],
  ["integer representation too long", bytesOf(section(1, 1, 0xe0, 0x7f, 0, 0))],
  ["malformed value type", bytesOf(section(1, 1, 0x60, 1, 0x10, 0))],
  ["malformed storage type", bytesOf(section(1, 1, 0x5e, 0x10, 0))],
  ["malformed heap type", bytesOf(section(1, 1, 0x60, 1, 0x63, 0x40, 0))],
  ["malformed mutability", bytesOf(section(1, 1, 0x5e, 0x7f, 2)), 13],
  ["malformed import kind", bytesOf(section(2, 1, 0, 0, 5))],
  ["malformed export kind", bytesOf(section(7, 1, 0, 5, 0))],
  ["malformed reference type", bytesOf(section(4, 1, 0x7f, 0, 0)), 11],
  ["malformed limits flags", bytesOf(section(4, 1, 0x70, 2, 0)), 12],
  ["malformed limits flags", bytesOf(section(5, 1, 0x10, 0))],
  ["malformed limits flags", bytesOf(section(5, 1, 0x08))],
  ["invalid custom page size", bytesOf(section(5, 1, 0x08, 0, 65))],
  ["zero byte expected", bytesOf(section(13, 1, 1, 0))],
  ["malformed mutability", bytesOf(section(6, 1, 0x7f, 2, ...zeroGlobal))],
  ["unexpected end of section or function", bytesOf([6, 5, 1, 0x7f, 0, 0x41, 0], [0xff])],
  ["malformed elements segment kind", bytesOf(section(9, 1, 8))],
  ["malformed element kind", bytesOf(section(9, 1, 1, 1, 0))],
  ["malformed data segment kind", bytesOf(section(11, 1, 3))],
  ["function and code section have inconsistent lengths", bytesOf(types, functions)],
  ["function and code section have inconsistent lengths", bytesOf(section(10, 1, 2, 0, 0x0b))],
  ["data count and data section have inconsistent lengths", bytesOf(section(12, 1), section(11, 0))],
  ["data count and data section have inconsistent lengths", bytesOf(section(12, 1))],
  ["data count section required", withBody(0, 0xfc, 9, 0, 0x0b), 23],
  ["data count section required", withBody(0, 0xfc, 8, 0, 0, 0x0b), 23],
  ["too many locals", withBody(2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 1, 0x7f, 0x0b), 22],
  ["too many locals: 50001, the limit is 50000", withBody(1, 0xd1, 0x86, 0x03, 0x7f, 0x0b)],
  ["END opcode expected", withBody(0, 0x05, 0x0b), 23],
  ["END opcode expected", withBody(0, 0x02, 0x40, 0x05, 0x0b, 0x0b), 25],
  ["END opcode expected", withBody(0, 0x04, 0x40, 0x05, 0x05, 0x0b, 0x0b), 26],
  ["unexpected end of section or function", withBody(0, 0x02, 0x40, 0x0b)],
  ["section size mismatch", withBody(0, 0x0b, 0x0b), 22],
  ["illegal opcode ff", withBody(0, 0xff, 0x0b), 23],
  ["illegal opcode fc 20", withBody(0, 0xfc, 0x20, 0x0b), 23],
  ["malformed memop flags", withBody(0, 0x28, 0x80, 0x01, 0, 0x0b), 24],
  ["malformed block type", withBody(0, 0x02, 0x80, 0x7f, 0x0b), 24],
  ["malformed value type", withBody(0, 0x1c, 1, 0x10, 0x0b), 25],
];
test.each(cases.map(([reason, bytes, offset]) => ({ reason, bytes, offset })))(
  "malformed: $reason ($bytes)",
  ({ reason, bytes, offset }) => {
    const error = malformed(bytes);
    expect(error.reason.slice(0, reason.length)).toBe(reason);
    if (offset !== undefined) expect(error.location.offset).toBe(offset);
  },
);

test("a failure in a body says in which function and instruction", () => {
  const imported = section(2, 1, ...name("m"), ...name("f"), 0, 0);
  const body = [0, 0x28, 0x80, 0x01, 0, 0x0b];
  const bytes = bytesOf(types, imported, functions, section(10, 1, body.length, ...body));
  expect(malformed(bytes).location).toMatchObject({ func: 1, instruction: "i32.load" });
});

test("lazy bodies keep malformed code, but not malformed sizes", () => {
  const bytes = withBody(0, 0xff, 0x0b);
  expect(decode(bytes, { lazyBodies: true }).functions[0]!.body).toEqual({ offset: 23, end: 25 });
  const short = withBody(1, 1, 0x7f, 0x0b);
  short[21] = 2;
  expect(malformed(short, { lazyBodies: true })).toEqual(malformed(short));
});

test("the name section: every subsection, unknown ones skipped", () => {
  const map = (id: number, text: string) => section(id, 1, 3, ...name(text));
  const indirect = (id: number, text: string) => section(id, 1, 4, 1, 3, ...name(text));
  const module = decode(
    bytesOf(
      custom(
        "name",
        ...section(0, ...name("mod")),
        ...map(1, "func"),
        ...indirect(2, "local"),
        ...indirect(3, "label"),
        ...map(4, "type"),
        ...map(5, "table"),
        ...map(6, "memory"),
        ...map(7, "global"),
        ...map(8, "elem"),
        ...map(9, "data"),
        ...indirect(10, "field"),
        ...map(11, "tag"),
        ...section(99, 1, 2, 3),
        ...section(1, 1, 0, ...name("späť")),
      ),
    ),
  );
  const inner = (text: string) => new Map([[4, new Map([[3, text]])]]);
  expect(module.names).toEqual({
    module: "mod",
    functions: new Map([
      [3, "func"],
      [0, "späť"],
    ]),
    locals: inner("local"),
    labels: inner("label"),
    types: new Map([[3, "type"]]),
    tables: new Map([[3, "table"]]),
    memories: new Map([[3, "memory"]]),
    globals: new Map([[3, "global"]]),
    elements: new Map([[3, "elem"]]),
    datas: new Map([[3, "data"]]),
    fields: inner("field"),
    tags: new Map([[3, "tag"]]),
  });
  expect(functionName(module, 3)).toBe("func");
});

test("a malformed name section ends the names, not the module", () => {
  const bad = [1, 7, 2, 0, ...name("a"), 1, 9, 0x61];
  const { names } = decode(bytesOf(custom("name", ...bad)));
  expect(names.functions).toEqual(new Map([[0, "a"]]));
});

test("any bytes decode or are malformed; nothing else happens", () => {
  const seed = [...withBody(1, 1, 0x7f, 0x02, 0x40, 0x20, 0, 0x0d, 0, 0x0b, 0x0b)];
  const mutation = fc.record({ at: fc.nat(seed.length - 1), byte: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(mutation, { maxLength: 4 }), (mutations) => {
      const bytes = Uint8Array.from(seed);
      for (const { at, byte } of mutations) bytes[at] = byte;
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
    { numRuns: 500 },
  );
});
