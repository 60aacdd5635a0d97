// The initial scan (Asyncify.cpp:605-676): what every function calls, dead code
// included, for Binaryen's reader keeps it. Also what its tail calls and Flatten
// refuse, with the places to tell.

import { InstructionReader } from "../../binary/code.js";
import { isRefType } from "../../syntax/types.js";
import { funcTypeAt, type ValidModule } from "../../valid/context.js";
import { AsyncifyError } from "./roles.js";

/** What a function's body says. */
export interface BodyFacts {
  /** Direct callees, in order of their first call. */
  readonly callees: ReadonlySet<number>;
  /** Offset of the first indirect call; -1 without one. */
  readonly indirect: number;
  /** Offset of the first instruction that Flatten refuses (Flatten.cpp:336); -1 without one. */
  readonly refused: number;
  /** Why, where there is one. */
  readonly refusal: string;
  /** Whether references can occur in it at all. */
  readonly references: boolean;
}

/** @throws AsyncifyError for a tail call, wherever it stands (635, 657) */
export function scanBody(module: ValidModule, index: number, name: string): BodyFacts {
  const { body, locals, type } = module.functions[index - module.imported.func]!;
  const { context } = module;
  const callees = new Set<number>();
  let indirect = -1;
  let refused = -1;
  let refusal = "branches on references cannot be flattened (Flatten.cpp:336)";
  let references =
    locals.some((run) => isRefType(run.type)) || funcTypeAt(module, type)!.params.some(isRefType);
  const returns = (typeIndex: number) => {
    references ||= funcTypeAt(module, typeIndex)!.results.some(isRefType);
  };

  const reader = new InstructionReader(module.bytes, body.offset, body.end);
  const { instruction } = reader;
  while (reader.next()) {
    const { op, a, offset } = instruction;
    switch (op.mnemonic) {
      case "call":
        callees.add(a);
        returns(context.funcs[a]!);
        break;
      case "call_indirect":
        if (indirect < 0) indirect = offset;
        returns(a);
        break;
      case "call_ref":
        returns(a);
        break;
      case "return_call":
      case "return_call_indirect":
        throw new AsyncifyError("tail calls are not supported by Asyncify (Asyncify.cpp:635)", {
          name,
          func: index,
          offset,
          instruction: op.mnemonic,
        });
      case "br_on_null":
      case "br_on_non_null":
      case "br_on_cast":
      case "br_on_cast_fail":
      case "br_on_cast_desc_eq":
      case "br_on_cast_desc_eq_fail":
        if (refused < 0) refused = offset;
        break;
      case "try_table":
      case "try":
        if (refused >= 0) break;
        refused = offset;
        refusal =
          op.mnemonic === "try"
            ? "legacy exception handling in functions that can unwind is not supported yet"
            : "try_table cannot be flattened (Flatten.cpp:336)";
        break;
      case "cont.new":
      case "cont.bind":
      case "suspend":
      case "resume":
      case "resume_throw":
      case "resume_throw_ref":
      case "switch":
        if (refused >= 0) break;
        refused = offset;
        refusal = "stack switching in functions that can unwind is not supported";
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
  return { callees, indirect, refused, refusal, references };
}
