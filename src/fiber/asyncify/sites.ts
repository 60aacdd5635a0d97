// The call sites of an instrumented function, numbered as AsyncifyFlow numbers them
// (Asyncify.cpp:1217): instrumented calls in the order of the code, those that cannot
// be reached left out.

import type { Instruction } from "../../syntax/instruction.js";
import { isRefType } from "../../syntax/types.js";
import { functionType, funcTypeAt, type ValidModule } from "../../valid/context.js";
import { visitFunction } from "../../valid/validate.js";
import type { FunctionState, OperandType, Visitor } from "../../valid/visitor.js";
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
}

/**
 * The call sites of a function (index with imports).
 * @throws AsyncifyError if a reference is live at one
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

class SiteFinder implements Visitor {
  private readonly flow = new FlowBuilder();
  private readonly constants: OperandConstants;
  private readonly sites: Omit<CallSite, "liveLocals">[] = [];
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
    const { mnemonic } = instruction.op;
    if ((mnemonic === "call" || mnemonic === "call_indirect") && this.flow.reachable) {
      this.call(instruction, state);
    }
    this.flow.instruction(instruction);
  }

  private call({ op, a, offset }: Instruction, state: FunctionState): void {
    const { module, rules } = this;
    const callee = op.mnemonic === "call" ? a : null;
    if (callee !== null && rules.endsUnwinding(callee)) this.endsUnwinding = true;
    if (!(callee === null ? rules.indirect : rules.direct(callee))) return;
    const type = callee === null ? funcTypeAt(module, a)! : functionType(module, callee);
    const own = type.params.length + (callee === null ? 1 : 0);
    this.flow.graph.site();
    this.sites.push({
      callIndex: this.sites.length,
      offset,
      callee,
      conditional: this.flow.conditional,
      operands: [...state.operands],
      constants: this.constants.at(state.operands.length, own),
    });
  }

  finish(func: number, name: string): CallSite[] {
    // A whole body that can change the state must not contain an end of unwinding (857):
    // only a bottom-most function from the add-list or the only-list gets here.
    if (this.endsUnwinding) return [];
    const locals = this.locals ?? [];
    const live = this.flow.graph.liveAfterSites(locals.length);
    return this.sites.map((site) => {
      const liveLocals = live[site.callIndex]!;
      const isLive = (t: OperandType, i: number) =>
        t !== "bot" && isRefType(t) && site.constants[i] === null;
      if (site.operands.some(isLive) || liveLocals.some((l) => isRefType(locals[l]!))) {
        throw new AsyncifyError(
          "a reference is live at an instrumented call: Asyncify saves numbers only (Asyncify.cpp:1717)",
          { name, func, offset: site.offset },
        );
      }
      return { ...site, liveLocals };
    });
  }
}
