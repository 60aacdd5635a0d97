// `bobbin asm`: assembly to an object file, or to a module that runs.

import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { decode } from "../binary/decode.js";
import { link } from "../link/link.js";
import { UsageError } from "../util/errors.js";
import type { Context } from "./context.js";
import { about, ExitCode, InputError } from "./failure.js";
import { fileReason, readLinkInput, validated } from "./input.js";
import { LineTable } from "../syntax/line-table.js";
import { count, operand, operands } from "./options.js";

interface AsmOptions {
  readonly output: string;
  readonly object?: boolean;
  readonly referenceTypes: boolean;
  readonly stackSize?: number;
}

const EXAMPLES = `
Examples:
  bobbin asm stackful.s -o fiber.wasm
  bobbin asm main.o stackful.s -o program.wasm
  bobbin asm program.wasm stackful.s -o whole.wasm
  bobbin asm stackful.s --object -o stackful.o
The dialect, and how files are linked, are documented in docs/asm.md.`;

const MAX_STACK = 2 ** 31;

export function register(program: Command, context: Context): void {
  program
    .command("asm")
    .description("assemble LLVM's WebAssembly dialect, and link it with object files and a program")
    .argument("<files...>", "assembly (.s), object files, at most one finished module", operands)
    .requiredOption("-o, --output <file>", "where the module goes", operand)
    .option("--object", "write the object file of one source, for a linker")
    .option("--no-reference-types", "call_indirect means table 0, as in LLVM before 19")
    .option(
      "--stack-size <bytes>",
      "the stack of a program without a finished module (65536)",
      count(16, MAX_STACK),
    )
    .addHelpText("after", EXAMPLES)
    .action((files: string[], options: AsmOptions) =>
      context.run({}, () => about(files[0]!, () => asm(files, options))),
    );
}

async function asm(files: readonly string[], options: AsmOptions): Promise<number> {
  const { output, referenceTypes, stackSize } = options;
  if (options.object === true && (files.length !== 1 || !/\.s$/i.test(files[0]!)))
    throw new UsageError("--object takes one source (.s)");
  const inputs = await Promise.all(
    files.map((file) => about(file, () => readLinkInput(file, { referenceTypes }))),
  );
  const made =
    options.object === true
      ? objectOf(inputs[0]!)
      : link(inputs, stackSize === undefined ? {} : { stackSize });
  // Nobody wants a file that cannot run.
  validated(decode(made.bytes, { lines: made.lines }));
  await about(output, async () => {
    try {
      await writeFile(output, made.bytes);
    } catch (error) {
      throw new InputError(fileReason(error));
    }
  });
  return ExitCode.good;
}

function objectOf({ bytes, lines }: Awaited<ReturnType<typeof readLinkInput>>) {
  const table = new LineTable();
  if (lines !== undefined) table.add(lines.source, lines.marks);
  return { bytes, lines: table };
}
