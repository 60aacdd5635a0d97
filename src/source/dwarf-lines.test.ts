import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decode } from "../binary/decode.js";
import { InstructionReader } from "../binary/code.js";
import type { Module } from "../syntax/module.js";
import { DebugInfoError } from "./errors.js";
import { withSources } from "./with-sources.js";

const folder = new URL("../../fixtures/debug/", import.meta.url);
const bytesOf = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(new URL(`${name}.wasm`, folder)));
const load = (name: string): Module => withSources(decode(bytesOf(name)));
const NAMES = [0, 2].flatMap((level) => [3, 4, 5].map((v) => `traps.O${level}.dwarf${v}`));

interface Row {
  readonly address: number;
  readonly line: number;
  readonly column: number;
  readonly isStatement: boolean;
  readonly end: boolean;
}

/** What llvm-dwarfdump reads (fixtures/debug/build.sh). */
const rowsOf = (name: string): Row[] =>
  readFileSync(new URL(`${name}.lines`, folder), "utf8")
    .trim()
    .split("\n")
    .map((text) => {
      const [address, line, column, , statement, end] = text.split(" ");
      return {
        address: Number(address),
        line: Number(line),
        column: Number(column),
        isStatement: statement === "is_stmt",
        end: end === "end",
      };
    });

const codeStart = (module: Module): number => module.sections.find(({ id }) => id === 10)!.start;

test.each(NAMES)("%s: every byte of code has the row that llvm-dwarfdump tells", (name) => {
  const module = load(name);
  const start = codeStart(module);
  const rows = rowsOf(name);
  let asked = 0;
  rows.forEach((row, i) => {
    const next = rows[i + 1];
    if (row.end) {
      // Between sequences there is nothing, unless the next one begins there.
      if (!rows.some(({ address, end }) => !end && address === row.address))
        expect(module.lines!.at(start + row.address)).toBeUndefined();
      return;
    }
    for (let at = row.address; at < next!.address; at++) {
      const { line, column } = row;
      const expected = { file: "/project/traps.c", line, column, text: "" };
      expect([at, module.lines!.at(start + at)]).toEqual([at, line === 0 ? undefined : expected]);
      asked++;
    }
  });
  expect(asked).toBeGreaterThan(100);
  expect(module.lines!.problems()).toEqual([]);
  expect(module.lines!.files()).toEqual(["/project/traps.c"]);
});

test.each(NAMES)("%s: statements begin at instructions of their line", (name) => {
  const module = load(name);
  const boundaries = new Set<number>();
  for (const { body } of module.functions) {
    const reader = new InstructionReader(module.bytes, body.offset, body.end);
    while (reader.next()) boundaries.add(reader.instruction.offset);
  }
  const statements = new Set(
    rowsOf(name).flatMap((row) => (row.isStatement && !row.end ? [row.line] : [])),
  );
  for (let line = 1; line <= 50; line++) {
    const offsets = module.lines!.offsets("traps.c", line);
    expect([line, offsets.length > 0]).toEqual([line, statements.has(line) && line > 0]);
    for (const offset of offsets) {
      expect(boundaries).toContain(offset);
      expect(module.lines!.at(offset)?.line).toBe(line);
    }
    expect([...offsets]).toEqual([...offsets].sort((a, b) => a - b));
  }
  expect(module.lines!.offsets("project/traps.c", 32)).toEqual(
    module.lines!.offsets("traps.c", 32),
  );
  expect(module.lines!.offsets("raps.c", 32)).toEqual([]);
});

test("a function that the linker removed has no code", () => {
  // Its sequence has the address 0xffffffff: line 19 is `removed`.
  for (const name of NAMES) expect(load(name).lines!.offsets("traps.c", 19)).toEqual([]);
});

test("modules without debug information have no lines, and no copy is made", () => {
  const module = decode(Uint8Array.from(readFileSync(new URL("../wasm/simple.wasm", folder))));
  expect(withSources(module)).toBe(module);
});

const SECTIONS = [".debug_line", ".debug_info", ".debug_abbrev", ".debug_line_str", ".debug_str"];

test("malformed debug information is told as such, and throws nothing else", () => {
  const modules = NAMES.map((name) => decode(bytesOf(name)));
  let damaged = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...modules),
      fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 0x7f, 0x80, 0xff, -1), fc.nat(255)), {
        minLength: 1,
        maxLength: 6,
      }),
      (module, changes) => {
        const bytes = module.bytes.slice();
        const sections = module.customs.filter(({ name }) => SECTIONS.includes(name));
        for (const [where, fixed, random] of changes) {
          const { start, end } = sections[where % sections.length]!;
          bytes[start + ((where >> 3) % (end - start))] = fixed < 0 ? random : fixed;
        }
        const { lines } = withSources({ ...module, bytes });
        const { body } = module.functions[0]!;
        for (let at = body.offset; at < body.end; at++) lines!.at(at);
        lines!.offsets("traps.c", 32);
        lines!.files();
        const problems = lines!.problems();
        damaged += problems.length > 0 ? 1 : 0;
        for (const problem of problems) expect(problem).toBeInstanceOf(DebugInfoError);
      },
    ),
    { numRuns: 3000 },
  );
  expect(damaged).toBeGreaterThan(100);
});

test("any bytes at all may be in the sections", () => {
  const module = decode(bytesOf("traps.O0.dwarf5"));
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(2, 3, 4, 5),
      (noise, version) => {
        const bytes = module.bytes.slice();
        const { start, end } = module.customs.find(({ name }) => name === ".debug_line")!;
        bytes.set(noise.subarray(0, end - start - 6), start + 6);
        bytes[start + 4] = version;
        const { lines } = withSources({ ...module, bytes });
        lines!.at(module.functions[0]!.body.offset);
        for (const problem of lines!.problems()) expect(problem).toBeInstanceOf(DebugInfoError);
      },
    ),
    { numRuns: 2000 },
  );
});

test("a unit that is malformed does not take the others along", () => {
  const module = decode(bytesOf("traps.O0.dwarf4"));
  const section = module.customs.find(({ name }) => name === ".debug_line")!;
  const { bytes } = module;
  // In front of the unit one of a version that nobody knows.
  const unit = Uint8Array.of(2, 0, 0, 0, 9, 0);
  const longer = Uint8Array.from([
    ...bytes,
    ...unit,
    ...bytes.subarray(section.start, section.end),
  ]);
  const customs = module.customs.map((custom) =>
    custom === section ? { ...custom, start: bytes.length, end: longer.length } : custom,
  );
  const { lines } = withSources({ ...module, bytes: longer, customs });
  expect(lines!.at(module.functions[0]!.body.offset)?.line).toBe(22);
  expect(lines!.problems().map(({ message }) => message)).toEqual([
    "malformed .debug_line: version 9 of line tables is unknown at its byte 0x4",
  ]);
});

test("units that refer to the same long table again and again come to an end", () => {
  const module = decode(bytesOf("traps.O0.dwarf4"));
  // A hundred thousand units, each of which looks for an abbreviation behind a hundred thousand others.
  const COUNT = 100_000;
  const info = new Uint8Array(12 * COUNT);
  for (let at = 0; at < info.length; at += 12) info.set([8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 4, 2], at);
  const abbreviations = new Uint8Array(5 * COUNT);
  for (let at = 0; at < abbreviations.length; at += 5) abbreviations.set([1, 0x11, 0, 0, 0], at);
  abbreviations.set([2], abbreviations.length - 5);
  const bytes = Uint8Array.from([...module.bytes, ...info, ...abbreviations]);
  const start = module.bytes.length;
  const moved = new Map([
    [".debug_info", { start, end: start + info.length }],
    [".debug_abbrev", { start: start + info.length, end: bytes.length }],
  ]);
  const customs = module.customs.map((custom) => ({ ...custom, ...moved.get(custom.name) }));
  const { lines } = withSources({ ...module, bytes, customs });
  // The tables themselves are as they were.
  expect(lines!.at(module.functions[0]!.body.offset)).toMatchObject({ file: "traps.c", line: 22 });
  expect(lines!.problems().map(({ message }) => message)).toEqual([
    expect.stringMatching(/^malformed \.debug_abbrev: references come to too much/),
  ]);
}, 20_000);

test("of very many malformed units only the first are told", () => {
  const module = decode(bytesOf("traps.O0.dwarf4"));
  const start = module.bytes.length;
  const bytes = new Uint8Array(start + 4_000_000);
  bytes.set(module.bytes);
  const customs = module.customs.map((custom) =>
    custom.name === ".debug_line" ? { ...custom, start, end: bytes.length } : custom,
  );
  const { lines } = withSources({ ...module, bytes, customs });
  expect(lines!.at(module.functions[0]!.body.offset)).toBeUndefined();
  expect(lines!.problems()).toHaveLength(100);
});
