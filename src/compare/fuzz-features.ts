// Features that engines have or lack, under Binaryen's names, each with a small module
// that only an engine with the feature accepts. What `wasm-opt -ttf` may use is chosen
// from what the engine has; features that every engine has are not asked for.

import { type Bytes, body, join, leb, moduleOf, op, Section, vector } from "../binary/encode.js";

const FUNCTION = [0x60, 0, 0];
/** One function `[] -> []` with these instructions. */
const code = (...instructions: readonly Bytes[]): [number, Bytes][] => [
  [Section.type, vector([FUNCTION])],
  [Section.function, vector([[0]])],
  [Section.code, vector([body(...instructions)])],
];
const probe = (...sections: [number, Bytes][]): Uint8Array => moduleOf(new Map(sections));
const zero = op("i32.const", [0]);
const ONE_PAGE = [0x00, 1];

const probes = {
  simd: probe(...code(op("v128.const", new Uint8Array(16)), op("drop"))),
  threads: probe([Section.memory, vector([[0x03, 1, 1]])]),
  "tail-call": probe(...code(op("return_call", leb(0)))),
  "extended-const": probe([
    Section.global,
    vector([join([0x7f, 0], zero, zero, op("i32.add"), op("end"))]),
  ]),
  // `try_table (catch_all_ref 0)`: the one of WebAssembly 3.0, not the legacy one.
  "exception-handling": probe(
    ...code(
      op("block", [0x69]),
      op("try_table", [0x40, 1, 3], leb(0)),
      op("end"),
      op("unreachable"),
      op("end"),
      op("drop"),
    ),
  ),
  gc: probe([Section.type, vector([[0x5f, 1, 0x7f, 1]])]),
  multimemory: probe([Section.memory, vector([ONE_PAGE, ONE_PAGE])]),
  // Tables of 64-bit indices belong to it.
  memory64: probe(
    [Section.table, vector([[0x70, 0x04, 1]])],
    [Section.memory, vector([[0x04, 1]])],
  ),
} as const satisfies Record<string, Uint8Array>;

export type FuzzFeature = keyof typeof probes;
export const fuzzFeatures = Object.keys(probes) as FuzzFeature[];

/** @param validates the engine's `WebAssembly.validate` */
export const featuresOf = (validates: (bytes: Uint8Array) => boolean): FuzzFeature[] =>
  fuzzFeatures.filter((feature) => validates(probes[feature]));
