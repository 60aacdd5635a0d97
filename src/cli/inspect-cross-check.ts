// `bobbin inspect --cross-check` as text.

import type { CrossCheck, Disagreement } from "../ast/cross-check.js";
import { columns } from "./columns.js";
import { hex } from "../util/hex.js";

const SHOWN = 20;
const OTHER = "@webassemblyjs/wasm-parser";

const where = ({ func, offset }: Disagreement): string[] =>
  func === null ? ["", ""] : [String(func), offset === undefined ? "" : hex(offset, 4)];

export function crossCheckTable(check: CrossCheck): string[] {
  if (check.outcome === "throws")
    return [`Cross-check with ${OTHER}`, `  it throws: ${check.reason.split("\n", 1)[0]!}`];
  const { functions, instructions, disagreements } = check;
  const size = `${instructions} instructions in ${functions} functions`;
  if (check.outcome === "agree")
    return [`Cross-check with ${OTHER}`, `  both decoders agree: ${size}`];
  const rows = disagreements
    .slice(0, SHOWN)
    .map((d) => [...where(d), d.ours ?? "nothing", d.theirs ?? "nothing"]);
  const rest = disagreements.length - rows.length;
  return [
    `Cross-check with ${OTHER}`,
    `  ${disagreements.length} disagreements: ${size}`,
    ...columns(
      [["function", "offset", "Bobbin", "the other"], ...rows],
      ["right", "right", "left", "left"],
    ),
    ...(rest > 0 ? [`  … and ${rest} more`] : []),
  ];
}
