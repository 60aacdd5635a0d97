// A program of the command line in C: counts the words of files and of its standard input.
// fixtures/programs/words.c

import { execute } from "./commands.mjs";

export const name = "words";
export const from = "clang 19, WASI preview 1";

/** What a shell would run, in the folder of the files. */
export const RUNS = [
  { args: ["-n", "6", "/data/text.txt"] },
  { args: ["/data/text.txt", "-", "/data/none.txt"], input: "the end\n".repeat(50) + "the end" },
  { args: ["-n", "0", "-"], input: "", env: ["WORDS_TITLE=nothing"] },
  { args: ["-q"] },
];

export async function run(tell) {
  for (const { args, ...surroundings } of RUNS) {
    const { code } = await execute(["words", ...args], { files: ["text.txt"], ...surroundings }, tell); // prettier-ignore
    tell(`exit code ${code}`);
  }
  const { data } = await execute(["words", "-w", "/data/out.txt", "/data/text.txt"], { files: ["text.txt"] }, tell); // prettier-ignore
  tell(new TextDecoder().decode(data.get("out.txt")?.data));
}
