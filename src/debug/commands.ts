// The commands of the debugger, one row each: names, help, and what they do.

import { UsageError } from "../util/errors.js";
import { findFunction } from "./names.js";
import type { DebugConsole } from "./console.js";
import {
  codeLines,
  frameLine,
  fiberLine,
  frameLines,
  globalLines,
  memoryLines,
  positionLine,
  valueLines,
} from "./render.js";
import { frameView, localsOf, operandsOf, positionAt } from "./views.js";

export interface DebugCommand {
  readonly name: string;
  readonly aliases: readonly string[];
  /** Arguments and meaning, for `help`. */
  readonly usage: string;
  readonly help: string;
  run(console: DebugConsole, args: readonly string[]): void | Promise<void>;
}

const LINES_AROUND = 5;
const MEMORY_SHOWN = 64;

/** A whole number, decimal or hexadecimal. */
function number(text: string | undefined, what: string, fallback?: number): number {
  if (text === undefined && fallback !== undefined) return fallback;
  if (text === undefined) throw new UsageError(`${what} is missing`);
  if (/^(\d+|0x[\da-f]+)$/i.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new UsageError(`${text} is no ${what}`);
}

/** For commands that look at frames: there must be some. */
function fiberOf({ session }: DebugConsole) {
  if (session.end?.kind === "returned") throw new UsageError("the program has returned");
  return session.fiber;
}

export const commands: readonly DebugCommand[] = [
  {
    name: "step",
    aliases: ["s"],
    usage: "step [N]",
    help: "execute one instruction, or N",
    run: (console, [n]) =>
      console.stopped(console.session.step(Math.max(1, number(n, "count", 1)))),
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
  {
    name: "break",
    aliases: ["b"],
    usage: "break FUNC | FUNC+0xN | 0xOFFSET | FILE:LINE",
    help: "stop before an instruction",
    run(console, [place]) {
      if (place === undefined) throw new UsageError("break where? a function or 0xOFFSET");
      const breakpoint = console.session.breakpoints.add(place);
      console.write(`breakpoint ${breakpoint.id} at ${positionLine(breakpoint)}`);
    },
  },
  {
    name: "delete",
    aliases: ["d"],
    usage: "delete [ID]",
    help: "delete a breakpoint, or all",
    run({ session }, [id]) {
      if (id === undefined) session.breakpoints.deleteAll();
      else session.breakpoints.delete(number(id, "breakpoint number"));
    },
  },
  {
    name: "breakpoints",
    aliases: ["bl"],
    usage: "breakpoints",
    help: "list breakpoints",
    run(console) {
      const { all } = console.session.breakpoints;
      if (all.length === 0) console.write("no breakpoints");
      console.write(...all.map((b) => `  ${b.id}  ${positionLine(b)}`));
    },
  },
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
    name: "memory",
    aliases: ["m", "x"],
    usage: "memory ADDRESS [LENGTH]",
    help: "bytes of the memory",
    run(console, [address, length]) {
      const at = number(address, "address");
      const bytes = number(length, "length", MEMORY_SHOWN);
      console.write(...memoryLines(console.session.instance, at, bytes));
    },
  },
  {
    name: "disassemble",
    aliases: ["list", "l", "dis"],
    usage: "disassemble [FUNC]",
    help: "code around the selected frame's instruction, or all of a function",
    run(console, [name]) {
      const { session, selected } = console;
      const here = session.end?.kind === "returned" ? null : frameView(session.fiber, selected);
      if (name === undefined) {
        const at = here ?? frameView(fiberOf(console), selected);
        return console.write(...codeLines(at, at.offset, session.breakpoints, LINES_AROUND));
      }
      const { funcs, module } = session.instance;
      const func = funcs[findFunction(module, name)]!;
      if (func.instance === null) throw new UsageError(`${func.name} is imported: it has no code`);
      const { body } = module.functions[func.index - module.imported.func]!;
      const current = here?.func === func ? here.offset : null;
      const start = positionAt(func, body.offset);
      console.write(...codeLines(start, current, session.breakpoints));
    },
  },
  {
    name: "info",
    aliases: ["i"],
    usage: "info",
    help: "how the program stands",
    run(console) {
      const { fiber, machine, end, breakpoints } = console.session;
      const state = end === null ? fiber.status : `ended (${end.kind})`;
      const stops = breakpoints.all.length;
      console.write(
        `fiber ${fiber.id} ${state}, ${fiber.depth} of at most ${machine.maxFrames} frames`,
        `${machine.executed} instructions executed, ${stops} breakpoint${stops === 1 ? "" : "s"}`,
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
