// The blocks of a function that are open: who may close or continue which.

import type { Mnemonic } from "../syntax/opcodes.js";
import type { Token } from "./lexer.js";
import type { TokenCursor } from "./cursor.js";

interface Open {
  /** The instruction that began it, or its current part. */
  readonly part: string;
  readonly opener: Token;
}

/** How each part of a block ends. */
const endings: Readonly<Record<string, string>> = {
  block: "end_block",
  loop: "end_loop",
  if: "end_if",
  else: "end_if",
  try: "end_try",
  catch: "end_try",
  catch_all: "end_try",
  try_table: "end_try_table",
};
/** After which parts a block may go on with another one. */
const continues: Readonly<Record<string, readonly string[]>> = {
  else: ["if"],
  catch: ["try", "catch"],
  catch_all: ["try", "catch"],
};

/** `end_loop` and its kin are all `end`. */
export const isEnding = (name: string): boolean =>
  name !== "" && Object.values(endings).includes(name);

export class Nesting {
  private readonly open: Open[] = [];

  constructor(private readonly cursor: TokenCursor) {}

  /** Holds an instruction against the blocks that are open. */
  meet(name: string, opensBlock: boolean, token: Token): void {
    const parts = continues[name];
    if (opensBlock) this.open.push({ part: name, opener: token });
    else if (parts !== undefined) {
      const { opener } = this.close(name, token, (part) => parts.includes(part));
      this.open.push({ part: name, opener });
    } else if (name === "delegate") this.close(name, token, (part) => part === "try");
    else if (isEnding(name)) this.close(name, token, (part) => endings[part] === name);
  }

  private close(name: string, token: Token, fits: (part: string) => boolean): Open {
    const top = this.open.pop();
    if (top === undefined) return this.cursor.fail(`${name}: no block is open`, token);
    if (fits(top.part)) return top;
    return this.cursor.fail(`${name}: expected ${endings[top.part]}, ${described(top)}`, token);
  }

  /** The function ends at `token`. */
  finish(token: Token): void {
    const top = this.open.at(-1);
    if (top !== undefined)
      this.cursor.fail(
        `expected ${endings[top.part]} before the function ends, ${described(top)}`,
        token,
      );
  }
}

const described = ({ part, opener }: Open): string =>
  `which closes the ${part === opener.text ? part : `${opener.text} … ${part}`} of line ${opener.line}`;

/** Blocks are what these open. */
export const opensBlock = (mnemonic: Mnemonic): boolean =>
  ["block", "loop", "if", "try", "try_table"].includes(mnemonic);
