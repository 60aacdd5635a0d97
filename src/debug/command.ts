// What a command of the debugger is, and what several of them read.

import type { FiberView } from "../exec/fiber.js";
import { UsageError } from "../util/errors.js";
import type { DebugConsole } from "./console.js";

export interface DebugCommand {
  readonly name: string;
  readonly aliases: readonly string[];
  /** Arguments and meaning, for `help`. */
  readonly usage: string;
  readonly help: string;
  /** What `help NAME` says beside that. */
  readonly details?: readonly string[];
  /** What an argument may be, for completion; `text` is what stands before the cursor of it. */
  complete?(console: DebugConsole, text: string): readonly string[];
  run(console: DebugConsole, args: readonly string[]): void | Promise<void>;
}

/** A whole number, decimal or hexadecimal. @throws UsageError */
export function number(text: string | undefined, what: string, fallback?: number): number {
  if (text === undefined && fallback !== undefined) return fallback;
  if (text === undefined) throw new UsageError(`${what} is missing`);
  if (/^(\d+|0x[\da-f]+)$/i.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new UsageError(`${text} is no ${what}`);
}

/** How often: once, unless `text` says so. @throws UsageError */
export function times(text: string | undefined): number {
  const count = number(text, "count", 1);
  if (count === 0) throw new UsageError("0 is no count: once is the least");
  return count;
}

/** For commands that look at frames: there must be some. @throws UsageError */
export function fiberOf({ session }: DebugConsole): FiberView {
  if (session.end?.kind === "returned") throw new UsageError("the program has returned");
  return session.fiber;
}

/** The names of functions of the program, for completion. */
export const functionNames = ({ session }: DebugConsole): string[] => [
  ...new Set(session.instance.funcs.map(({ name }) => name)),
];
