// References, and branches on them.
// Step_read/ref.null, ref.func, Step_pure/ref.is_null-{true,false}, ref.as_non_null-{null,addr},
// ref.eq-{null,true,false}, br_on_null-{null,addr}, br_on_non_null-{null,addr},
// Step_read/br_on_cast-{succeed,fail}, br_on_cast_fail-{succeed,fail}

import { branch } from "./branches.js";
import type { Compiler } from "./compiler.js";
import type { Node } from "./nodes.js";
import { settleTop } from "./variables.js";

/** Compiles an instruction on references, if it is one. */
export function reference(c: Compiler, node: Node): boolean {
  const { mnemonic, a } = node;
  switch (mnemonic) {
    case "ref.null":
      c.stack.pushConst("r", "null", []);
      break;
    case "ref.func":
      c.stack.pushNow("r", c.functionName(a));
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
