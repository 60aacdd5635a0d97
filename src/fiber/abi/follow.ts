// Follows a function's code through all its branches and tells its tree of effects.
// Calls of the module's own functions are followed too, so it makes no difference what
// was inlined where. Loops, host calls and what no fiber switch needs are not followed.

import { InstructionReader } from "../../binary/code.js";
import type { BlockType } from "../../syntax/instruction.js";
import type { FuncType } from "../../syntax/types.js";
import type { ValidModule } from "../../valid/validate.js";
import { Path } from "./effects.js";
import {
  add,
  constant,
  equal,
  type Expression,
  lessUnsigned,
  not,
  plus,
  subtract,
  symbol,
} from "./expressions.js";

const MAX_STEPS = 2000;
const MAX_CALLS = 3;

interface Step {
  readonly mnemonic: string;
  readonly a: number;
  readonly b: number;
  readonly memOffset: number;
  readonly block: BlockType;
  /** Of `block` and `if`: index behind the `else` (or of the `end`), and behind the `end`. */
  otherwise: number;
  after: number;
}
interface Label {
  readonly after: number;
  readonly height: number;
  readonly arity: number;
}
interface Activation {
  readonly steps: readonly Step[];
  readonly locals: Expression[];
  readonly labels: Label[];
  readonly height: number;
  readonly arity: number;
  at: number;
}
interface State {
  readonly path: Path;
  readonly stack: Expression[];
  readonly calls: Activation[];
}

/** The code is none that is followed. */
class NotFollowed extends Error {}

export class Follower {
  private steps = 0;
  private readonly bodies = new Map<number, readonly Step[]>();

  constructor(
    private readonly module: ValidModule,
    /** The runtime functions of asyncify by function index. */
    private readonly runtime: ReadonlyMap<number, string>,
  ) {}

  /** The effects of a defined function, parameters as `p0`, `p1`, …; null where it cannot be followed. */
  treeOf(index: number): string | null {
    this.steps = 0;
    try {
      const state: State = { path: new Path(), stack: [], calls: [] };
      const { params } = this.signature(index);
      this.enter(
        state,
        index,
        params.map((_, i) => symbol(`p${i}`)),
      );
      return this.follow(state);
    } catch (error) {
      if (error instanceof NotFollowed) return null;
      throw error;
    }
  }

  private signature(index: number): FuncType {
    return this.module.types[this.module.context.funcs[index]!]!.comp as FuncType;
  }

  private enter(state: State, index: number, args: Expression[]): void {
    const { module } = this;
    const defined = module.functions[index - module.imported.func];
    if (defined === undefined || state.calls.length >= MAX_CALLS) throw new NotFollowed();
    const locals = [...args];
    for (const { count, type } of defined.locals) {
      if (count > MAX_STEPS || type !== "i32") throw new NotFollowed();
      for (let i = 0; i < count; i++) locals.push(constant(0));
    }
    const { params, results } = this.signature(index);
    if (params.some((type) => type !== "i32")) throw new NotFollowed();
    const steps = this.bodyOf(index);
    state.calls.push({
      steps,
      locals,
      labels: [],
      height: state.stack.length,
      arity: results.length,
      at: 0,
    });
  }

  private bodyOf(index: number): readonly Step[] {
    const known = this.bodies.get(index);
    if (known !== undefined) return known;
    const { bytes, functions, imported } = this.module;
    const { body } = functions[index - imported.func]!;
    const reader = new InstructionReader(bytes, body.offset, body.end);
    const steps: Step[] = [];
    const open: number[] = [];
    while (reader.next()) {
      const { op, a, b, memOffset, block } = reader.instruction;
      if (steps.length >= MAX_STEPS) throw new NotFollowed();
      const at = steps.length;
      steps.push({
        mnemonic: op.mnemonic,
        a,
        b,
        memOffset: Number(memOffset),
        block,
        otherwise: 0,
        after: 0,
      });
      if (reader.opened) open.push(at);
      else if (op.mnemonic === "else") steps[open.at(-1)!]!.otherwise = at + 1;
      else if (op.mnemonic === "end" && open.length > 0) {
        const opener = steps[open.pop()!]!;
        if (opener.otherwise === 0) opener.otherwise = at;
        opener.after = at + 1;
      }
    }
    this.bodies.set(index, steps);
    return steps;
  }

  /** The tree of effects from here to all ends. */
  private follow(state: State): string {
    const { path, stack } = state;
    const pop = (): Expression => stack.pop()!;
    for (;;) {
      if (++this.steps > MAX_STEPS) throw new NotFollowed();
      const call = state.calls.at(-1)!;
      const step = call.steps[call.at++]!;
      const { a, memOffset } = step;
      switch (step.mnemonic) {
        case "nop":
          break;
        case "drop":
          pop();
          break;
        case "unreachable":
          return path.end("trap");
        case "i32.const":
          stack.push(constant(a));
          break;
        case "local.get":
          stack.push(call.locals[a]!);
          break;
        case "local.set":
          call.locals[a] = pop();
          break;
        case "local.tee":
          call.locals[a] = stack.at(-1)!;
          break;
        case "global.get":
          stack.push(path.get(a));
          break;
        case "global.set":
          path.set(a, pop());
          break;
        case "i32.load":
          this.onlyMemory(a);
          stack.push(path.load(plus(pop(), memOffset)));
          break;
        case "i32.store": {
          this.onlyMemory(a);
          const value = pop();
          path.store(plus(pop(), memOffset), value);
          break;
        }
        case "i32.eqz":
          stack.push(not(pop()));
          break;
        case "i32.add":
        case "i32.sub":
        case "i32.eq":
        case "i32.ne":
        case "i32.lt_u":
        case "i32.gt_u":
        case "i32.le_u":
        case "i32.ge_u": {
          const right = pop();
          stack.push(BINARY[step.mnemonic](pop(), right));
          break;
        }
        case "select":
          return this.fork(
            state,
            pop(),
            (chosen) => void chosen.stack.pop(),
            (chosen) => void chosen.stack.splice(-2, 1),
          );
        case "block":
          call.labels.push(this.label(step, stack.length));
          break;
        case "if": {
          const condition = pop();
          const label = this.label(step, stack.length);
          const into = (at?: number) => (next: State) => {
            const inner = next.calls.at(-1)!;
            inner.labels.push(label);
            if (at !== undefined) inner.at = at;
          };
          return this.fork(state, condition, into(), into(step.otherwise));
        }
        case "else":
          // The first arm has come to its end.
          branch(state, 0);
          break;
        case "end":
          if (call.labels.length > 0) call.labels.pop();
          else if (leave(state)) return path.end("return");
          break;
        case "return":
          if (leave(state)) return path.end("return");
          break;
        case "br":
          if (branch(state, a)) return path.end("return");
          break;
        case "br_if": {
          let ended = false;
          const taken = (next: State) => {
            ended = branch(next, a);
          };
          return this.fork(
            state,
            pop(),
            taken,
            () => undefined,
            () => ended,
          );
        }
        case "call":
          this.call(state, a);
          break;
        case "call_indirect": {
          const type = this.module.types[step.a]!.comp as FuncType;
          if (type.results.length > 0) throw new NotFollowed();
          const callee = pop();
          const args = stack.splice(stack.length - type.params.length);
          path.indirect(step.a, step.b, callee, args);
          break;
        }
        default:
          throw new NotFollowed();
      }
    }
  }

  private call(state: State, index: number): void {
    const { params, results } = this.signature(index);
    const args = state.stack.splice(state.stack.length - params.length);
    const runtime = this.runtime.get(index);
    if (runtime === undefined) return this.enter(state, index, args);
    if (results.length > 0) throw new NotFollowed();
    state.path.runtime(runtime, args);
  }

  /** Goes on both ways: each is prepared in a state of its own. */
  private fork(
    state: State,
    condition: Expression,
    then: (next: State) => void,
    otherwise: (next: State) => void,
    ended: () => boolean = () => false,
  ): string {
    const way = (prepare: (next: State) => void, ends: () => boolean) => (path: Path) => {
      const next = copyOf(state, path);
      prepare(next);
      return ends() ? path.end("return") : this.follow(next);
    };
    return state.path.fork(
      condition,
      way(then, ended),
      way(otherwise, () => false),
    );
  }

  private label({ block, after }: Step, height: number): Label {
    // Blocks with parameters are rare, and none of the assembly's.
    if (typeof block === "number") throw new NotFollowed();
    return { after, height, arity: block === null ? 0 : 1 };
  }

  private onlyMemory(index: number): void {
    if (index !== 0) throw new NotFollowed();
  }
}

const BINARY = {
  "i32.add": add,
  "i32.sub": subtract,
  "i32.eq": equal,
  "i32.ne": (a: Expression, b: Expression) => not(equal(a, b)),
  "i32.lt_u": lessUnsigned,
  "i32.gt_u": (a: Expression, b: Expression) => lessUnsigned(b, a),
  "i32.le_u": (a: Expression, b: Expression) => not(lessUnsigned(b, a)),
  "i32.ge_u": (a: Expression, b: Expression) => not(lessUnsigned(a, b)),
} as const;

const copyOf = (state: State, path: Path): State => ({
  path,
  stack: [...state.stack],
  calls: state.calls.map((call) => ({
    ...call,
    locals: [...call.locals],
    labels: [...call.labels],
  })),
});

/** Keeps `arity` values above `height`. */
function unwind(stack: Expression[], height: number, arity: number): void {
  stack.splice(height, stack.length - height - arity);
}

/** Whether that was the end of the outermost function. */
function leave({ stack, calls }: State): boolean {
  const { height, arity } = calls.pop()!;
  unwind(stack, height, arity);
  return calls.length === 0;
}

function branch(state: State, depth: number): boolean {
  const call = state.calls.at(-1)!;
  const at = call.labels.length - 1 - depth;
  if (at < 0) return leave(state);
  const { after, height, arity } = call.labels[at]!;
  unwind(state.stack, height, arity);
  call.labels.length = at;
  call.at = after;
  return false;
}
