// From instructions to the flow graph, with Binaryen's idea of what can be reached:
// after Flatten and DCE, code follows a block's `end` only if its last instruction
// or a branch gets there. (The spec's algorithm, and so the validator, takes every
// `end` for reachable.) Conditions are never evaluated.

import type { Instruction } from "../../syntax/instruction.js";
import { FlowGraph } from "./liveness.js";

/** An open block, loop or if. */
interface Frame {
  /** Where branches to it go: a loop's start at once, else the block after its `end` on first use. */
  target: number;
  readonly loop: boolean;
  /** The block that evaluated an if's condition, while there has been no `else`. */
  condition: number;
}

export class FlowBuilder {
  readonly graph = new FlowGraph();
  private readonly frames: Frame[] = [{ target: -1, loop: false, condition: -1 }];

  get reachable(): boolean {
    return this.graph.reachable;
  }

  /** Whether the next instruction stands in the first arm of an `if`. */
  get conditional(): boolean {
    return this.frames.some(({ condition }) => condition >= 0);
  }

  /** Takes the effect of the next instruction, in byte order. */
  instruction({ op, a, labels }: Instruction): void {
    const { graph } = this;
    switch (op.mnemonic) {
      case "local.get":
        return graph.read(a);
      case "local.set":
      case "local.tee":
        return graph.write(a);
      case "block":
        return this.open(false, -1);
      case "loop":
        if (graph.reachable) this.proceed();
        return this.open(true, -1);
      case "if": {
        const condition = graph.current;
        if (graph.reachable) this.proceed();
        return this.open(false, condition);
      }
      case "else":
        return this.otherwise();
      case "end":
        return this.close();
      case "br":
        this.branch(a);
        return graph.enter(-1);
      case "br_if":
      case "br_on_null":
      case "br_on_non_null":
      case "br_on_cast":
      case "br_on_cast_fail":
      case "br_on_cast_desc_eq":
      case "br_on_cast_desc_eq_fail":
        if (!graph.reachable) return;
        this.branch(a);
        return this.proceed();
      case "br_table":
        for (const label of new Set(labels)) this.branch(label);
        return graph.enter(-1);
      case "return":
      case "unreachable":
      case "throw":
      case "throw_ref":
      case "rethrow":
      case "return_call":
      case "return_call_indirect":
      case "return_call_ref":
        return graph.enter(-1);
      default:
    }
  }

  /** Starts a new block that the current one falls into. */
  private proceed(): void {
    const next = this.graph.block();
    this.graph.edge(this.graph.current, next);
    this.graph.enter(next);
  }

  private open(loop: boolean, condition: number): void {
    this.frames.push({ target: loop ? this.graph.current : -1, loop, condition });
  }

  private branch(depth: number): void {
    if (!this.graph.reachable) return;
    const frame = this.frames[this.frames.length - 1 - depth]!;
    this.join(frame, this.graph.current);
  }

  /** Connects a block with the frame's target. */
  private join(frame: Frame, from: number): void {
    if (from < 0) return;
    if (frame.target < 0) frame.target = this.graph.block();
    this.graph.edge(from, frame.target);
  }

  private otherwise(): void {
    const { graph } = this;
    const frame = this.frames[this.frames.length - 1]!;
    const { condition } = frame;
    frame.condition = -1;
    this.join(frame, graph.current);
    graph.enter(-1);
    if (condition < 0) return;
    const block = graph.block();
    graph.edge(condition, block);
    graph.enter(block);
  }

  private close(): void {
    const frame = this.frames.pop()!;
    if (frame.loop) return;
    // An if without `else` goes on after its `end` when the condition is false.
    this.join(frame, frame.condition);
    if (frame.target < 0) return;
    this.join(frame, this.graph.current);
    this.graph.enter(frame.target);
  }
}
