// The text around a function's body: its parameters, its variables, and how it is let go of.

import type { Compiler } from "./compiler.js";
import { inSlot, zeroOf, zeroSlot } from "./labels.js";
import type { Layout } from "./sites.js";

/** What makes a function and its parts from their constants, or the function of a part. */
export function functionText(c: Compiler, { func, homes }: Layout, layoutName: string): string {
  const { resumable, part, writer } = c;
  const values = [
    ...c.locals.flatMap(({ variable }, i) => (variable ? [`l${i}`] : [])),
    ...homes.map(({ kind, slot }) => `${kind}${slot}`),
  ];
  const head = [
    resumable && part === null ? "const p = 0, q = 0;" : "const q = p << 1;",
    `let ${part === null ? "fuel = control[0], " : ""}x = 0, t = 0, u = null, k = 0;`,
    c.constants.has("M") ? "const V = M.view;" : "",
    ...(part === null ? startOfLocals(c, func.signature.params.length) : []),
    ...homes.map(({ kind, slot }) => `let ${kind}${slot} = ${zeroOf(kind)};`),
    resumable && c.arrivals.length > 0 ? `switch (e) { ${c.arrivals.join("\n")} }` : "",
  ];
  const letGo = `letGo(${layoutName}, x, p, fuel, t${values.map((v) => `, ${v}`).join("")})`;
  const { results } = c;
  const direct = results === "i" || results === "r";
  // After a part that does not go on: it has returned or let go of the frame.
  const partEnds =
    part === null
      ? `if (k < 0) return ${c.returns && direct ? `k === -1 ? ${inSlot(results, 0)} : 0` : "0"};`
      : "if (k < 0) return k;";
  const body = [
    ...head,
    "try { B: {",
    ...writer.lines,
    "} } catch (error) { x = caught(error, x); }",
    c.splits ? partEnds : "",
    part === null ? `return ${letGo};` : `${letGo}; return -2;`,
    "}",
  ];
  if (part !== null) {
    const name = resumable
      ? `resumed${part.number}(p, d, fuel, e)`
      : `part${part.number}(p, d, fuel)`;
    return [`function ${name} {`, ...body].join("\n");
  }
  const name = `${resumable ? "resumed" : "wasm"}_${func.name.replace(/\W/g, "_")}`;
  const parts = [...c.source.numbers.values()].map((number) => `part${number}`).join(", ");
  return [
    ...c.parts,
    `const main = function ${name}(${parameters(c, func.signature.params.length)}) {`,
    ...body,
    `return [main, { ${resumable ? "" : parts} }];`,
  ].join("\n");
}

function parameters(c: Compiler, count: number): string {
  if (c.resumable) return "e, d";
  const passed = c.locals
    .slice(0, count)
    .flatMap(({ kind }, i) => (kind === "i" || kind === "r" ? [`l${i}`] : []));
  return ["p", "d", ...passed].join(", ");
}

function startOfLocals({ locals, resumable }: Compiler, count: number): string[] {
  return locals.map(({ kind, slot, variable }, i) => {
    if (resumable) return variable ? `let l${i} = ${inSlot(kind, slot)};` : "";
    const passed = kind === "i" || kind === "r";
    if (i < count) {
      if (variable) return passed ? "" : `let l${i} = ${inSlot(kind, slot)};`;
      return passed ? `${inSlot(kind, slot)} = l${i};` : "";
    }
    return variable ? `let l${i} = ${zeroOf(kind)};` : zeroSlot(kind, slot);
  });
}
