// Commands that go back in a program that is recorded.

import { formatPosition, parsePosition } from "../history/position.js";
import { UsageError } from "../util/errors.js";
import { type DebugCommand, number, times } from "./command.js";
import { watchTarget } from "./watch.js";

export const backCommands: readonly DebugCommand[] = [
  {
    name: "reverse-step",
    aliases: ["rs"],
    usage: "reverse-step [N]",
    help: "one instruction back, or N",
    details: ["Between two frames of an unwind, a step is one frame."],
    run: (console, [n]) => console.stopped(console.session.stepBack(times(n))),
  },
  {
    name: "reverse-next",
    aliases: ["rn"],
    usage: "reverse-next",
    help: "one instruction back, over calls",
    run: (console) => console.stopped(console.session.nextBack()),
  },
  {
    name: "reverse-finish",
    aliases: ["rfin"],
    usage: "reverse-finish",
    help: "back to the call of the selected frame",
    run: (console) => console.stopped(console.session.finishBack(console.selected)),
  },
  {
    name: "reverse-continue",
    aliases: ["rc"],
    usage: "reverse-continue",
    help: "back to the breakpoint before, or to the start",
    details: [
      "Of an event or a watchpoint it stands before what happened.",
      "Hits are not counted on the way back, nor passed by.",
    ],
    run: (console) => console.stopped(console.session.continueBack()),
  },
  {
    name: "last-write",
    aliases: ["lw"],
    usage: "last-write TARGET",
    help: "back to where something was last written",
    details: ["TARGET is what watch takes: $x, local0, global0, i32[0x100], 0x100 16, table0[3]"],
    run(console, args) {
      const { session, selected } = console;
      if (args.length === 0) throw new UsageError("written what? a local, a global, memory");
      const target = watchTarget(args.join(" "), session.scope(selected));
      return console.stopped(session.lastWrite(target));
    },
  },
  {
    name: "last-run",
    aliases: ["lr"],
    usage: "last-run FIBER",
    help: "back to where a fiber of the program was last on",
    run: (console, [id]) => console.stopped(console.session.lastRun(number(id, "fiber"))),
  },
  {
    name: "event",
    aliases: ["ev"],
    usage: "event N",
    help: "go to where event N, as bobbin trace counts, is about to happen",
    run: (console, [n]) => console.stopped(console.session.goToEvent(number(n, "event"))),
  },
  {
    name: "goto",
    aliases: ["go"],
    usage: "goto POSITION",
    help: "go to a position of the history, back or forward; position tells it",
    run(console, [text = ""]) {
      const position = parsePosition(text);
      if (position === null) throw new UsageError("expected a position, as the command position tells it"); // prettier-ignore
      return console.stopped(console.session.goTo(position));
    },
  },
  {
    name: "position",
    aliases: ["pos"],
    usage: "position",
    help: "where in the history the program stands",
    run(console) {
      const { position } = console.session;
      if (position === null) throw new UsageError("the program is not recorded");
      console.write(formatPosition(position));
    },
  },
];
