// The call sites of an instrumented function, numbered as AsyncifyFlow numbers them
// (Asyncify.cpp:1217): instrumented calls in the order of the code, those that cannot
// be reached left out. Behind them come the calls that only Bobbin instruments.

import type { Instruction } from "../../syntax/instruction.js";
import type { Mnemonic } from "../../syntax/opcodes.js";
import { isRefType } from "../../syntax/types.js";
import { functionType, funcTypeAt, type ValidModule } from "../../valid/context.js";
import { visitFunction } from "../../valid/validate.js";
import type { Control, FunctionState, OperandType, Visitor } from "../../valid/visitor.js";
import type { Extension } from "./extensions.js";
import { AsyncifyError, type CallSite } from "./roles.js";
import { OperandConstants } from "./sites-constants.js";
import { FlowBuilder } from "./sites-flow.js";

/** What a call is to Asyncify (ModuleAnalyzer::canChangeState, 807-857). */
export interface CallRules {
  /** Whether calls of the function are instrumented. */
  direct(callee: number): boolean;
  /** Whether the function calls stop_unwind or start_rewind. */
  endsUnwinding(callee: number): boolean;
  readonly indirect: boolean;
  /** Only what Binaryen instruments. */
  readonly strict: boolean;
}

/**
 * The call sites of a function (index with imports).
 * @throws AsyncifyError under `strict` if a reference is live at one
 */
export function findSites(
  module: ValidModule,
  index: number,
  name: string,
  rules: CallRules,
): CallSite[] {
  const finder = new SiteFinder(module, rules);
  visitFunction(module, index - module.imported.func, finder);
  return finder.finish(index, name);
}

const CALLS = new Set<Mnemonic>([
  "call",
  "call_indirect",
  "call_ref",
  "return_call",
  "return_call_indirect",
  "return_call_ref",
]);

/** A site before it has its number: its place is its position in the flow graph. */
type Found = Omit<CallSite, "callIndex" | "liveLocals" | "references">;

class SiteFinder implements Visitor {
  private readonly flow = new FlowBuilder();
  private readonly constants: OperandConstants;
  private readonly found: Found[] = [];
  private locals: FunctionState["locals"] | undefined;
  private endsUnwinding = false;

  constructor(
    private readonly module: ValidModule,
    private readonly rules: CallRules,
  ) {
    this.constants = new OperandConstants(module);
  }

  instruction(instruction: Instruction, state: FunctionState): void {
    this.locals ??= [...state.locals];
    this.constants.instruction(instruction, state, this.flow.reachable);
    if (CALLS.has(instruction.op.mnemonic) && this.flow.reachable) this.call(instruction, state);
    this.flow.instruction(instruction);
  }

  private call({ op, a, offset }: Instruction, state: FunctionState): void {
    const { module, rules } = this;
    const { mnemonic } = op;
    const callee = mnemonic === "call" || mnemonic === "return_call" ? a : null;
    if (callee !== null && rules.endsUnwinding(callee)) this.endsUnwinding = true;
    if (!(callee === null ? rules.indirect : rules.direct(callee))) return;
    const catches = state.controls.flatMap(({ opener }, i) => (isCatch(opener) ? [i] : []));
    const extension = extensionOf(mnemonic, state.controls);
    if (extension !== null && rules.strict) return;
    const type = callee === null ? funcTypeAt(module, a)! : functionType(module, callee);
    const own = type.params.length + (callee === null ? 1 : 0);
    this.flow.graph.site();
    this.found.push({
      offset,
      callee,
      extension,
      tail: mnemonic.startsWith("return_"),
      conditional: this.flow.conditional,
      operands: [...state.operands],
      constants: this.constants.at(state.operands.length, own),
      catches,
    });
  }

  finish(func: number, name: string): CallSite[] {
    // A whole body that can change the state must not contain an end of unwinding (857):
    // only a bottom-most function from the add-list or the only-list gets here.
    if (this.endsUnwinding) return [];
    const locals = this.locals ?? [];
    const live = this.flow.graph.liveAfterSites(locals.length);
    const sites = this.found.map((site, place) => {
      const liveLocals = live[place]!;
      const isLive = (t: OperandType, i: number) =>
        t !== "bot" && isRefType(t) && site.constants[i] === null;
      const references =
        site.operands.some(isLive) || liveLocals.some((l) => isRefType(locals[l]!));
      if (references && this.rules.strict) {
        throw new AsyncifyError(
          "a reference is live at an instrumented call: Asyncify saves numbers only (Asyncify.cpp:1717)",
          { name, func, offset: site.offset },
        );
      }
      return { ...site, liveLocals, references };
    });
    const binaryens = sites.filter(({ extension }) => extension === null);
    const ours = sites.filter(({ extension }) => extension !== null);
    return [...binaryens, ...ours].map((site, callIndex) => ({ ...site, callIndex }));
  }
}

const isCatch = (opener: Control["opener"]): boolean =>
  opener === "catch" || opener === "catch_all";

/** Why Binaryen passes over a call, if it does. */
function extensionOf(mnemonic: Mnemonic, controls: readonly Control[]): Extension | null {
  if (mnemonic.startsWith("return_")) return "tail call";
  if (mnemonic === "call_ref") return "call_ref";
  // The innermost block that has to do with exceptions does not matter: catch bodies are left
  // alone, whatever is in them (Asyncify.cpp:1165-1176).
  return controls.some(({ opener }) => isCatch(opener)) ? "unwind from catch" : null;
}
