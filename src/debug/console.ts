// The debugger's command language: a line in, lines out, on a `DebugSession`. No
// terminal here: whoever owns one feeds lines and prints what comes back.

import { RecordingError } from "../history/errors.js";
import { SnapshotError } from "../snapshot/errors.js";
import { InvalidError, MalformedError, UsageError } from "../util/errors.js";
import { findCommand } from "./commands.js";
import type { DebugSession, End, Stop } from "./session.js";
import { positionLine } from "./render.js";
import { stopLines } from "./render-stops.js";
import { type Layout, paneLines, type Size } from "./panes.js";
import { PLAIN, type Style } from "./style.js";
import { frameView } from "./views.js";

export interface ConsoleOptions {
  readonly write: (line: string) => void;
  /** One line for a trap or an exception. */
  readonly describe: (end: End & { kind: "trapped" | "threw" }) => string;
  /** Colours, where there are any. */
  readonly style?: Style;
  /** Where panes are shown: how large it is, and what makes it empty. Default: a plain listing. */
  readonly screen?: { readonly size: () => Size; readonly clear: () => void };
}

export class DebugConsole {
  /** The frame that is looked at; 0 is the innermost. */
  selected = 0;
  quit = false;
  readonly style: Style;
  /** What is shown again after each stop. */
  layout: Layout | null = null;
  private last = "";

  constructor(
    readonly session: DebugSession,
    private readonly options: ConsoleOptions,
  ) {
    this.style = options.style ?? PLAIN;
  }

  write(...lines: readonly string[]): void {
    for (const line of lines) this.options.write(this.style.line(line));
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

  /** Shows the panes, if there are any. */
  showPanes(): void {
    if (this.layout === null) return;
    const { screen } = this.options;
    screen?.clear();
    this.write(...paneLines(this, this.layout, screen?.size() ?? LISTING));
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
      await findCommand(name).run(this, args);
    } catch (error) {
      if (!ORDERLY.some((type) => error instanceof type)) throw error;
      this.write((error as Error).message);
    }
  }

  /** Tells of a stop. */
  async stopped(running: Promise<Stop>): Promise<void> {
    const stop = await running;
    this.selected = 0;
    this.showPanes();
    if (stop.kind === "trapped" || stop.kind === "threw") {
      this.write(this.options.describe(stop));
      return;
    }
    this.write(...stopLines(stop, this.session.instance).map((line) => this.style.bold(line)));
    if (stop.kind !== "returned") this.showPosition();
  }
}

/** Of panes where there is no screen: as much as there is. */
const LISTING: Size = { columns: 100, rows: 200 };

/** What commands may come to. Bodies of a lazily validated module may turn out to be none. */
const ORDERLY = [UsageError, SnapshotError, RecordingError, InvalidError, MalformedError];
