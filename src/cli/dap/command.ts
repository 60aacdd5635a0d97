// `bobbin dap`: the debugger for editors, on standard input and output or on a port.

import { type Command, Option } from "commander";
import type { Context } from "../context.js";
import { count, operand } from "../options.js";

interface DapOptions {
  readonly port?: number;
  readonly address: string;
}

const MAX_PORT = 65_535;
const EXAMPLES = `
Examples:
  bobbin dap                 for editors that start the adapter themselves
  bobbin dap --port 4711     for those that connect; 0 chooses a free port and prints it
docs/dap.md has the configurations of VS Code and nvim-dap.`;

export function register(program: Command, context: Context): void {
  program
    .command("dap")
    .description("speak the Debug Adapter Protocol with an editor")
    .option("--port <n>", "listen there instead of using standard input", count(0, MAX_PORT))
    .addOption(
      new Option("--address <ip>", "who may connect: anybody who reaches this address")
        .argParser(operand)
        .default("127.0.0.1"),
    )
    .addHelpText("after", EXAMPLES)
    .action((options: DapOptions) =>
      context.run({}, async () => {
        const { listen, serveStdio } = await import("./serve.js");
        return options.port === undefined
          ? serveStdio(context)
          : listen(options.port, options.address, context);
      }),
    );
}
