// The debugger's own commands for a client that has other words for some, and none for the rest:
// records, regions, stops at events. Only what runs the program is left to the client.

import { backCommands } from "../debug/commands-back.js";
import { runCommands } from "../debug/commands-run.js";
import { DebugConsole } from "../debug/console.js";
import type { DebugSession } from "../debug/session.js";

/** What runs the program, forward or back, and what makes no sense without a terminal. */
const FOREIGN = new Set(
  [...runCommands, ...backCommands.filter(({ name }) => name !== "position")]
    .flatMap(({ name, aliases }) => [name, ...aliases])
    .concat("layout", "quit", "q", "exit"),
);

export class Monitor {
  private readonly console: DebugConsole;

  /** @param write takes the lines that a command has to say */
  constructor(session: DebugSession, write: (line: string) => void) {
    // Nothing that is told of here has just stopped.
    this.console = new DebugConsole(session, { write, describe: ({ kind }) => kind });
  }

  /** The program has moved: the innermost frame is looked at again. */
  moved(): void {
    this.console.selected = 0;
  }

  async execute(line: string): Promise<void> {
    const [name = ""] = /^[^\s/]+/.exec(line.trim()) ?? [];
    if (FOREIGN.has(name))
      this.console.write(`${name}: not here, but in the debugger that is connected`);
    else await this.console.execute(line);
  }
}
