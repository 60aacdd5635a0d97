// What Bobbin does and Binaryen's pass does not. Each use is marked in the roles of a
// module; under `strict` there are none. `docs/asyncify.md` explains them.

export const EXTENSIONS = {
  "tail call": "Binaryen refuses tail calls (Asyncify.cpp:635, 657)",
  try_table: "Binaryen's Flatten refuses try_table (Flatten.cpp:336)",
  "unwind from catch": "Binaryen takes calls in a legacy catch for calls that cannot unwind (1170)",
  reference: "Binaryen saves numbers only (1717)",
  "branch on reference": "Binaryen's Flatten refuses br_on_* (Flatten.cpp:336)",
  call_ref: "Binaryen does not look at call_ref: its caller runs on",
  get_state: "Binaryen refuses asyncify.get_state as an import (596)",
  "stack switching": "Binaryen does not know cont.new, cont.bind, suspend and switch here",
} as const;

export type Extension = keyof typeof EXTENSIONS;

/** Where a module needs one: in a function (with imports), at a byte, where it is an instruction. */
export interface ExtensionUse {
  readonly extension: Extension;
  readonly func: number;
  readonly offset: number | null;
}
