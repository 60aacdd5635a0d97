// What the instructions that cannot trap and touch nothing but their operands are in
// JavaScript. An operand is evaluated once, in order; every text is a literal, a name, a
// property, or stands in parentheses.
//
// 64-bit integers are BigInts within +-2^63, wrapped by `asIntN` after every operator: so
// V8 computes them in machine words. What it does not (variable shifts, counts) works on
// the two halves of the operand's slot.
// Step_pure/unop-val, binop-{val,trap}, testop, relop, cvtop-{val,trap}

import type { Mnemonic } from "../syntax/opcodes.js";
import type { Kind } from "./nodes.js";
import { double, type Made, type Operand, type OperandStack, word } from "./operands.js";

type Unary = (a: Operand) => Made;
type Binary = (a: Operand, b: Operand) => Made;

const made = (text: string): Made => ({ text });
const truth = (condition: string): Made => ({
  text: `(${condition} ? 1 : 0)`,
  truth: `(${condition})`,
});
export const conditionOf = (o: Operand): string => o.truth ?? `${o.text} !== 0`;
/** The wrapped value of a BigInt expression. */
export const wrapped = (text: string): string => `asIntN(64, ${text})`;
/** Numbers whose order is that of the unsigned ones; V8 boxes what `asUintN` gives to a comparison. */
const MIN = -0x8000000000000000n;
const ordered = (o: Operand): string =>
  o.form === "const"
    ? `${BigInt.asIntN(64, longOf(o.of![0]!, o.of![1]!) ^ MIN)}n`
    : wrapped(`${o.text} ^ ${MIN}n`);
const fromInt = (text: string): Made => ({ text: wrapped(`BigInt(${text})`) });

const int =
  (op: string): Binary =>
  (a, b) =>
    made(`(${a.text} ${op} ${b.text} | 0)`);
const bits =
  (op: string): Binary =>
  (a, b) =>
    made(`(${a.text} ${op} ${b.text})`);
const compare =
  (op: string): Binary =>
  (a, b) =>
    truth(`${a.text} ${op} ${b.text}`);
const compareU =
  (op: string): Binary =>
  (a, b) =>
    truth(`${a.text} >>> 0 ${op} ${b.text} >>> 0`);
const compareLong =
  (op: string): Binary =>
  (a, b) =>
    truth(`${ordered(a)} ${op} ${ordered(b)}`);
const longOp =
  (op: string): Binary =>
  (a, b) =>
    made(wrapped(`${a.text} ${op} ${b.text}`));
const double2 =
  (op: string): Binary =>
  (a, b) =>
    made(`(${a.text} ${op} ${b.text})`);
const float2 =
  (op: string): Binary =>
  (a, b) =>
    made(`fround(${a.text} ${op} ${b.text})`);
const call1 =
  (name: string): Unary =>
  (a) =>
    made(`${name}(${a.text})`);
const call2 =
  (name: string): Binary =>
  (a, b) =>
    made(`${name}(${a.text}, ${b.text})`);
const float1 =
  (name: string): Unary =>
  (a) =>
    made(`fround(${name}(${a.text}))`);

const unary: Partial<Record<Mnemonic, Unary>> = {
  "i32.eqz": (a) => truth(a.truth === undefined ? `${a.text} === 0` : `!${a.truth}`),
  "i32.clz": call1("clz32"),
  "i32.ctz": call1("ctz32"),
  "i32.popcnt": call1("popcnt32"),
  "i32.extend8_s": (a) => made(`(${a.text} << 24 >> 24)`),
  "i32.extend16_s": (a) => made(`(${a.text} << 16 >> 16)`),
  "i64.eqz": (a) => truth(`${a.text} === 0n`),
  "i64.extend_i32_s": (a) => ({ ...fromInt(a.text), narrow: a.text }),
  "i64.extend_i32_u": (a) => ({ ...fromInt(`(${a.text} >>> 0)`), narrow: a.text }),
  "f64.abs": call1("abs"),
  "f64.neg": call1("neg64"),
  "f64.ceil": call1("ceil64"),
  "f64.floor": call1("floor64"),
  "f64.trunc": call1("trunc64"),
  "f64.nearest": call1("nearest64"),
  "f64.sqrt": call1("sqrt"),
  "f64.convert_i32_s": (a) => made(a.text),
  "f64.convert_i32_u": (a) => made(`(${a.text} >>> 0)`),
  "f64.promote_f32": (a) => made(a.text),
  "f32.ceil": float1("ceil"),
  "f32.floor": float1("floor"),
  "f32.trunc": float1("trunc"),
  "f32.nearest": float1("nearest"),
  "f32.sqrt": float1("sqrt"),
  "f32.convert_i32_s": call1("fround"),
  "f32.convert_i32_u": (a) => made(`fround(${a.text} >>> 0)`),
  "f32.demote_f64": call1("demote64"),
};

const binary: Partial<Record<Mnemonic, Binary>> = {
  "i32.eq": compare("==="),
  "i32.ne": compare("!=="),
  "i32.lt_s": compare("<"),
  "i32.gt_s": compare(">"),
  "i32.le_s": compare("<="),
  "i32.ge_s": compare(">="),
  "i32.lt_u": compareU("<"),
  "i32.gt_u": compareU(">"),
  "i32.le_u": compareU("<="),
  "i32.ge_u": compareU(">="),
  "i32.add": int("+"),
  "i32.sub": int("-"),
  "i32.mul": call2("imul"),
  "i32.and": bits("&"),
  "i32.or": bits("|"),
  "i32.xor": bits("^"),
  "i32.shl": bits("<<"),
  "i32.shr_s": bits(">>"),
  "i32.shr_u": (a, b) => made(`(${a.text} >>> ${b.text} | 0)`),
  "i64.eq": compare("==="),
  "i64.ne": compare("!=="),
  "i64.lt_s": compare("<"),
  "i64.gt_s": compare(">"),
  "i64.le_s": compare("<="),
  "i64.ge_s": compare(">="),
  "i64.lt_u": compareLong("<"),
  "i64.gt_u": compareLong(">"),
  "i64.le_u": compareLong("<="),
  "i64.ge_u": compareLong(">="),
  "i64.add": longOp("+"),
  "i64.sub": longOp("-"),
  "i64.mul": longOp("*"),
  "i64.and": longOp("&"),
  "i64.or": longOp("|"),
  "i64.xor": longOp("^"),
  "f32.eq": compare("==="),
  "f32.ne": compare("!=="),
  "f32.lt": compare("<"),
  "f32.gt": compare(">"),
  "f32.le": compare("<="),
  "f32.ge": compare(">="),
  "f64.eq": compare("==="),
  "f64.ne": compare("!=="),
  "f64.lt": compare("<"),
  "f64.gt": compare(">"),
  "f64.le": compare("<="),
  "f64.ge": compare(">="),
  "f32.add": float2("+"),
  "f32.sub": float2("-"),
  "f32.mul": float2("*"),
  "f32.div": float2("/"),
  "f32.min": call2("min"),
  "f32.max": call2("max"),
  "f64.add": double2("+"),
  "f64.sub": double2("-"),
  "f64.mul": double2("*"),
  "f64.div": double2("/"),
  "f64.min": call2("min64"),
  "f64.max": call2("max64"),
  "f64.copysign": call2("copysign64"),
};

/** Of an i64 shift or rotation by a constant, from 1 to 63. */
const shifts: Partial<Record<Mnemonic, (a: string, n: number) => string>> = {
  "i64.shl": (a, n) => wrapped(`${a} << ${n}n`),
  "i64.shr_s": (a, n) => wrapped(`${a} >> ${n}n`),
  "i64.shr_u": (a, n) => wrapped(`asUintN(64, ${a}) >> ${n}n`),
  "i64.rotl": (a, n) => rotl(a, n),
  "i64.rotr": (a, n) => rotl(a, 64 - n),
};
const rotl = (a: string, n: number): string =>
  wrapped(`${wrapped(`${a} << ${n}n`)} | ${wrapped(`asUintN(64, ${a}) >> ${64 - n}n`)}`);

/** On the bits of the operand: quieter than arithmetic on NaNs. */
const floatBits: Partial<Record<Mnemonic, (a: string, b: string) => string>> = {
  "f32.abs": (a) => `${a} & 0x7fffffff`,
  "f32.neg": (a) => `${a} ^ 0x80000000`,
  "f32.copysign": (a, b) => `${a} & 0x7fffffff | ${b} & 0x80000000`,
};

/** Compiles an instruction without effect, if it is one. `emit` takes statements. */
export function operator(
  mnemonic: Mnemonic,
  stack: OperandStack,
  emit: (statement: string) => void,
  result: Kind,
): boolean {
  const one = unary[mnemonic];
  if (one !== undefined) {
    const a = stack.pop();
    stack.push(result, one(a), a);
    return true;
  }
  const two = binary[mnemonic];
  if (two !== undefined) {
    const b = stack.pop();
    const a = stack.pop();
    stack.push(result, two(a, b), a, b);
    return true;
  }
  const onBits = floatBits[mnemonic];
  if (onBits !== undefined) {
    settle(stack, mnemonic === "f32.copysign" ? 2 : 1);
    const b = mnemonic === "f32.copysign" ? stack.pop() : null;
    const a = stack.pop();
    const home = stack.pushHome("f");
    emit(`${home.bits} = ${onBits(a.bits!, b?.bits ?? "")};`);
    return true;
  }
  return shift(mnemonic, stack, emit) || halves(mnemonic, stack, emit);
}

/** Puts expressions among the top `n` operands into their homes. */
function settle(stack: OperandStack, n: number): void {
  for (let i = stack.height - n; i < stack.height; i++)
    if (stack.operands[i]!.form === "expr") stack.settle(i);
}

function shift(mnemonic: Mnemonic, stack: OperandStack, emit: (s: string) => void): boolean {
  const byConstant = shifts[mnemonic];
  if (byConstant !== undefined) {
    const count = stack.peek();
    if (count.form === "const") {
      stack.pop();
      const n = count.of![0]! & 63;
      if (n === 0) return true;
      const twice = mnemonic === "i64.rotl" || mnemonic === "i64.rotr";
      if (twice) settle(stack, 1);
      const a = stack.pop();
      stack.push("l", { text: byConstant(a.text, n) }, a);
      return true;
    }
    const n = stack.pop();
    const low = n.narrow ?? lowOf(n, stack, emit);
    stack.settle(stack.height - 1);
    const a = stack.pop();
    const home = stack.pushHome("l");
    emit(`${mnemonic.slice(4)}64(p + ${home.slot}, p + ${a.slot}, ${low});`);
    return true;
  }
  if (mnemonic !== "i32.rotl" && mnemonic !== "i32.rotr") return false;
  settle(stack, 2);
  const n = stack.pop();
  const a = stack.pop();
  const [left, right] = mnemonic === "i32.rotl" ? ["<<", ">>>"] : [">>>", "<<"];
  const back = n.form === "const" ? String(32 - (n.of![0]! & 31)) : `-${n.text}`;
  const there = n.form === "const" ? String(n.of![0]! & 31) : n.text;
  stack.push("i", { text: `(${a.text} ${left} ${there} | ${a.text} ${right} ${back})` }, a, n);
  return true;
}

/** The low half of an i64 that was just popped, as an int32. */
function lowOf(o: Operand, stack: OperandStack, emit: (s: string) => void): string {
  if (o.narrow !== undefined) return o.narrow;
  if (o.form === "const") return String(o.of![0]);
  if (o.form === "local") return word(stack.slotOfLocal(o.of![0]!));
  if (o.form === "expr") {
    const home = stack.pushHome("l");
    emit(`${home.text} = ${o.text};`);
    stack.pop();
    return word(home.slot);
  }
  return word(o.slot);
}

/** What reads or writes the halves of slots. */
function halves(mnemonic: Mnemonic, stack: OperandStack, emit: (s: string) => void): boolean {
  switch (mnemonic) {
    case "i32.wrap_i64": {
      const a = stack.pop();
      if (a.form === "const") return (stack.pushConst("i", String(a.of![0]), [a.of![0]!]), true);
      stack.push("i", { text: lowOf(a, stack, emit) }, homed(a));
      return true;
    }
    case "i64.clz":
    case "i64.ctz":
    case "i64.popcnt": {
      stack.settle(stack.height - 1);
      const { slot } = stack.pop();
      const [low, high] = [word(slot), word(slot, 1)];
      const home = stack.pushHome("l");
      const count =
        mnemonic === "i64.clz"
          ? `${high} === 0 ? 32 + clz32(${low}) : clz32(${high})`
          : mnemonic === "i64.ctz"
            ? `${low} === 0 ? 32 + ctz32(${high}) : ctz32(${low})`
            : `popcnt32(${low}) + popcnt32(${high})`;
      emit(`${word(home.slot)} = ${count}; ${word(home.slot, 1)} = 0;`);
      return true;
    }
    case "i64.extend8_s":
    case "i64.extend16_s":
    case "i64.extend32_s": {
      const a = stack.pop();
      const n = mnemonic === "i64.extend8_s" ? 24 : mnemonic === "i64.extend16_s" ? 16 : 0;
      const low = lowOf(a, stack, emit);
      stack.push("l", fromInt(n === 0 ? low : `(${low} << ${n} >> ${n})`), homed(a));
      return true;
    }
    case "f64.convert_i64_s":
    case "f64.convert_i64_u": {
      stack.settle(stack.height - 1);
      const { slot } = stack.pop();
      const high = mnemonic === "f64.convert_i64_s" ? word(slot, 1) : `(${word(slot, 1)} >>> 0)`;
      stack.pushNow("d", `${high} * 4294967296 + (${word(slot)} >>> 0)`);
      return true;
    }
    case "i32.reinterpret_f32": {
      settle(stack, 1);
      stack.pushNow("i", stack.pop().bits!);
      return true;
    }
    case "f32.reinterpret_i32": {
      const { text } = stack.pop();
      const home = stack.pushHome("f");
      emit(`${home.bits} = ${text};`);
      return true;
    }
    case "i64.reinterpret_f64": {
      const { text } = stack.pop();
      const home = stack.pushHome("l");
      emit(`${double(home.slot)} = ${text};`);
      return true;
    }
    case "f64.reinterpret_i64": {
      stack.settle(stack.height - 1);
      const { slot } = stack.pop();
      stack.pushNow("d", double(slot));
      return true;
    }
    default:
      return false;
  }
}

/** An operand whose text was put into its home. */
const homed = (o: Operand): Operand =>
  o.form === "expr" && o.narrow === undefined ? { ...o, homes: [o.slot], locals: [] } : o;

/** An i64 by its words, and a constant's text. */
const longOf = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low >>> 0);
export const longConst = (low: number, high: number): string => `${longOf(low, high)}n`;
