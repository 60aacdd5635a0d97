// Calls from compiled code: of the compiled function where there is one, or of what stands
// in for it until then. The caller's frame stays as it was before the call until the call
// is over, as everywhere: whoever is let go of in between is written back like that.

import type { ValType } from "../syntax/types.js";
import type { FuncType } from "../syntax/types.js";
import type { Compiler } from "./compiler.js";
import { inSlot, toSlot } from "./labels.js";
import { type Kind, kindsOf, type Node, slotsOf, slotsOfAll } from "./nodes.js";
import { copy, homeOf, type Operand } from "./operands.js";

export function compileCall(c: Compiler, node: Node): void {
  const { mnemonic, a } = node;
  const { params, results } = signature(c, node);
  const indirect = mnemonic === "call" ? 0 : 1;
  const taken = 2 * (slotsOfAll(params) + indirect);
  // Who rewinds to a call brings the operands back, but of the locals only those still read.
  if (c.resumable) c.stack.settleAll();
  const at = c.site("call", taken, results);
  c.count();
  c.emit(`x = ${at};`);
  const { operands, top } = c.stack;
  const first = operands.length - params.length - indirect;
  const target =
    mnemonic === "call" ? c.functionName(a) : callee(c, node, operands[operands.length - 1]!);

  const passed: string[] = [];
  let slot = top;
  for (let k = 0; k < params.length; k++) {
    const operand = operands[first + k]!;
    if (operand.kind === "i" || operand.kind === "r") passed.push(`, ${operand.text}`);
    else c.emit(toSlot(slot, operand));
    slot += slotsOf(operand.kind);
  }
  c.emit(`control[0] = ${c.fuelLeft()};`);
  const single = results === "i" || results === "r";
  const call = `${target}.forward(p + ${top}, d - ${c.weight}${passed.join("")});`;
  c.emit(single ? `t = ${call}` : call);
  c.emit(`if ((fuel = control[0]) < ${c.reserve}) break B;`);

  operands.length = first;
  if (single) c.stack.pushNow(results, "t");
  else {
    // Upwards: what is moved comes from above.
    slot = top;
    for (const kind of results as Iterable<Kind>) {
      const home = c.stack.pushHome(kind);
      const text =
        kind === "i" || kind === "d" || kind === "r"
          ? `${home.text} = ${inSlot(kind, slot)};`
          : copy(home, homeOf(kind, slot));
      c.emit(text);
      slot += slotsOf(kind);
    }
  }
}

function signature(c: Compiler, { mnemonic, a }: Node): { params: string; results: string } {
  const type =
    mnemonic === "call"
      ? c.instance.funcs[a]!.signature
      : (c.instance.module.types[a]!.comp as FuncType);
  return {
    params: kindsOf(type.params as readonly ValType[]),
    results: kindsOf(type.results as readonly ValType[]),
  };
}

/** The function that an indirect call reaches; whatever is wrong with it is thrown. */
function callee(c: Compiler, { mnemonic, a, b }: Node, operand: Operand): string {
  if (mnemonic === "call_ref") {
    c.emit(`u = present(${operand.text});`);
    return "u";
  }
  c.constant("A", c.instance);
  const table = c.instance.tables[b]!;
  if (table.type.limits.address === "i64") {
    c.emit(
      `u = prepared(callee(A, ${a}, ${b}, Number(asIntN(32, ${operand.text})), Number(asIntN(32, ${operand.text} >> 32n))));`,
    );
    return "u";
  }
  const elements = c.constant(`E${b}`, table.elements);
  const type = c.constant(`T${a}`, c.instance.types[a]!);
  c.emit(`u = ${elements}[${operand.text} >>> 0];`);
  c.emit(
    `if (u == null || u.type !== ${type} || u.forward === null) u = prepared(callee(A, ${a}, ${b}, ${operand.text}, 0));`,
  );
  return "u";
}
