// The debugger's command language: a line in, lines out, on a `DebugSession`. No
// terminal here: whoever owns one feeds lines and prints what comes back.

import { nearNames } from "../util/near-names.js";
import { SnapshotError } from "../snapshot/errors.js";
import { InvalidError, MalformedError, UsageError } from "../util/errors.js";
import type { DebugCommand } from "./command.js";
import { commands } from "./commands.js";
import type { DebugSession, End, Stop } from "./session.js";
import type { Paint } from "./render-memory.js";
import { positionLine } from "./render.js";
import { stopLines } from "./render-stops.js";
import { frameView } from "./views.js";

export interface ConsoleOptions {
  readonly write: (line: string) => void;
  /** One line for a trap or an exception. */
  readonly describe: (end: End & { kind: "trapped" | "threw" }) => string;
  /** Colours bytes by who owns them, where there are colours. */
  readonly paint?: Paint;
}

export class DebugConsole {
  /** The frame that is looked at; 0 is the innermost. */
  selected = 0;
  quit = false;
  /** How to show bytes that belong to somebody. */
  readonly paint: Paint;
  private last = "";

  constructor(
    readonly session: DebugSession,
    private readonly options: ConsoleOptions,
  ) {
    this.paint = options.paint ?? ((text) => text);
  }

  write(...lines: readonly string[]): void {
    lines.forEach(this.options.write);
  }

  /** Where the program stands. */
  showPosition(): void {
    const { fiber } = this.session;
    const unwinding = fiber.due < 0 ? "" : "  (between two frames of an unwind)";
    this.write(
      fiber.depth === 0
        ? `no frame${unwinding}`
        : `${positionLine(frameView(fiber, this.selected))}${unwinding}`,
    );
  }

  /** Runs a line. What is wrong with it is told, and nothing happens. */
  async execute(line: string): Promise<void> {
    const given = line.trim() === "" ? this.last : line.trim();
    if (given === "" || given.startsWith("#")) return;
    this.last = given;
    const [first, ...rest] = given.split(/\s+/) as [string, ...string[]];
    // `x/4i32 0x100`
    const [, name = first, format] = /^([a-z]+)(\/.*)$/.exec(first) ?? [];
    const args = format === undefined ? rest : [format, ...rest];
    try {
      await find(name).run(this, args);
    } catch (error) {
      if (!ORDERLY.some((type) => error instanceof type)) throw error;
      this.write((error as Error).message);
    }
  }

  /** Tells of a stop. */
  async stopped(running: Promise<Stop>): Promise<void> {
    const stop = await running;
    this.selected = 0;
    if (stop.kind === "trapped" || stop.kind === "threw") {
      this.write(this.options.describe(stop));
      return;
    }
    this.write(...stopLines(stop, this.session.instance));
    if (stop.kind !== "returned") this.showPosition();
  }
}

/** What commands may come to. Bodies of a lazily validated module may turn out to be none. */
const ORDERLY = [UsageError, SnapshotError, InvalidError, MalformedError];

function find(name: string): DebugCommand {
  const found = commands.find((c) => c.name === name || c.aliases.includes(name));
  if (found !== undefined) return found;
  const near = nearNames(
    name,
    commands.map((c) => c.name),
  );
  const hint = near.length > 0 ? `did you mean ${near.join(" or ")}?` : "help lists all";
  throw new UsageError(`unknown command ${JSON.stringify(name)}: ${hint}`);
}
