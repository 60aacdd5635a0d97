import { expect, test } from "@jest/globals";

import { opcodes } from "../syntax/opcodes.js";
import { rules } from "./instructions.js";

test("exactly the rows of the opcode table without a fixed stack effect have a rule", () => {
  const untyped = Object.entries(opcodes)
    .filter(([, row]) => row.type === null)
    .map(([mnemonic]) => mnemonic);
  expect(Object.keys(rules).sort()).toEqual(untyped.sort());
});
