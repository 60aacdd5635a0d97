// Bodies of random functions with what Binaryen's pass refuses or overlooks: tail calls,
// `try_table`, references, `call_ref`, calls in a legacy `catch`. Each of these is also written
// without it, where there is a way that Binaryen knows: a reference is a number, null is zero;
// a tail call is a call, then a return; `try_table` is a legacy `try` whose handlers branch.

import { EMPTY, I32, type Item, leb } from "../src/valid/testing.js";
import type { Random } from "../src/fiber/asyncify/analyze-random.testing.js";
import { Body } from "./asyncify-random-body.js";
import { CALLEE, encodeType, EXN, I31, isReference, nullOf, type Reference, REFERENCES, same, sleb, type Surroundings, type Type, TYPES } from "./asyncify-random-types.js"; // prettier-ignore

export interface ExtendedSurroundings extends Surroundings {
  readonly tryTable: boolean;
  /** The functions of type 1, which `CALLEE` can be, with a slot of the table for each. */
  readonly callees: ReadonlyMap<number, number>;
  /** Functions before it are imports. */
  readonly firstBody: number;
}

/** Locals of a body's own, behind the stack pointer's: of each of these one. */
export const scratch: readonly (readonly [count: 1, type: Type])[] = [I32 as Type, ...REFERENCES].map((type) => [1, type] as const); // prettier-ignore

/** A clause of `try_table`: of a tag, or of all; with the exception, or without. */
interface Clause {
  readonly tag: number | null;
  readonly withRef: boolean;
}
const clauses: readonly (readonly Clause[])[] = [
  [{ tag: 0, withRef: false }],
  [{ tag: 0, withRef: true }],
  [{ tag: null, withRef: false }],
  [{ tag: null, withRef: true }],
  [{ tag: 1, withRef: false }, { tag: null, withRef: true }], // prettier-ignore
  [{ tag: 0, withRef: true }, { tag: 1, withRef: true }, { tag: null, withRef: false }], // prettier-ignore
];

export class ExtendedBody extends Body {
  /** Whether what stands for the extensions does the same. */
  lowerable = true;

  constructor(
    r: Random,
    locals: readonly Type[],
    protected override readonly around: ExtendedSurroundings,
    results: readonly Type[],
    budget: number,
    frame: boolean,
  ) {
    super(r, locals, around, results, budget, frame);
  }

  protected override get sleepsInCatch(): boolean {
    return true;
  }
  protected override landed(): void {
    if (this.saved === null) return;
    this.emit("local.get", ...leb(this.saved), "i32.const", 16, "i32.sub");
    this.emit("global.set", this.around.stackPointer!);
  }

  /** Often a tail call: it is reached more surely than those on the way. */
  protected override last(): void {
    if (this.r(3) === 0) return;
    this.within([], () => {
      this.tailCall();
      this.stack.forEach(() => this.emit("drop"));
    });
  }

  private either(extended: readonly Item[], lowered: readonly Item[]): void {
    this.emit(...(this.around.lowered ? lowered : extended));
  }
  private scratch(type: Type): number[] {
    return leb(this.locals.length + 1 + scratch.findIndex(([, t]) => t === type));
  }
  /** What tells whether the reference on top is null. */
  private isNull(type: Reference): Item[] {
    return this.around.lowered ? [type === EXN ? "i64.eqz" : "i32.eqz"] : ["ref.is_null"];
  }

  protected override constant(type: Type): void {
    if (!isReference(type)) return super.constant(type);
    this.emit(...nullOf(type, this.around.lowered));
    this.stack.push(type);
  }
  protected override value(type: Type): void {
    if (!isReference(type)) return super.value(type);
    const choice = this.r(10);
    if (choice === 0) return this.constant(type);
    if (choice < 6) this.emit("local.get", ...this.localOf(type));
    else if (type === CALLEE && this.around.callees.size > 0) {
      const [index, slot] = this.callee();
      this.either(["ref.func", ...leb(index)], ["i32.const", ...sleb(slot + 1)]);
    } else if (type === I31) {
      const n = this.r(60);
      this.either(["i32.const", n, "ref.i31"], ["i32.const", ...sleb(n + 1)]);
    } else this.emit("global.get", this.around.globals.get(type)!);
    this.stack.push(type);
  }
  private callee(): readonly [index: number, slot: number] {
    return this.pick([...this.around.callees]);
  }

  protected override call(): void {
    // Binaryen instruments no calls in a `catch`, and they cannot be taken out of it.
    if (this.labels.some(({ caught }) => caught)) this.lowerable = false;
    super.call();
  }

  protected override step(): void {
    const { r } = this;
    if (r(5) < 3) return super.step();
    this.budget--;
    const type = this.pick(REFERENCES);
    const { lowered, globals, tryTable, exceptions } = this.around;
    switch (r(tryTable ? 18 : exceptions ? 16 : 14)) {
      case 0:
        return this.value(type);
      case 1:
        return this.apply([type], [], "local.set", ...this.localOf(type));
      case 2:
        return this.apply([type], [type], "local.tee", ...this.localOf(type));
      case 3:
        return this.apply([type], [], "global.set", globals.get(type)!);
      case 4:
        return this.apply([type, type, I32], [type], ...(lowered ? (["select"] as const) : ["select t" as const, 1, ...encodeType(type, false)])); // prettier-ignore
      case 5:
        return this.apply([type], [I32], ...this.isNull(type));
      case 6:
        return this.i31();
      case 7:
        return this.branchOnNull(type, r(2) === 0);
      case 8:
      case 9:
      case 10:
        return this.tailCall();
      case 11:
      case 12:
      case 13:
        return this.callRef();
      case 14:
      case 15:
        return tryTable && r(2) === 0 ? this.tryTable() : this.throwAny();
      default:
        return this.tryTable();
    }
  }

  private i31(): void {
    switch (this.r(3)) {
      case 0:
        this.take([I32]);
        this.either(["ref.i31"], ["i32.const", ...sleb(0x7fffffff), "i32.and", "i32.const", 1, "i32.add"]); // prettier-ignore
        this.stack.push(I31);
        return;
      case 1:
        this.take([I31, I31]);
        this.either(["ref.eq"], ["i32.eq"]);
        break;
      default: {
        this.take([I31]);
        const kept = this.scratch(I31);
        this.emit("local.tee", ...kept, ...this.isNull(I31), "if", I32, "i32.const", 9, "else");
        this.emit("local.get", ...kept);
        this.either(["i31.get_u"], ["i32.const", 1, "i32.sub"]);
        this.emit("end");
      }
    }
    this.stack.push(I32);
  }

  private branchOnNull(type: Reference, whenNull: boolean): void {
    const { labels } = this;
    const targets = labels.flatMap(({ loop, types }, i) =>
      !loop && i > 0 && (whenNull || types.at(-1) === type) ? [i] : [],
    );
    if (targets.length === 0) return this.apply([type], [I32], ...this.isNull(type));
    const target = this.pick(targets);
    const { types } = labels[target]!;
    const depth = leb(labels.length - 1 - target);
    const kept = this.scratch(type);
    this.take(whenNull ? [...types, type] : types);
    const test: Item[] = ["local.tee", ...kept];
    if (whenNull) {
      test.push(...this.isNull(type), "br_if", ...depth, "local.get", ...kept);
      this.either(["br_on_null", ...depth], test);
      this.stack.push(...types, type);
    } else {
      test.push("local.get", ...kept, ...this.isNull(type), "i32.eqz", "br_if", ...depth, "drop");
      this.either(["br_on_non_null", ...depth], test);
      this.stack.push(...types.slice(0, -1));
    }
  }

  /** Ends the function, sometimes, with what another one returns. */
  private tailCall(): void {
    const { callable, slots, types } = this.around;
    const { types: results } = this.labels[0]!;
    const direct = callable.filter(([, type]) => same(type.results, results));
    const indirect = [...slots].filter(([type]) => same(types[type]!.results, results));
    const byRef = same(results, types[1]!.results) && this.around.callees.size > 0;
    const ways = [
      ...(direct.length > 0 ? ["direct", "direct"] : []),
      ...(indirect.length > 0 ? ["indirect"] : []),
      ...(byRef ? ["ref"] : []),
    ];
    if (ways.length === 0) return this.callRef();
    // A call in a `try` throws into it, a tail call does not.
    if (this.labels.some(({ guard }) => guard)) this.lowerable = false;
    if (this.labels.some(({ caught }) => caught)) this.lowerable = false;
    this.take([I32]);
    this.emit("i32.const", 1, "i32.and", "i32.eqz", "if", EMPTY);
    const inside = direct.filter(([index]) => index >= this.around.firstBody);
    this.within([], () => {
      switch (this.pick(ways)) {
        case "direct": {
          const [index, { params }] = this.pick(
            inside.length > 0 && this.r(4) > 0 ? inside : direct,
          );
          for (const type of params) this.value(type);
          this.leave();
          this.either(["return_call", ...leb(index)], ["call", ...leb(index), "return"]);
          return;
        }
        case "indirect": {
          const [type, slot] = this.pick(indirect);
          for (const param of types[type]!.params) this.value(param);
          this.emit("i32.const", ...sleb(slot + this.r(2)));
          this.leave();
          this.either(["return_call_indirect", ...leb(type), 0], ["call_indirect", ...leb(type), 0, "return"]); // prettier-ignore
          return;
        }
        default: {
          this.value(I32);
          this.leave();
          const [index, slot] = this.callee();
          this.either(["ref.func", ...leb(index), "return_call_ref", 1], ["i32.const", ...sleb(slot), "call_indirect", 1, 0, "return"]); // prettier-ignore
        }
      }
    });
    this.emit("end");
  }

  private callRef(): void {
    if (this.labels.some(({ caught }) => caught)) this.lowerable = false;
    if (this.around.callees.size === 0) return this.call();
    if (this.r(2) === 0) {
      const [index, slot] = this.callee();
      this.take([I32]);
      this.either(["ref.func", ...leb(index), "call_ref", 1], ["i32.const", ...sleb(slot), "call_indirect", 1, 0]); // prettier-ignore
    } else {
      const kept = this.scratch(CALLEE);
      this.take([I32, CALLEE]);
      this.emit(
        "local.tee",
        ...kept,
        ...this.isNull(CALLEE),
        "if",
        1,
        "else",
        "local.get",
        ...kept,
      );
      this.either(["call_ref", 1], ["i32.const", 1, "i32.sub", "call_indirect", 1, 0]);
      this.emit("end");
    }
    this.stack.push(I32);
  }

  /** Throws either tag, sometimes, or an exception that was caught and kept, or is still around. */
  private throwAny(): void {
    const caught = this.labels.flatMap((label, i) =>
      label.caught === true ? [this.labels.length - i] : [],
    );
    this.take([I32]);
    this.emit("i32.const", 3, "i32.and", "i32.eqz", "if", EMPTY);
    this.within([], () => {
      if (caught.length > 0 && this.r(3) > 0) {
        this.emit("rethrow", ...leb(this.pick(caught)));
        return;
      }
      const tag = this.r(3);
      if (tag < 2) {
        this.value(I32);
        this.emit("throw", tag);
        return;
      }
      const kept = this.scratch(EXN);
      this.value(EXN);
      this.emit("local.tee", ...kept, ...this.isNull(EXN), "i32.eqz", "if", EMPTY);
      this.emit("local.get", ...kept);
      const payload: Item[] = ["local.get", ...kept, "i32.wrap_i64"];
      this.either(
        ["throw_ref"],
        ["i64.const", 33, "i64.shr_u", "i32.wrap_i64", "if", EMPTY, ...payload, "throw", 1, "end", ...payload, "throw", 0], // prettier-ignore
      );
      this.emit("end");
    });
    this.emit("end");
  }

  /** Blocks in each other, one for each handler, which stands behind its end. */
  private tryTable(): void {
    const r = this.r(4);
    const results: readonly Type[] = r === 0 ? [] : [this.pick(r === 1 ? TYPES : REFERENCES)];
    const list = this.pick(clauses);
    const handlers = list.map(({ tag, withRef }): Type[] => [...(tag === null ? [] : [I32 as Type]), ...(withRef ? [EXN as Type] : [])]); // prettier-ignore
    const open = (opener: "block" | "try", types: readonly Type[]): void =>
      this.emit(opener, ...this.blockType({ params: [], results: types }));
    const enter = (types: readonly Type[], guard = false): void =>
      void this.labels.push({ types, loop: false, guard });
    for (const types of [results, ...handlers.toReversed()]) {
      open("block", types);
      enter(types);
    }
    if (this.around.lowered) open("try", results);
    else {
      this.emit("try_table", ...this.blockType({ params: [], results }), ...leb(list.length));
      list.forEach(({ tag, withRef }, i) => {
        const kind = (tag === null ? 2 : 0) + (withRef ? 1 : 0);
        this.emit(kind, ...(tag === null ? [] : [tag]), i);
      });
    }
    enter(results, true);
    this.within([], () => this.sequence(results));
    this.labels.pop();
    if (this.around.lowered) list.forEach((clause, i) => this.lowerClause(clause, i + 1));
    this.emit("end", "br", list.length);
    handlers.forEach((types, i) => {
      this.labels.pop();
      this.emit("end");
      this.within(types, () => {
        this.landed();
        this.sequence(results);
      });
      if (i < list.length - 1) this.emit("br", list.length - 1 - i);
    });
    this.labels.pop();
    this.emit("end");
    this.stack.push(...results);
  }

  private lowerClause({ tag, withRef }: Clause, depth: number): void {
    if (tag === null && !withRef) return this.emit("catch_all", "br", depth);
    const kept = this.scratch(I32);
    for (const caught of tag === null ? [0, 1] : [tag]) {
      this.emit("catch", caught);
      if (withRef) {
        this.emit("local.set", ...kept);
        if (tag !== null) this.emit("local.get", ...kept);
        this.emit("local.get", ...kept, "i64.extend_i32_u", "i64.const", 1 + caught);
        this.emit("i64.const", 32, "i64.shl", "i64.or");
      }
      this.emit("br", depth);
    }
  }
}
