// What instructions do inside a frame, in JavaScript: those of variables, memory, numbers
// and references as expressions; the rest by the interpreter's own handlers, on the slots.

import type { Mnemonic } from "../syntax/opcodes.js";
import { compileCall } from "./calls.js";
import type { Compiler } from "./compiler.js";
import { branch } from "./control.js";
import { isCall, isFinal, isInterpreted } from "./entries.js";
import { inSlot, toSlot } from "./labels.js";
import { addressOf, loads, stores } from "./memory.js";
import { kindOf, type Kind, type Node } from "./nodes.js";
import { inVariable, long, word } from "./operands.js";
import { conditionOf, longConst, operator } from "./operators.js";

/** Whether there is a way to compile it. */
export const isCompiled = (mnemonic: Mnemonic): boolean => !UNKNOWN.has(mnemonic);
const UNKNOWN: ReadonlySet<Mnemonic> = new Set<Mnemonic>([
  "try",
  "br_on_cast_desc_eq",
  "br_on_cast_desc_eq_fail",
]);

export function compileInstruction(c: Compiler, node: Node): void {
  const { mnemonic } = node;
  if (isCall(mnemonic)) return compileCall(c, node);
  if (isInterpreted(mnemonic)) return interpreted(c, node);
  if (variable(c, node) || constant(c, node) || reference(c, node) || division(c, node)) return;
  if (node.op.access !== undefined && access(c, node)) return;
  const result = node.op.type?.results[0];
  if (
    operator(mnemonic, c.stack, (text) => c.emit(text), result === undefined ? "i" : kindOf(result))
  )
    return c.count();
  byHandler(c, node);
}

/** Lets go of the frame for good, or until it is entered again after the instruction. */
function interpreted(c: Compiler, node: Node): void {
  c.stack.settleAll();
  c.leave();
  c.uncount();
  if (isFinal(node.mnemonic)) c.reachable = false;
  else c.stack.reset(0, c.next.stack);
}

// Values now, or where they are going.

/** Pushes what `text` yields, or puts it where the `local.set` that comes next will. */
function produce(c: Compiler, kind: Kind, text: string): void {
  const { next } = c;
  if (
    next.mnemonic === "local.set" &&
    !c.entersNext &&
    (kind === "i" || kind === "d" || kind === "l")
  ) {
    c.stack.changing(next.a);
    c.emit(`${c.localText(next.a)} = ${text};`);
    c.skip();
    return;
  }
  c.stack.pushNow(kind, text);
}

function variable(c: Compiler, { mnemonic, a }: Node): boolean {
  switch (mnemonic) {
    case "local.get": {
      const { kind, slot } = c.locals[a]!;
      c.count();
      if (kind === "v") moveVector(c, slot, c.stack.pushHome("v").slot);
      else c.stack.pushLocal(kind, c.localText(a), a, kind === "f" ? word(slot) : undefined);
      return true;
    }
    case "local.set":
    case "local.tee": {
      const { kind, slot } = c.locals[a]!;
      c.count();
      if (kind === "v") {
        moveVector(c, c.stack.peek().slot, slot);
        if (mnemonic === "local.set") c.stack.pop();
        return true;
      }
      const value = c.stack.pop();
      c.stack.changing(a);
      if (kind === "f" && value.bits !== undefined) c.emit(`${word(slot)} = ${value.bits};`);
      else c.emit(`${c.localText(a)} = ${value.text};`);
      if (mnemonic === "local.tee")
        c.stack.pushLocal(kind, c.localText(a), a, kind === "f" ? word(slot) : undefined);
      return true;
    }
    case "global.get":
    case "global.set":
      c.count();
      global(c, mnemonic, a);
      return true;
    case "drop":
      c.count();
      c.stack.pop();
      return true;
    case "select":
    case "select t":
      c.count();
      select(c);
      return true;
    default:
      return false;
  }
}

function moveVector(c: Compiler, from: number, to: number): void {
  c.emit(`${long(to)} = ${long(from)}; ${long(to + 1)} = ${long(from + 1)};`);
}

function global(c: Compiler, mnemonic: Mnemonic, index: number): void {
  const instance = c.instance.globals[index]!;
  const kind = kindOf(instance.type.type as Parameters<typeof kindOf>[0]);
  const { words } = instance;
  const name = (letter: string, value: unknown): string => c.constant(`${letter}${index}`, value);
  const asLong = (): string => name("GL", new BigInt64Array(words.buffer));
  const text =
    kind === "i" || kind === "f"
      ? `${name("G", words)}[0]`
      : kind === "l"
        ? `${asLong()}[0]`
        : kind === "d"
          ? `${name("GD", new Float64Array(words.buffer))}[0]`
          : kind === "r"
            ? `${name("g", instance)}.ref`
            : asLong();
  if (mnemonic === "global.get") {
    if (kind === "f") {
      const home = c.stack.pushHome("f");
      c.emit(`${home.bits} = ${text};`);
    } else if (kind === "v") {
      const { slot } = c.stack.pushHome("v");
      c.emit(`${long(slot)} = ${text}[0]; ${long(slot + 1)} = ${text}[1];`);
    } else produce(c, kind, text);
    return;
  }
  if (kind === "f") settleTop(c);
  const value = c.stack.pop();
  if (kind === "v")
    c.emit(`${text}[0] = ${long(value.slot)}; ${text}[1] = ${long(value.slot + 1)};`);
  else c.emit(`${text} = ${kind === "f" ? value.bits : value.text};`);
}

function settleTop(c: Compiler, depth = 0): void {
  const i = c.stack.height - 1 - depth;
  if (c.stack.operands[i]!.form === "expr") c.stack.settle(i);
}

function select(c: Compiler): void {
  const condition = c.stack.pop();
  if (c.stack.peek().kind === "v") {
    const b = c.stack.pop().slot;
    const a = c.stack.peek().slot;
    c.emit(
      `if (!(${conditionOf(condition)})) { ${long(a)} = ${long(b)}; ${long(a + 1)} = ${long(b + 1)}; }`,
    );
    return;
  }
  if (c.stack.peek().kind === "f") {
    settleTop(c);
    settleTop(c, 1);
    const b = c.stack.pop();
    const a = c.stack.pop();
    const home = c.stack.pushHome("f");
    c.emit(`${home.bits} = ${conditionOf(condition)} ? ${a.bits} : ${b.bits};`);
    return;
  }
  const b = c.stack.pop();
  const a = c.stack.pop();
  c.stack.push(
    a.kind,
    { text: `(${conditionOf(condition)} ? ${a.text} : ${b.text})` },
    a,
    b,
    condition,
  );
}

function constant(c: Compiler, { mnemonic, a, b }: Node): boolean {
  switch (mnemonic) {
    case "i32.const":
      c.stack.pushConst("i", String(a), [a]);
      break;
    case "i64.const":
      c.stack.pushConst("l", longConst(a, b), [a, b]);
      break;
    case "f32.const":
      c.stack.pushConst(
        "f",
        number(c, new Float32Array(Int32Array.of(a).buffer)[0]!),
        [a],
        String(a),
      );
      break;
    case "f64.const":
      c.stack.pushConst("d", doubleConst(c, a, b), [a, b]);
      break;
    default:
      return false;
  }
  c.count();
  return true;
}

const number = (c: Compiler, x: number): string =>
  x !== x
    ? c.constant("nan", NaN)
    : Object.is(x, -0)
      ? "-0"
      : x === Infinity || x === -Infinity
        ? `${x < 0 ? "-" : ""}Infinity`
        : String(x);

/** A NaN keeps its bits only in a typed array. */
function doubleConst(c: Compiler, low: number, high: number): string {
  const numbers = new Float64Array(Int32Array.of(low, high).buffer);
  const x = numbers[0]!;
  if (x === x) return number(c, x);
  return `${c.constant(`N${c.at}`, numbers)}[0]`;
}

function reference(c: Compiler, node: Node): boolean {
  const { mnemonic, a } = node;
  switch (mnemonic) {
    case "ref.null":
      c.stack.pushConst("r", "null", []);
      break;
    case "ref.func":
      c.stack.pushNow("r", functionName(c, a));
      break;
    case "ref.is_null": {
      const value = c.stack.pop();
      c.stack.push(
        "i",
        { text: `(${value.text} === null ? 1 : 0)`, truth: `(${value.text} === null)` },
        value,
      );
      break;
    }
    case "ref.eq": {
      const y = c.stack.pop();
      const x = c.stack.pop();
      const truth = `(${x.text} === ${y.text})`;
      c.stack.push("i", { text: `(${truth} ? 1 : 0)`, truth }, x, y);
      break;
    }
    case "ref.as_non_null":
      settleTop(c);
      c.leave(`${c.stack.peek().text} === null`);
      break;
    case "br_on_null":
    case "br_on_non_null": {
      settleTop(c);
      const value = c.stack.peek();
      c.count();
      c.takeFuel();
      if (mnemonic === "br_on_null") {
        c.stack.pop();
        c.emit(`if (${value.text} === null) { ${branch(c, a)} }`);
        c.stack.operands.push(value);
      } else {
        c.emit(`if (${value.text} !== null) { ${branch(c, a)} }`);
        c.stack.pop();
      }
      return true;
    }
    case "br_on_cast":
    case "br_on_cast_fail": {
      settleTop(c);
      const at = node.pc + 5;
      const { words } = c.code;
      const test = `${mnemonic === "br_on_cast" ? "" : "!"}matchesType(${c.stack.peek().text}, A, ${words[at]}, ${words[at + 1]})`;
      c.count();
      c.takeFuel();
      c.constant("A", c.instance);
      c.emit(`if (${test}) { ${branch(c, a)} }`);
      return true;
    }
    default:
      return false;
  }
  c.count();
  return true;
}

export const functionName = (c: Compiler, index: number): string =>
  c.constant(`F${index}`, c.instance.funcs[index]!);

/** What traps on some operands: the interpreter does it then. */
function division(c: Compiler, node: Node): boolean {
  const { mnemonic } = node;
  switch (mnemonic) {
    case "i32.div_s":
    case "i32.div_u":
    case "i32.rem_s":
    case "i32.rem_u": {
      const divisor = c.stack.peek();
      const constantDivisor = divisor.form === "const" ? divisor.of![0]! : 0;
      if (constantDivisor === 0 || constantDivisor === -1) {
        c.stack.settleAll(true);
        const [a, b] = [c.stack.peek(1).text, c.stack.peek().text];
        const overflow = mnemonic === "i32.div_s" ? ` || ${b} === -1 && ${a} === -2147483648` : "";
        c.leave(`${b} === 0${overflow}`);
      }
      const b = c.stack.pop();
      const a = c.stack.pop();
      const op = mnemonic.includes("div") ? "/" : "%";
      const text = mnemonic.endsWith("_s")
        ? `(${a.text} ${op} ${b.text} | 0)`
        : `((${a.text} >>> 0) ${op} (${b.text} >>> 0) | 0)`;
      c.stack.push("i", { text }, a, b);
      break;
    }
    case "i64.div_s":
    case "i64.div_u":
    case "i64.rem_s":
    case "i64.rem_u": {
      c.mayThrow();
      const b = c.stack.pop();
      const a = c.stack.pop();
      produce(c, "l", `asIntN(64, divide64(${node.op.code}, ${a.text}, ${b.text}))`);
      break;
    }
    case "i32.trunc_f64_s":
    case "i32.trunc_f64_u":
    case "i32.trunc_f32_s":
    case "i32.trunc_f32_u": {
      c.stack.settleAll(true);
      const { text } = c.stack.peek();
      const [low, high] = RANGE[mnemonic]!;
      c.leave(`!(${text} > ${low} && ${text} < ${high})`);
      const a = c.stack.pop();
      c.stack.push(
        "i",
        { text: mnemonic.endsWith("_s") ? `(${text} | 0)` : `(${text} >>> 0 | 0)` },
        a,
      );
      break;
    }
    default:
      return false;
  }
  c.count();
  return true;
}
const RANGE: Partial<Record<Mnemonic, readonly [number, number]>> = {
  "i32.trunc_f64_s": [-2147483649, 2147483648],
  "i32.trunc_f64_u": [-1, 4294967296],
  "i32.trunc_f32_s": [-2147483904, 2147483648],
  "i32.trunc_f32_u": [-1, 4294967296],
};

/** Plain loads and stores of the first memory. */
function access(c: Compiler, node: Node): boolean {
  const { mnemonic, memOffset } = node;
  const memory = c.instance.memories[node.a]!;
  const load = loads[mnemonic];
  const store = stores[mnemonic];
  if (node.a !== 0 || memory.type.limits.address !== "i32" || (load ?? store) === undefined)
    return false;
  c.constant("M", memory);
  if (mnemonic.startsWith("i64.store")) c.stack.settle(c.stack.height - 1);
  c.mayThrow();
  c.count();
  if (load !== undefined) {
    const address = c.stack.pop();
    const text = load(addressOf(address, memOffset));
    const kind =
      mnemonic[0] === "f"
        ? mnemonic === "f32.load"
          ? "f"
          : "d"
        : mnemonic.startsWith("i64")
          ? "l"
          : "i";
    if (kind === "f") c.emit(`${c.stack.pushHome("f").bits} = ${text};`);
    else produce(c, kind, text);
  } else {
    const value = c.stack.pop();
    const address = c.stack.pop();
    c.emit(store!(addressOf(address, memOffset), value));
  }
  return true;
}

/** Executes the entry as the interpreter does, on the scratch slots. */
function byHandler(c: Compiler, node: Node): void {
  const { pc } = node;
  const { words } = c.code;
  c.constant("A", c.instance);
  c.stack.settleAll();
  c.mayThrow();
  c.count();
  for (const operand of c.stack.operands)
    if (inVariable(operand.kind)) c.emit(toSlot(operand.slot, operand));
  const sp = `q + ${2 * c.stack.top}`;
  const at = `q + ${2 * (c.stack.peek(0)?.slot ?? 0)}`;
  const code = words[pc]!;
  const sub = words[pc + 1]!;
  const text =
    code === 0xcd
      ? `accessMemory(Q, A, W, ${pc}, ${sp})`
      : code === 0x25 || code === 0x26
        ? `bulk(Q, A, ${code}, ${sub}, 0, ${sp})`
        : code === 0xfb
          ? `gc(Q, A, ${0xfb0000 | sub}, ${words[pc + 2]}, ${words[pc + 3]}, ${sp})`
          : code === 0xfd
            ? `simd(Q, A, W, ${pc}, ${sp})`
            : code === 0xfe
              ? `atomics(Q, A, W, ${pc}, ${sp})`
              : code === 0xfc && sub < 8
                ? `conversions(Q, ${0xfc0000 | sub}, ${at})`
                : code === 0xfc && sub >= 0x13
                  ? `wide(Q, ${0xfc0000 | sub}, ${sp})`
                  : code === 0xfc
                    ? `bulk(Q, A, ${0xfc0000 | sub}, ${words[pc + 2]}, ${words[pc + 3]}, ${sp})`
                    : code === 0x3f
                      ? `pages(A.memories[${sub}], ${sp})`
                      : `conversions(Q, ${code}, ${at})`;
  if (text.includes("W,")) c.constant("W", words);
  c.emit(`${text};`);
  const after = c.next.stack;
  const results = resultsOf(node);
  c.stack.reset(after.length - results, after.slice(after.length - results));
  for (let i = after.length - results; i < after.length; i++) {
    const { kind, slot, text: home } = c.stack.operands[i]!;
    if (inVariable(kind)) c.emit(`${home} = ${inSlot(kind, slot)};`);
  }
}

function resultsOf({ op, mnemonic }: Node): number {
  if (op.type !== undefined) return op.type.results.length;
  if (mnemonic === "table.get" || mnemonic === "memory.size") return 1;
  if (op.code >> 16 === 0xfb) return NO_RESULT.has(mnemonic) ? 0 : 1;
  return mnemonic === "table.size" || mnemonic === "table.grow" ? 1 : 0;
}
const NO_RESULT: ReadonlySet<Mnemonic> = new Set<Mnemonic>([
  "struct.set",
  "array.set",
  "array.fill",
  "array.copy",
  "array.init_data",
  "array.init_elem",
]);
