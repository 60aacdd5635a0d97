// Commands that show fibers, their stacks, and what of them lies in memory.

import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import { type DebugCommand, number } from "./command.js";
import { exceptionText, heldExceptions } from "./exceptions.js";
import { fiberLine, frameLines, positionLine } from "./render.js";
import { recordLines, stackLines } from "./render-stacks.js";
import { recordMemory } from "./records.js";
import { recordFrames } from "./stacks.js";
import { frameView } from "./views.js";

export const fiberCommands: readonly DebugCommand[] = [
  {
    name: "stacks",
    aliases: ["st"],
    usage: "stacks [all]",
    help: "the logical stack of every fiber, suspended ones too",
    details: [
      "Frames that lie in memory as records of asyncify are shown where they would go on. Frames of",
      "who switches fibers are left out, unless you say all.",
    ],
    run(console, [which]) {
      if (which !== undefined && which !== "all") throw new UsageError(`stacks all, not ${which}`);
      for (const stack of console.session.stacks(which === "all"))
        console.write(...stackLines(stack, console.selected));
    },
  },
  {
    name: "records",
    aliases: [],
    usage: "records [DATA]",
    help: "the records of continuations, decoded beside their bytes",
    details: [
      "DATA is the data pointer of one. Records are known from where asyncify is followed.",
    ],
    run(console, [text]) {
      const { session } = console;
      const { records } = session;
      const known = records.continuations;
      const wanted = text === undefined ? known : [number(text, "data pointer")];
      if (known.length === 0) console.write("no records");
      for (const data of wanted) {
        const kept = records.of(data);
        if (kept.length === 0 && text !== undefined)
          throw new UsageError(`there is no continuation ${hex(data)}`);
        console.write(
          ...recordLines(data, recordFrames(session, kept), recordMemory(session).memory!),
        );
      }
    },
  },
  {
    name: "exceptions",
    aliases: [],
    usage: "exceptions",
    help: "the exceptions that frames, globals and tables refer to",
    run(console) {
      const { session } = console;
      const held = heldExceptions(session.stacks(true), session.instances);
      if (held.length === 0) console.write("no exceptions");
      for (const { exception, holder } of held)
        console.write(`  ${holder}: ${exceptionText(exception, session.instances)}`);
    },
  },
  {
    name: "fibers",
    aliases: [],
    usage: "fibers",
    help: "list the program's fibers, and the machine's with the current one first",
    run(console) {
      for (const fiber of console.session.fibers()) {
        console.write(fiberLine(fiber));
        // What the machine holds as frames can be shown, also while it is suspended.
        if (fiber.machine !== null && fiber.status === "suspended")
          console.write(...frameLines(fiber.machine, -1).map((line) => `  ${line}`));
      }
      for (let fiber = console.session.machine.fiber; fiber !== null; fiber = fiber.resumer) {
        const where = fiber.depth === 0 ? "" : `, at ${positionLine(frameView(fiber, 0))}`;
        const mark = fiber === console.session.fiber ? "*" : " ";
        const frames = `${fiber.depth} frame${fiber.depth === 1 ? "" : "s"}`;
        console.write(`${mark} machine fiber ${fiber.id} ${fiber.status}, ${frames}${where}`);
      }
    },
  },
];
