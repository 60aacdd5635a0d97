// The commands of the debugger, one row each, by group.

import { UsageError } from "../util/errors.js";
import type { DebugCommand } from "./command.js";
import { fiberCommands } from "./commands-fibers.js";
import { lookCommands } from "./commands-look.js";
import { memoryCommands } from "./commands-memory.js";
import { runCommands } from "./commands-run.js";
import { stopCommands } from "./commands-stops.js";

const sessionCommands: readonly DebugCommand[] = [
  {
    name: "info",
    aliases: ["i"],
    usage: "info",
    help: "how the program stands",
    run(console) {
      const { fiber, machine, end, stops } = console.session;
      const state = end === null ? fiber.status : `ended (${end.kind})`;
      const count = stops.all.length;
      console.write(
        `fiber ${fiber.id} ${state}, ${fiber.depth} of at most ${machine.maxFrames} frames`,
        `${machine.executed} instructions executed, ${count} breakpoint${count === 1 ? "" : "s"}`,
      );
      if (end?.kind !== "returned") console.showPosition();
    },
  },
  {
    name: "save",
    aliases: [],
    usage: "save FILE",
    help: "write a snapshot: bobbin resume, or debug --snapshot",
    async run(console, [file]) {
      if (file === undefined) throw new UsageError("file is missing");
      console.write(await console.session.save(file));
    },
  },
  {
    name: "help",
    aliases: ["h", "?"],
    usage: "help",
    help: "this list",
    run(console) {
      for (const { usage, aliases, help } of commands)
        console.write(`  ${usage.padEnd(46)} ${aliases.join(" ").padEnd(10)} ${help}`);
      console.write("An empty line repeats the last command; a line starting with # is a comment.");
    },
  },
  {
    name: "quit",
    aliases: ["q", "exit"],
    usage: "quit",
    help: "end the session",
    run(console) {
      console.quit = true;
    },
  },
];

export const commands: readonly DebugCommand[] = [
  ...runCommands,
  ...stopCommands,
  ...lookCommands,
  ...memoryCommands,
  ...fiberCommands,
  ...sessionCommands,
];
