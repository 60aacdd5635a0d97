// From instructions to the flow graph, with Binaryen's idea of what can be reached:
// after Flatten and DCE, code follows a block's `end` only if its last instruction
// or a branch gets there. (The spec's algorithm, and so the validator, takes every
// `end` for reachable.) Conditions are never evaluated. Whatever may throw inside of a
// `try_table` or `try` may go on at its handlers; those of a `try` can always be reached.

import type { Instruction } from "../../syntax/instruction.js";
import { FlowGraph } from "./liveness.js";

/** What stands in a `try_table` or `try`, while exceptions go to it. */
interface Guard {
  /** `try_table`: where it goes on. `try`: unknown until its catches come. */
  readonly targets: readonly Frame[];
  /** Blocks that may end by an exception. */
  readonly throwers: number[];
  /** Whether it can be reached: then Binaryen takes the catches of a `try` for code that can be, too. */
  readonly reached: boolean;
  /** No exception passes it. */
  all: boolean;
  /** `try`: the part that it guards has ended. */
  closed: boolean;
}
const newGuard = (targets: readonly Frame[], all: boolean, reached: boolean): Guard => ({
  targets,
  throwers: [],
  reached,
  all,
  closed: false,
});

/** An open block, loop, if or try. */
interface Frame {
  /** Where branches to it go: a loop's start at once, else the block after its `end` on first use. */
  target: number;
  readonly loop: boolean;
  /** The block that evaluated an if's condition, while there has been no `else`. */
  condition: number;
  readonly guard: Guard | null;
}

export class FlowBuilder {
  readonly graph = new FlowGraph();
  private readonly frames: Frame[] = [{ target: -1, loop: false, condition: -1, guard: null }];

  get reachable(): boolean {
    return this.graph.reachable;
  }

  /** Whether the next instruction stands in the first arm of an `if`. */
  get conditional(): boolean {
    return this.frames.some(({ condition }) => condition >= 0);
  }

  /** Takes the effect of the next instruction, in byte order. */
  instruction(instruction: Instruction): void {
    const { op, a, labels } = instruction;
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
      case "try_table":
        return this.openTable(instruction);
      case "try":
        if (graph.reachable) this.proceed();
        return this.open(false, -1, newGuard([], false, graph.reachable));
      case "catch":
      case "catch_all":
        return this.catch(op.mnemonic === "catch_all");
      case "delegate":
        return this.close(a);
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
      case "call":
      case "call_indirect":
      case "call_ref":
      case "resume":
      case "resume_throw":
      case "resume_throw_ref":
      case "suspend":
      case "switch":
        return this.mayThrow();
      case "throw":
      case "throw_ref":
      case "rethrow":
        this.mayThrow();
        return graph.enter(-1);
      case "return":
      case "unreachable":
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

  private open(loop: boolean, condition: number, guard: Guard | null = null): void {
    this.frames.push({ target: loop ? this.graph.current : -1, loop, condition, guard });
  }

  private openTable({ catches }: Instruction): void {
    const { frames } = this;
    const targets = catches.map(({ label }) => frames[frames.length - 1 - label]!);
    const all = catches.some(({ tag }) => tag === null);
    if (this.graph.reachable) {
      for (const target of targets) this.join(target, this.graph.current);
      this.proceed();
    }
    this.open(false, -1, newGuard(targets, all, this.graph.reachable));
  }

  /** An exception may end the current block. */
  private mayThrow(): void {
    const { graph, frames } = this;
    if (!graph.reachable || frames.every(({ guard }) => guard === null || guard.closed)) return;
    this.thrown(graph.current, frames.length - 1);
    this.proceed();
  }

  /** An exception from a block arrives at the innermost guard, from a depth of frames outwards. */
  private thrown(block: number, from: number): void {
    for (let i = from; i >= 0; i--) {
      const { guard } = this.frames[i]!;
      if (guard === null || guard.closed) continue;
      for (const target of guard.targets) this.join(target, block);
      // What no handler of it takes, it passes on when they are known.
      guard.throwers.push(block);
      return;
    }
  }

  private catch(all: boolean): void {
    const { graph } = this;
    const frame = this.frames[this.frames.length - 1]!;
    const guard = frame.guard!;
    this.join(frame, graph.current);
    graph.enter(-1);
    guard.closed = true;
    guard.all ||= all;
    if (!guard.reached) return;
    const block = graph.block();
    for (const thrower of guard.throwers) graph.edge(thrower, block);
    graph.enter(block);
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

  /** @param delegate where a `delegate` sends exceptions, in frames outwards of the closed one */
  private close(delegate = 0): void {
    const frame = this.frames.pop()!;
    if (frame.guard !== null && !frame.guard.all) {
      for (const thrower of frame.guard.throwers)
        this.thrown(thrower, this.frames.length - 1 - delegate);
    }
    if (frame.loop) return;
    // An if without `else` goes on after its `end` when the condition is false.
    this.join(frame, frame.condition);
    if (frame.target < 0) return;
    this.join(frame, this.graph.current);
    this.graph.enter(frame.target);
  }
}
