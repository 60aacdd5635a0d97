// Implementation limits on what a module may hold: those of the JavaScript API, which
// all engines share, and V8's for names and branch tables. docs/limits.md lists them
// with the limits on what runs.
// Spec: https://webassembly.github.io/spec/js-api/#limits

export const limits = {
  "module bytes": 2 ** 30,
  types: 1_000_000,
  functions: 1_000_000,
  imports: 1_000_000,
  exports: 1_000_000,
  globals: 1_000_000,
  tags: 1_000_000,
  tables: 100_000,
  memories: 100,
  "data segments": 100_000,
  "element segments": 10_000_000,
  elements: 10_000_000,
  parameters: 1000,
  results: 1000,
  fields: 10_000,
  /** Parameters included. */
  locals: 50_000,
  "body bytes": 7_654_321,
  "branch targets": 65_520,
  "bytes of a name": 100_000,
} as const;
export type Limited = keyof typeof limits;

/** Declared supertypes above one another. */
export const MAX_SUBTYPE_DEPTH = 63;
/** Operands of `array.new_fixed`. */
export const MAX_FIXED_ELEMENTS = 10_000;
