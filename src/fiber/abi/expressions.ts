// 32-bit expressions in a canonical form, so that two spellings of one value are one
// text: `local.get 4; i32.const 16; i32.sub; i32.load offset=12` and
// `i32.load (i32.sub sp 4)` both read `[sp-4]`. (They differ where an address wraps
// around, in the lowest bytes of memory only, where no stack ends.)

/** `base + offset` modulo 2^32; a constant where the base is empty. */
export interface Expression {
  readonly base: string;
  readonly offset: number;
  /** Of comparisons: what holds where the value is 1, or 0 if it is negated. */
  readonly condition?: Condition;
}
export interface Condition {
  readonly atom: string;
  readonly negated: boolean;
}

export const constant = (value: number): Expression => ({ base: "", offset: value | 0 });
export const symbol = (base: string): Expression => ({ base, offset: 0 });

export function textOf({ base, offset }: Expression): string {
  if (base === "") return String(offset);
  return offset === 0 ? base : `${base}${offset > 0 ? "+" : ""}${offset}`;
}

export function add(a: Expression, b: Expression): Expression {
  const offset = (a.offset + b.offset) | 0;
  if (a.base !== "" && b.base !== "") {
    const terms = [a.base, b.base].toSorted();
    return { base: `(${terms.join("+")})`, offset };
  }
  return { base: a.base + b.base, offset };
}

export const plus = (a: Expression, k: number): Expression => add(a, constant(k));

export const subtract = (a: Expression, b: Expression): Expression =>
  b.base === "" ? plus(a, -b.offset) : symbol(`(${textOf(a)}-${textOf(b)})`);

const decided = (holds: boolean): Expression => constant(holds ? 1 : 0);
const comparison = (atom: string, negated: boolean): Expression => ({
  base: negated ? `!(${atom})` : `(${atom})`,
  offset: 0,
  condition: { atom, negated },
});

export const not = (e: Expression): Expression =>
  e.condition === undefined
    ? equal(e, constant(0))
    : comparison(e.condition.atom, !e.condition.negated);

export function equal(a: Expression, b: Expression): Expression {
  if (a.base === b.base) return decided(a.offset === b.offset);
  const [x, y] = b.base === "" || (a.base !== "" && a.base < b.base) ? [a, b] : [b, a];
  if (x.condition !== undefined && textOf(y) === "0") return not(x);
  return comparison(`${x.base}==${textOf(plus(y, -x.offset))}`, false);
}

export const lessUnsigned = (a: Expression, b: Expression): Expression =>
  a.base === "" && b.base === ""
    ? decided(a.offset >>> 0 < b.offset >>> 0)
    : comparison(`${textOf(a)}<${textOf(b)}`, false);

/** What `if` asks of a value: true, false, or a condition that nobody knows. */
export function truthOf(e: Expression): boolean | Condition {
  if (e.base === "") return e.offset !== 0;
  return e.condition ?? not(not(e)).condition!;
}
