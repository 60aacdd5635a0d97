// The commands of the debugger, one row each, by group.

import { UsageError } from "../util/errors.js";
import { nearNames } from "../util/near-names.js";
import type { DebugCommand } from "./command.js";
import { backCommands } from "./commands-back.js";
import { fiberCommands } from "./commands-fibers.js";
import { lookCommands } from "./commands-look.js";
import { memoryCommands } from "./commands-memory.js";
import { runCommands } from "./commands-run.js";
import { stopCommands } from "./commands-stops.js";
import { layoutOf, PANES } from "./panes.js";

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
    name: "layout",
    aliases: ["tui"],
    usage: "layout [off | PANE...]",
    help: "panes that are shown after each stop",
    details: [
      `PANE is one of ${PANES.join(", ")} ADDRESS, from top to bottom. Without one: code, values`,
      "and stacks.",
    ],
    complete: () => [...PANES, "off"],
    run(console, words) {
      console.layout = layoutOf(words);
      console.showPanes();
    },
  },
  {
    name: "help",
    aliases: ["h", "?"],
    usage: "help [COMMAND]",
    help: "this list, or all about a command",
    complete: () => commands.map(({ name }) => name),
    run(console, [name]) {
      if (name !== undefined) return console.write(...aboutCommand(findCommand(name)));
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

/** Usage, meaning, and details. */
function aboutCommand({ usage, aliases, help, details = [] }: DebugCommand): string[] {
  const also = aliases.length === 0 ? [] : [`also: ${aliases.join(", ")}`];
  return [usage, `  ${help}`, ...details.map((line) => `  ${line}`), ...also];
}

/** @throws UsageError that lists near names */
export function findCommand(name: string): DebugCommand {
  const found = commands.find((c) => c.name === name || c.aliases.includes(name));
  if (found !== undefined) return found;
  const near = nearNames(
    name,
    commands.map((c) => c.name),
  );
  const hint = near.length > 0 ? `did you mean ${near.join(" or ")}?` : "help lists all";
  throw new UsageError(`unknown command ${JSON.stringify(name)}: ${hint}`);
}

export const commands: readonly DebugCommand[] = [
  ...runCommands,
  ...backCommands,
  ...stopCommands,
  ...lookCommands,
  ...memoryCommands,
  ...fiberCommands,
  ...sessionCommands,
];
