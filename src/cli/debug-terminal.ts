// Where the debugger's commands come from: a terminal with completion and a history that
// outlives the session, standard input, or a file.

import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { complete } from "../debug/complete.js";
import type { DebugConsole } from "../debug/console.js";
import { ANSI, PLAIN, type Style } from "../debug/style.js";
import { ProgramExit } from "../util/errors.js";
import type { Context, Io } from "./context.js";
import { about, ExitCode } from "./failure.js";
import { readRaw } from "./input.js";

const HISTORY = 1000;

export interface TerminalOptions {
  /** A file with commands, which come first. */
  readonly commands?: string;
  /** Whether lines are kept for the next session. */
  readonly history?: boolean;
}

/** Whether there are colours: as asked for, else on a terminal, unless NO_COLOR says no. */
export function styleOf({ stdout, surroundings }: Io, color: boolean | undefined): Style {
  const noColor = (surroundings.env["NO_COLOR"] ?? "") !== "";
  return (color ?? (stdout.isTTY === true && !noColor)) ? ANSI : PLAIN;
}

/** Where panes go, on a terminal. */
export function screenOf({ stdout }: Io) {
  if (stdout.isTTY !== true) return undefined;
  return {
    // Some terminals say zero.
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    clear: () => stdout.write("\x1b[H\x1b[2J"),
  };
}

/** `$XDG_STATE_HOME/bobbin/debug-history` */
const historyFile = (env: Io["surroundings"]["env"]): string =>
  join(env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "bobbin", "debug-history");

/** Runs commands until they, or the session, end. @returns the exit code */
export async function converse(
  console: DebugConsole,
  { io }: Context,
  { commands, history = true }: TerminalOptions,
): Promise<number> {
  const { session } = console;
  console.showPosition();
  if (commands !== undefined) {
    for (const line of await linesOf(commands)) {
      // Only who types repeats by an empty line.
      if (line.trim() === "") continue;
      await console.execute(line);
      if (console.quit) return exitCode(console);
    }
  }
  const terminal = io.stdin.isTTY === true;
  const file = terminal && history ? historyFile(io.surroundings.env) : null;
  const lines = open(console, io, file);
  let running = false;
  let abort = (): void => {};
  const aborted = new Promise<void>((resolve) => (abort = resolve));
  let left = false;
  let interrupts = 0;
  lines.on("SIGINT", () => {
    session.pause();
    if (running && ++interrupts === 1) return;
    left = true;
    abort();
    lines.close();
  });
  if (terminal) lines.prompt();
  for await (const line of lines) {
    running = true;
    interrupts = 0;
    if (file !== null) keep(file, line);
    // What waits for a promise of the host cannot be paused, only left.
    await Promise.race([console.execute(line), aborted]);
    running = false;
    if (console.quit || left) break;
    if (terminal) lines.prompt();
  }
  lines.close();
  return left ? ExitCode.interrupted : exitCode(console);
}

function exitCode({ session: { end } }: DebugConsole): number {
  if (end?.kind === "threw" && end.error instanceof ProgramExit) return end.error.code;
  return end === null || end.kind === "returned" ? ExitCode.good : ExitCode.finding;
}

const linesOf = async (file: string): Promise<string[]> =>
  about(file, async () => new TextDecoder().decode(await readRaw(file)).split(/\r?\n/));

function open(console: DebugConsole, io: Io, file: string | null): Interface {
  if (io.stdin.isTTY !== true) return createInterface({ input: io.stdin, terminal: false });
  return createInterface({
    input: io.stdin,
    output: io.stdout as NodeJS.WritableStream,
    prompt: "(bobbin) ",
    terminal: true,
    completer: (line: string) => complete(console, line),
    historySize: HISTORY,
    removeHistoryDuplicates: true,
    // The last one comes first.
    history: file === null ? [] : known(file).toReversed(),
  });
}

/** Lines of earlier sessions. Without a file that can be read there are none. */
function known(file: string): string[] {
  try {
    const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
    // It only grows while sessions run.
    if (lines.length > 2 * HISTORY) writeFileSync(file, `${lines.slice(-HISTORY).join("\n")}\n`);
    return lines.slice(-HISTORY);
  } catch {
    return [];
  }
}

/** Notes a line. Where that is not possible, the session goes on without. */
function keep(file: string, line: string): void {
  if (line.trim() === "") return;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    appendFileSync(file, `${line}\n`, { mode: 0o600 });
  } catch {
    // A read-only home, say.
  }
}
