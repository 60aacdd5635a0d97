// For tests: bodies of random functions, dead code and legacy exception handling included, in
// which every constant is another one.

import type { Mnemonic } from "../../syntax/opcodes.js";
import { EMPTY, I32, I64, leb, vec } from "../../valid/testing.js";

export type Type = typeof I32 | typeof I64;
export interface Signature {
  readonly params: readonly Type[];
  readonly results: readonly Type[];
}
/** A source of random choices. */
export type Random = (n: number) => number;

export const types: readonly Signature[] = [
  { params: [], results: [] },
  { params: [I32], results: [] },
  { params: [I32], results: [I32] },
  { params: [I32, I64], results: [I32] },
  { params: [], results: [I64] },
  { params: [I64, I32, I32], results: [] },
  { params: [I32, I32], results: [I32, I64] },
  { params: [], results: [I32] },
  { params: [I64], results: [] },
];
export const POINTER_TYPES: Record<number, number> = { [I32]: 1, [I64]: 8 };
/** Types of the tags. */
export const tags = [0, 1, 5];

interface Label {
  readonly types: readonly Type[];
  readonly results: readonly Type[];
  /** A `catch`: what it caught can be thrown again. */
  readonly caught?: boolean;
}

export class Body {
  readonly out: (Mnemonic | number)[] = [];
  private readonly labels: Label[] = [];
  /** Operands of the innermost block; of unknown number and type below where it is dead. */
  private stack: Type[] = [];
  private dead = false;

  constructor(
    private readonly r: Random,
    private readonly locals: readonly Type[],
    /** Type indices of the functions, and which of them are asyncify's: those are called rarely. */
    private readonly functions: readonly number[],
    private readonly runtime: ReadonlySet<number>,
    private readonly next: () => number,
    /** Address types of the memories. */
    private readonly memories: readonly Type[],
    results: readonly Type[],
    private budget: number,
  ) {
    this.labels.push({ types: results, results });
    this.sequence(results);
    this.out.push("end");
  }

  private emit(mnemonic: Mnemonic, ...bytes: number[]): void {
    this.out.push(mnemonic, ...bytes);
  }

  private constant(type: Type): void {
    this.emit(type === I32 ? "i32.const" : "i64.const", ...signed(this.next()));
    this.stack.push(type);
  }

  private localOf(type: Type): number {
    const all = this.locals.flatMap((t, i) => (t === type ? [i] : []));
    return all[this.r(all.length)]!;
  }

  private value(type: Type): void {
    if (this.r(2) === 0) return this.constant(type);
    this.emit("local.get", ...leb(this.localOf(type)));
    this.stack.push(type);
  }

  /** Puts operands of these types on top, of those there as many as fit, and takes them. */
  private take(wanted: readonly Type[]): void {
    const { stack } = this;
    let have = wanted.length;
    const fits = () => wanted.slice(0, have).every((t, i) => stack[stack.length - have + i] === t);
    while (have > 0 && (have > stack.length || !fits() || this.r(8) === 0)) have--;
    // Dead code may take what is not there. Several at once wasm-opt 132 misreads, for the
    // placeholder that it makes up for the first may come before code that can be reached.
    if (this.dead && stack.length === 0 && wanted.length === 1 && this.r(2) === 0) return;
    for (const type of wanted.slice(have)) {
      this.value(type);
      if (this.r(10) === 0) this.plainEffect();
    }
    stack.length -= wanted.length;
  }

  /** An instruction that leaves the stack as it is. */
  private plainEffect(): void {
    if (this.r(2) === 0) return this.emit("nop");
    this.value(I32);
    this.stack.pop();
    this.emit("local.set", ...leb(this.localOf(I32)));
  }

  private sequence(results: readonly Type[]): void {
    for (let n = this.r(9); n >= 0 && this.budget > 0; n--) this.step();
    if (this.dead && this.stack.length === 0 && this.r(2) === 0) return;
    const { stack } = this;
    if (stack.length !== results.length || !results.every((t, i) => stack[i] === t)) {
      while (stack.length > 0) {
        this.emit("drop");
        stack.pop();
      }
      for (const type of results) this.value(type);
    }
  }

  private stop(): void {
    this.dead = true;
    this.stack.length = 0;
  }

  private nested(opener: "block" | "loop" | "if"): void {
    const { r } = this;
    const signature = r(3) > 0 ? types[0]! : types[[2, 3, 6, 7][r(4)]!]!;
    const { params, results } = signature;
    this.take(opener === "if" ? [...params, I32] : params);
    const index = types.indexOf(signature);
    this.emit(opener, ...(index === 0 ? [EMPTY] : index === 7 ? [I32] : leb(index)));
    const outer = this.stack;
    const outerDead = this.dead;
    const arm = () => {
      this.stack = [...params];
      this.dead = false;
      this.sequence(results);
    };
    this.labels.push({ types: opener === "loop" ? params : results, results });
    arm();
    if (opener === "if" && (r(2) === 0 || index !== 0)) {
      this.emit("else");
      arm();
    }
    this.labels.pop();
    this.emit("end");
    this.stack = outer;
    this.dead = outerDead;
    this.stack.push(...results);
  }

  /** Legacy `try`. */
  private guarded(): void {
    const { r, labels } = this;
    const index = r(2) === 0 ? 0 : 7;
    const { results } = types[index]!;
    this.emit("try", index === 0 ? EMPTY : I32);
    const outer = this.stack;
    const outerDead = this.dead;
    const part = (params: readonly Type[], caught: boolean) => {
      this.stack = [...params];
      this.dead = false;
      labels.push({ types: results, results, caught });
      this.sequence(results);
      labels.pop();
    };
    part([], false);
    if (r(5) === 0) this.emit("delegate", ...leb(r(labels.length)));
    else {
      const clauses = r(3);
      for (let n = 0; n < clauses; n++) {
        const tag = r(tags.length);
        this.emit("catch", tag);
        part(types[tags[tag]!]!.params, true);
      }
      if (clauses === 0 || r(2) === 0) {
        this.emit("catch_all");
        part([], true);
      }
      this.emit("end");
    }
    this.stack = outer;
    this.dead = outerDead;
    this.stack.push(...results);
  }

  private throw(): void {
    const caught = this.labels.flatMap(({ caught: is }, i) =>
      is === true ? [this.labels.length - 1 - i] : [],
    );
    if (caught.length > 0 && this.r(2) === 0)
      this.emit("rethrow", ...leb(caught[this.r(caught.length)]!));
    else {
      const tag = this.r(tags.length);
      this.take(types[tags[tag]!]!.params);
      this.emit("throw", tag);
    }
    this.stop();
  }

  private store(): void {
    const memory = this.r(this.memories.length);
    this.take([this.memories[memory]!, I64]);
    this.emit("i64.store", ...(memory === 0 ? [3] : [0x43, memory]), 8);
  }

  private step(): void {
    const { r } = this;
    this.budget--;
    const depth = r(this.labels.length);
    const label = this.labels[this.labels.length - 1 - depth]!;
    switch (r(25)) {
      case 0:
      case 1:
        return this.value(r(2) === 0 ? I32 : I64);
      case 2:
      case 3: {
        const type = r(2) === 0 ? I32 : I64;
        this.take([type]);
        return this.emit("local.set", ...leb(this.localOf(type)));
      }
      case 4: {
        this.take([I32]);
        this.emit("local.tee", ...leb(this.localOf(I32)));
        this.stack.push(I32);
        return;
      }
      case 5:
        this.take([I32, I32]);
        this.emit(r(2) === 0 ? "i32.add" : "i32.lt_s");
        this.stack.push(I32);
        return;
      case 6:
        this.take([r(2) === 0 ? I32 : I64]);
        return this.emit("drop");
      case 7:
        return this.emit("nop");
      case 8:
        return this.memories.length > 0 ? this.store() : undefined;
      case 9:
      case 10:
      case 11:
      case 12: {
        // The runtime is called rarely: a function that does is seldom instrumented.
        let callee = r(this.functions.length);
        if (this.runtime.has(callee) && r(12) > 0) callee = 0;
        const { params, results } = types[this.functions[callee]!]!;
        this.take(params);
        this.emit("call", ...leb(callee));
        this.stack.push(...results);
        return;
      }
      case 13: {
        const type = r(types.length);
        const { params, results } = types[type]!;
        this.take([...params, I32]);
        this.emit("call_indirect", ...leb(type), 0);
        this.stack.push(...results);
        return;
      }
      case 14:
      case 15:
        return this.nested("block");
      case 16:
        return this.nested("loop");
      case 17:
        return this.nested("if");
      case 18:
        this.take([...label.types, I32]);
        this.emit("br_if", ...leb(depth));
        this.stack.push(...label.types);
        return;
      case 19: {
        if (r(2) === 0) {
          this.take([...label.types, I32]);
          const same = this.labels.flatMap((l, i) =>
            String(l.types) === String(label.types) ? [this.labels.length - 1 - i] : [],
          );
          const targets = Array.from({ length: r(4) }, () => leb(same[r(same.length)]!));
          this.emit("br_table", ...vec(...targets), ...leb(depth));
        } else {
          this.take(label.types);
          this.emit("br", ...leb(depth));
        }
        return this.stop();
      }
      case 20:
        return this.guarded();
      case 21:
        return r(3) === 0 ? this.throw() : this.guarded();
      case 22:
        if (r(2) === 0) return;
        this.take(this.labels[0]!.results);
        this.emit("return");
        return this.stop();
      default:
        if (r(3) > 0) return;
        this.emit("unreachable");
        return this.stop();
    }
  }
}

function signed(n: number): number[] {
  return n < 0x40 ? [n] : [(n & 0x7f) | 0x80, ...signed(n >>> 7)];
}
