// A program of the command line in Rust: evaluates the sums in a file and on its standard input.
// fixtures/programs/sums.rs

import { execute } from "./commands.mjs";

export const name = "sums";
export const from = "rustc 1.63, WASI preview 1";

export const RUNS = [
  { args: ["/data/sums.txt"], input: "a * b\nsqrt(2)" },
  { args: [], input: "x = 3\nx ^ x ^ x\n" },
  { args: ["/data/none.txt"], input: "(((1)))\n1 +" },
];

export async function run(tell) {
  for (const { args, input } of RUNS) {
    const { code } = await execute(["sums", ...args], { files: ["sums.txt"], input }, tell);
    tell(`exit code ${code}`);
  }
}
