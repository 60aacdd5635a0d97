// What instructions do inside a frame, in JavaScript: those of variables, memory, numbers
// and references as expressions; the rest by the interpreter's own handlers, on the slots.

import type { Mnemonic } from "../syntax/opcodes.js";
import { compileCall } from "./calls.js";
import type { Compiler } from "./compiler.js";
import { isCall, isFinal, isInterpreted } from "./entries.js";
import { inSlot, toSlot } from "./labels.js";
import { addressOf, loads, stores } from "./memory.js";
import { kindOf, type Node } from "./nodes.js";
import { inVariable } from "./operands.js";
import { operator } from "./operators.js";
import { reference } from "./references.js";
import { constant, produce, variable } from "./variables.js";

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
  if (mnemonic.startsWith("i64.store") && c.stack.peek().form !== "const")
    c.stack.settle(c.stack.height - 1);
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
  const text = handlerCall(c, pc);
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

/** The call of the interpreter's handler for the entry at `pc`. */
function handlerCall({ code: { words }, stack }: Compiler, pc: number): string {
  const sp = `q + ${2 * stack.top}`;
  const [code, sub, a, b] = words.subarray(pc, pc + 4) as unknown as number[];
  switch (code) {
    case 0xcd:
      return `accessMemory(Q, A, W, ${pc}, ${sp})`;
    case 0x25:
    case 0x26:
      return `bulk(Q, A, ${code}, ${sub}, 0, ${sp})`;
    case 0x3f:
      return `pages(A.memories[${sub}], ${sp})`;
    case 0xfb:
      return `gc(Q, A, ${0xfb0000 | sub!}, ${a}, ${b}, ${sp})`;
    case 0xfd:
      return `simd(Q, A, W, ${pc}, ${sp})`;
    case 0xfe:
      return `atomics(Q, A, W, ${pc}, ${sp})`;
    default:
  }
  const operand = `q + ${2 * (stack.peek()?.slot ?? 0)}`;
  if (code !== 0xfc) return `conversions(Q, ${code}, ${operand})`;
  const op = 0xfc0000 | sub!;
  if (sub! < 8) return `conversions(Q, ${op}, ${operand})`;
  return sub! >= 0x13 ? `wide(Q, ${op}, ${sp})` : `bulk(Q, A, ${op}, ${a}, ${b}, ${sp})`;
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
