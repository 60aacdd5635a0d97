// The initial scan (Asyncify.cpp:605-676): what every function calls, dead code
// included, for Binaryen's reader keeps it. Also which of its instructions Binaryen
// refuses, there or in Flatten, and which of those Bobbin takes.

import { InstructionReader } from "../../binary/code.js";
import type { Mnemonic } from "../../syntax/opcodes.js";
import { isRefType } from "../../syntax/types.js";
import { funcTypeAt, type ValidModule } from "../../valid/context.js";
import { type Extension, EXTENSIONS } from "./extensions.js";
import { AsyncifyError } from "./roles.js";

/** What a function's body says. */
export interface BodyFacts {
  /** Direct callees, in order of their first call. */
  readonly callees: ReadonlySet<number>;
  /** Offset of the first call of a function that is not named; -1 without one. */
  readonly indirect: number;
  /** What that call goes through. */
  readonly through: "table" | "reference";
  /** Offset of the first instruction that no instrumented function may have; -1 without one. */
  readonly refused: number;
  /** Why, where there is one. */
  readonly refusal: string;
  /** Whether references can occur in it at all. */
  readonly references: boolean;
  /** What it has that Binaryen does not do in instrumented functions: offset of the first. */
  readonly extensions: ReadonlyMap<Extension, number>;
}

/** Instructions that need an extension where the function is instrumented. */
const EXTENDED: Partial<Record<Mnemonic, Extension>> = {
  return_call: "tail call",
  return_call_indirect: "tail call",
  return_call_ref: "tail call",
  try_table: "try_table",
  br_on_null: "branch on reference",
  br_on_non_null: "branch on reference",
  br_on_cast: "branch on reference",
  br_on_cast_fail: "branch on reference",
  br_on_cast_desc_eq: "branch on reference",
  br_on_cast_desc_eq_fail: "branch on reference",
  "cont.new": "stack switching",
  "cont.bind": "stack switching",
  suspend: "stack switching",
  switch: "stack switching",
};
const RESUMES = new Set<Mnemonic>(["resume", "resume_throw", "resume_throw_ref"]);
const RESUME_REFUSAL =
  "Binaryen does not know resume here: the continuation would be used up when a rewind gets there";

/**
 * @param strict refuse what Binaryen refuses, and overlook what it overlooks
 * @throws AsyncifyError under `strict` for a tail call, wherever it stands (635, 657)
 */
export function scanBody(
  module: ValidModule,
  index: number,
  name: string,
  strict: boolean,
): BodyFacts {
  const { body, locals, type } = module.functions[index - module.imported.func]!;
  const { context } = module;
  const callees = new Set<number>();
  const extensions = new Map<Extension, number>();
  let indirect = -1;
  let through: BodyFacts["through"] = "table";
  let refused = -1;
  let refusal = "";
  let references =
    locals.some((run) => isRefType(run.type)) || funcTypeAt(module, type)!.params.some(isRefType);
  const returns = (typeIndex: number) => {
    references ||= funcTypeAt(module, typeIndex)!.results.some(isRefType);
  };
  const refuse = (offset: number, why: string) => {
    if (refused >= 0) return;
    refused = offset;
    refusal = why;
  };

  const reader = new InstructionReader(module.bytes, body.offset, body.end);
  const { instruction } = reader;
  while (reader.next()) {
    const { op, a, offset } = instruction;
    const { mnemonic } = op;
    const extension = EXTENDED[mnemonic];
    if (extension === "tail call" && strict) {
      const location = { name, func: index, offset, instruction: mnemonic };
      throw new AsyncifyError(EXTENSIONS["tail call"], location);
    }
    if (extension !== undefined && strict) refuse(offset, EXTENSIONS[extension]);
    else if (extension !== undefined && !extensions.has(extension))
      extensions.set(extension, offset);
    if (RESUMES.has(mnemonic) && strict) refuse(offset, RESUME_REFUSAL);
    switch (mnemonic) {
      case "call":
      case "return_call":
        callees.add(a);
        returns(context.funcs[a]!);
        break;
      case "call_ref":
      case "return_call_ref":
        returns(a);
        if (strict) break;
        if (!extensions.has("call_ref")) extensions.set("call_ref", offset);
        if (indirect < 0) {
          indirect = offset;
          through = "reference";
        }
        break;
      case "call_indirect":
      case "return_call_indirect":
        if (indirect < 0) indirect = offset;
        returns(a);
        break;
      case "global.get":
        references ||= isRefType(context.globals[a]!.type);
        break;
      case "table.get":
      case "ref.null":
      case "ref.func":
        references = true;
        break;
      default:
    }
  }
  return { callees, indirect, through, refused, refusal, references, extensions };
}
