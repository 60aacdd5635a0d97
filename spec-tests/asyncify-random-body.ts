// Bodies of random functions that run and end: every call and every iteration uses up
// fuel, a global. Values of all four types stay on the stack under calls, constants
// among them. There is no dead code, which Binaryen's reader takes apart differently,
// and no NaN, whose bits engines may choose.

import type { Random } from "../src/fiber/asyncify/analyze-random.testing.js";
import { EMPTY, F32, I32, I64, type Item, leb } from "../src/valid/testing.js";
import { DATA, encodeType, floats, operations, same, type Signature, sleb, type Surroundings, type Type, typeNames, TYPES } from "./asyncify-random-types.js"; // prettier-ignore

export interface Label {
  /** What a branch to it takes. */
  readonly types: readonly Type[];
  readonly loop: boolean;
  /** A legacy `catch`: what it caught can be thrown again. */
  readonly caught?: boolean;
  /** Where what is thrown is caught: the body of a `try`. */
  readonly guard?: boolean;
}

export class Body {
  private readonly out: Item[] = [];
  protected readonly labels: Label[];
  /** Operands of the innermost block. */
  protected stack: Type[] = [];
  /** Inside of a `catch`, where Binaryen instruments no call: none that may unwind is made. */
  private calm = false;
  /** The local that holds the caller's `__stack_pointer`. */
  protected readonly saved: number | null;

  constructor(
    protected readonly r: Random,
    protected readonly locals: readonly Type[],
    protected readonly around: Surroundings,
    private readonly results: readonly Type[],
    protected budget: number,
    frame: boolean,
  ) {
    this.labels = [{ types: results, loop: false }];
    this.saved = frame && around.stackPointer !== null ? locals.length : null;
  }

  /** The code, but for the locals: once. */
  write(): Item[] {
    const { around, results } = this;
    this.emit("global.get", around.fuel, "i32.const", 1, "i32.lt_s", "if", EMPTY);
    for (const type of results) this.constant(type);
    this.stack = [];
    this.emit("return", "end");
    this.burn();
    if (this.saved !== null) {
      const sp = around.stackPointer!;
      this.emit("global.get", sp, "local.tee", ...leb(this.saved), "i32.const", 16, "i32.sub");
      this.emit("global.set", sp);
    }
    this.sequence(results, 4);
    this.last();
    this.leave();
    this.emit("end");
    return this.out;
  }

  protected emit(...items: Item[]): void {
    this.out.push(...items);
  }
  protected pick<T>(list: readonly T[]): T {
    return list[this.r(list.length)]!;
  }
  private burn(): void {
    const { fuel } = this.around;
    this.emit("global.get", fuel, "i32.const", 1, "i32.sub", "global.set", fuel);
  }
  /** Puts the stack pointer back, under the results. */
  protected leave(): void {
    if (this.saved !== null)
      this.emit("local.get", ...leb(this.saved), "global.set", this.around.stackPointer!);
  }

  protected constant(type: Type): void {
    const { r } = this;
    if (type === I32 || type === I64)
      this.emit(type === I32 ? "i32.const" : "i64.const", ...sleb(r(3) > 0 ? r(64) : r(4000) - 2000)); // prettier-ignore
    else {
      const bytes = new DataView(new ArrayBuffer(8));
      if (type === F32) bytes.setFloat32(0, this.pick(floats), true);
      else bytes.setFloat64(0, this.pick(floats), true);
      const size = type === F32 ? 4 : 8;
      this.emit(type === F32 ? "f32.const" : "f64.const", ...new Uint8Array(bytes.buffer, 0, size));
    }
    this.stack.push(type);
  }
  protected localOf(type: Type): number[] {
    return leb(this.pick(this.locals.flatMap((t, i) => (t === type ? [i] : []))));
  }

  protected value(type: Type): void {
    const choice = this.r(10);
    if (choice < 2) return this.constant(type);
    if (choice < 8) this.emit("local.get", ...this.localOf(type));
    else if (choice < 9) this.emit("global.get", this.around.globals.get(type)!);
    else {
      this.address();
      this.stack.pop();
      this.emit(`${typeNames.get(type)!}.load`, 0, ...leb(DATA));
    }
    this.stack.push(type);
  }
  private address(): void {
    this.value(I32);
    this.emit("i32.const", ...sleb(0x7f8), "i32.and");
    if (this.around.wide) this.emit("i64.extend_i32_u");
  }

  /** Puts operands of these types on top, of those there as many as fit, and takes them. */
  protected take(wanted: readonly Type[]): void {
    const { stack } = this;
    let have = wanted.length;
    const fits = () => wanted.slice(0, have).every((t, i) => stack[stack.length - have + i] === t);
    while (have > 0 && (have > stack.length || !fits() || this.r(8) === 0)) have--;
    for (const type of wanted.slice(have)) this.value(type);
    stack.length -= wanted.length;
  }
  protected apply(params: readonly Type[], results: readonly Type[], ...items: Item[]): void {
    this.take(params);
    this.emit(...items);
    this.stack.push(...results);
  }

  protected sequence(results: readonly Type[], least = 1): void {
    for (let n = least + this.r(8); n > 0 && this.budget > 0; n--) this.step();
    const { stack } = this;
    if (stack.length === results.length && results.every((t, i) => stack[i] === t)) return;
    while (stack.length > 0) {
      const type = stack.pop()!;
      if (this.r(4) === 0) this.emit("drop");
      else this.emit("local.set", ...this.localOf(type));
    }
    for (const type of results) this.value(type);
  }
  /** Code with a stack of its own that starts with `params`. */
  protected within(params: readonly Type[], write: () => void): void {
    const outer = this.stack;
    this.stack = [...params];
    write();
    this.stack = outer;
  }
  protected blockType({ params, results }: Signature): number[] {
    if (params.length === 0 && results.length < 2)
      return results.length === 0 ? [EMPTY] : encodeType(results[0]!, this.around.lowered);
    return leb(this.around.types.findIndex((t) => same(t.params, params) && same(t.results, results))); // prettier-ignore
  }

  private nested(opener: "block" | "if"): void {
    const none = this.r(2) === 0;
    const type = none ? { params: [], results: [] } : this.pick(this.around.types);
    this.take(opener === "if" ? [...type.params, I32] : type.params);
    this.emit(opener, ...this.blockType(type));
    this.labels.push({ types: type.results, loop: false });
    this.within(type.params, () => this.sequence(type.results));
    if (opener === "if" && (!none || this.r(2) === 0)) {
      this.emit("else");
      this.within(type.params, () => this.sequence(type.results));
    }
    this.labels.pop();
    this.emit("end");
    this.stack.push(...type.results);
  }

  private loop(): void {
    const types = this.r(2) === 0 ? [] : [I32 as Type];
    this.take(types);
    this.emit("loop", ...this.blockType({ params: types, results: types }));
    this.labels.push({ types, loop: true });
    this.within(types, () => {
      this.sequence(types);
      this.again(0);
    });
    this.labels.pop();
    this.emit("end");
    this.stack.push(...types);
  }
  /** Goes back to the start of a loop, sometimes, while there is fuel. */
  private again(depth: number): void {
    const { fuel } = this.around;
    this.burn();
    this.emit("global.get", fuel, "i32.const", 0, "i32.gt_s");
    this.value(I32);
    this.stack.pop();
    this.emit("i32.const", 3, "i32.and", "i32.eqz", "i32.eqz", "i32.and", "br_if", ...leb(depth));
  }

  private branch(): void {
    const depth = this.r(this.labels.length);
    const { types, loop } = this.labels[this.labels.length - 1 - depth]!;
    if (loop) {
      // What is on the stack may be the loop's operand, and is it again behind the branch.
      this.take(types);
      this.again(depth);
    } else if (this.r(2) === 0 && depth < this.labels.length - 1) {
      this.take([...types, I32]);
      this.emit("br_if", ...leb(depth));
    } else {
      this.take([I32]);
      this.emit("if", EMPTY);
      this.within([], () => {
        for (const type of types) this.value(type);
        if (depth === this.labels.length - 1) this.leave();
        this.emit(...(depth === this.labels.length - 1 ? ["return" as const] : ["br" as const, ...leb(depth + 1)])); // prettier-ignore
      });
      this.emit("end");
      return;
    }
    this.stack.push(...types);
  }

  /** `switch`: blocks in each other, each of them with what stands behind its end. */
  private table(): void {
    const types = this.r(2) === 0 ? [] : [this.pick(TYPES)];
    const count = 1 + this.r(3);
    for (let i = 0; i < count; i++) {
      this.emit("block", ...this.blockType({ params: [], results: types }));
      this.labels.push({ types, loop: false });
    }
    this.within([], () => {
      this.take([...types, I32]);
      const targets = Array.from({ length: this.r(4) }, () => leb(this.r(count)));
      this.emit("br_table", ...leb(targets.length), ...targets.flat(), 0);
    });
    for (let i = 0; i < count; i++) {
      this.labels.pop();
      this.emit("end");
      this.within(types, () => this.sequence(types));
    }
    this.stack.push(...types);
  }

  /** What stands behind it all. */
  protected last(): void {}
  /** Whether calls in a `catch` may unwind. */
  protected get sleepsInCatch(): boolean {
    return false;
  }
  /** What a handler begins with. */
  protected landed(): void {}
  /** Legacy `try`, with a `catch`, a `catch_all` or both. */
  private guarded(): void {
    const none = this.r(2) === 0;
    const type = none ? { params: [], results: [] } : this.pick(this.around.types);
    this.take(type.params);
    this.emit("try", ...this.blockType(type));
    const part = (params: readonly Type[], caught: boolean) => {
      const { calm } = this;
      this.calm ||= caught && !this.sleepsInCatch;
      this.labels.push({ types: type.results, loop: false, caught, guard: !caught });
      this.within(params, () => {
        if (caught) this.landed();
        this.sequence(type.results);
      });
      this.labels.pop();
      this.calm = calm;
    };
    part(type.params, false);
    const all = this.r(3);
    if (all < 2) {
      this.emit("catch", 0);
      part([I32], true);
    }
    if (all > 0) {
      this.emit("catch_all");
      part([], true);
    }
    this.emit("end");
    this.stack.push(...type.results);
  }

  /** Throws, sometimes, or throws again what was caught. */
  private throw(): void {
    const caught = this.labels.flatMap(({ caught: is }, i) =>
      is === true ? [this.labels.length - i] : [],
    );
    this.take([I32]);
    this.emit("i32.const", 3, "i32.and", "i32.eqz", "if", EMPTY);
    this.within([], () => {
      if (caught.length > 0 && this.r(2) === 0) this.emit("rethrow", ...leb(this.pick(caught)));
      else {
        this.value(I32);
        this.emit("throw", 0);
      }
    });
    this.emit("end");
  }

  protected call(): void {
    const { callable, slots, types, calm: logs } = this.around;
    if (this.calm) {
      const [index, { params, results }] = this.pick(logs);
      return this.apply(params, results, "call", ...leb(index));
    }
    if (this.r(3) > 0 || slots.size === 0) {
      const [index, { params, results }] = this.pick(callable);
      return this.apply(params, results, "call", ...leb(index));
    }
    const [type, slot] = this.pick([...slots]);
    const { params, results } = types[type]!;
    if (this.r(3) === 0) {
      this.take(params);
      this.emit("i32.const", ...sleb(slot + this.r(2)));
    } else {
      this.take([...params, I32]);
      this.emit("i32.const", 1, "i32.and", "i32.const", ...sleb(slot), "i32.add");
    }
    this.emit("call_indirect", ...leb(type), 0);
    this.stack.push(...results);
  }

  protected step(): void {
    const { r } = this;
    this.budget--;
    const type = this.pick(TYPES);
    const name = typeNames.get(type)!;
    if (this.around.exceptions && r(9) === 0) return this.guarded();
    if (this.around.exceptions && r(this.labels.length > 1 ? 15 : 80) === 0) return this.throw();
    switch (r(20)) {
      case 0:
      case 1:
        return this.value(type);
      case 2:
        return this.apply([type], [], "local.set", ...this.localOf(type));
      case 3:
        return this.apply([type], [type], "local.tee", ...this.localOf(type));
      case 4:
        return this.apply([type], [], "global.set", this.around.globals.get(type)!);
      case 5:
      case 6:
      case 7: {
        const [mnemonic, params, result] = this.pick(operations);
        return this.apply(params, [result], mnemonic);
      }
      case 8:
        return this.apply([type, type, I32], [type], "select");
      case 9:
        this.address();
        this.value(type);
        this.stack.length -= 2;
        return this.emit(`${name}.store`, 0, ...leb(DATA));
      case 10:
        return this.r(3) === 0 ? this.nested("block") : this.branch();
      case 11:
        return this.nested(r(2) === 0 ? "block" : "if");
      case 12:
        return this.loop();
      case 13:
        return this.table();
      case 14:
        // The only traps.
        return r(12) > 0 ? this.branch() : this.apply([I32, I32], [I32], "i32.div_s");
      default:
        return this.call();
    }
  }
}
