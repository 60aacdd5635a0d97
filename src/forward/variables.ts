// Locals, globals, constants, and what moves operands about.
// Step_read/local.get, Step/local.set, Step_pure/local.tee, Step_read/global.get, Step/global.set,
// Step_pure/drop, select-{true,false}, Step/ctxt-instrs

import type { Mnemonic } from "../syntax/opcodes.js";
import type { Compiler } from "./compiler.js";
import { kindOf, type Kind, type Node } from "./nodes.js";
import { long, NEUTRAL, neutral, word } from "./operands.js";
import { conditionOf, longConst } from "./operators.js";

/** Pushes what `text` yields, or puts it where the `local.set` that comes next will. */
export function produce(c: Compiler, kind: Kind, text: string): void {
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

/** Compiles an instruction on locals, globals or operands as such, if it is one. */
export function variable(c: Compiler, { mnemonic, a }: Node): boolean {
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

export function settleTop(c: Compiler, depth = 0): void {
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
  if (b.kind === "l") {
    // A choice between BigInts would be boxed.
    c.stack.settle(c.stack.height - 1);
    c.emit(`if (!(${conditionOf(condition)})) ${c.stack.peek().text} = ${b.text};`);
    return;
  }
  const a = c.stack.pop();
  c.stack.push(
    a.kind,
    { text: `(${conditionOf(condition)} ? ${a.text} : ${b.text})` },
    a,
    b,
    condition,
  );
}

/** Compiles a constant, if it is one. */
export function constant(c: Compiler, { mnemonic, a, b }: Node): boolean {
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
    : NEUTRAL.includes(x)
      ? neutral(x)
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
