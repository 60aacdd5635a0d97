// Commands that run the program.

import { type DebugCommand, times } from "./command.js";

export const runCommands: readonly DebugCommand[] = [
  {
    name: "step",
    aliases: ["s"],
    usage: "step [N]",
    help: "execute one instruction, or N",
    details: ["Between two frames of an unwind, a step drops one frame."],
    run: (console, [n]) => console.stopped(console.session.step(times(n))),
  },
  {
    name: "next",
    aliases: ["n"],
    usage: "next",
    help: "execute one instruction, over calls",
    run: (console) => console.stopped(console.session.next()),
  },
  {
    name: "finish",
    aliases: ["fin"],
    usage: "finish",
    help: "run until the selected frame returns",
    run: (console) => console.stopped(console.session.finish(console.selected)),
  },
  {
    name: "continue",
    aliases: ["c"],
    usage: "continue",
    help: "run to the next breakpoint or the end",
    run: (console) => console.stopped(console.session.continue()),
  },
];
