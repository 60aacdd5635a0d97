// Commands that look at the program where it stands.

import { UsageError } from "../util/errors.js";
import { findFunction } from "./names.js";
import { type DebugCommand, fiberOf, functionNames, number } from "./command.js";
import { codeLines } from "./render-code.js";
import { frameLine, frameLines, globalLines, valueLines } from "./render.js";
import { frameView, localsOf, operandsOf, positionAt } from "./views.js";

const LINES_AROUND = 5;

export const lookCommands: readonly DebugCommand[] = [
  {
    name: "frames",
    aliases: ["bt", "where"],
    usage: "frames",
    help: "list frames, innermost first",
    run(console) {
      console.write(...frameLines(fiberOf(console), console.selected));
    },
  },
  {
    name: "frame",
    aliases: ["f"],
    usage: "frame [N]",
    help: "select a frame to look at",
    run(console, [n]) {
      const fiber = fiberOf(console);
      const level = number(n, "frame number", console.selected);
      if (level >= fiber.depth)
        throw new UsageError(`there is no frame ${level}, the outermost is ${fiber.depth - 1}`);
      console.selected = level;
      console.write(frameLine(frameView(fiber, level), true));
    },
  },
  {
    name: "locals",
    aliases: ["lo"],
    usage: "locals",
    help: "parameters and locals of the selected frame",
    run(console) {
      console.write(...valueLines(localsOf(fiberOf(console), console.selected), "no locals"));
    },
  },
  {
    name: "operands",
    aliases: ["o"],
    usage: "operands",
    help: "operand stack of the selected frame, bottom first",
    run(console) {
      console.write(...valueLines(operandsOf(fiberOf(console), console.selected), "no operands"));
    },
  },
  {
    name: "globals",
    aliases: ["g"],
    usage: "globals",
    help: "globals of the module",
    run(console) {
      console.write(...globalLines(console.session.instance));
    },
  },
  {
    name: "disassemble",
    complete: functionNames,
    aliases: ["list", "l", "dis"],
    usage: "disassemble [FUNC]",
    help: "code around the selected frame's instruction, or all of a function",
    run(console, [name]) {
      const { session, selected } = console;
      const here = session.end?.kind === "returned" ? null : frameView(session.fiber, selected);
      if (name === undefined) {
        const at = here ?? frameView(fiberOf(console), selected);
        return console.write(...codeLines(at, at.offset, session.stops, LINES_AROUND));
      }
      const { funcs, module } = session.instance;
      const func = funcs[findFunction(module, name)]!;
      if (func.instance === null) throw new UsageError(`${func.name} is imported: it has no code`);
      const { body } = module.functions[func.index - module.imported.func]!;
      const current = here?.func === func ? here.offset : null;
      const start = positionAt(func, body.offset);
      console.write(...codeLines(start, current, session.stops));
    },
  },
];
