// What the page may ask the worker for, and what comes back. Arguments and answers are
// plain data: they are copied from one to the other.

import type { SourceText } from "../course/build.js";
import type { Facts } from "../course/facts.js";
import type { CodeOf, Timeline, View } from "./view.js";

export type Program =
  | { readonly kind: "text"; readonly source: SourceText }
  | { readonly kind: "bytes"; readonly name: string; readonly bytes: Uint8Array };

export interface Call {
  readonly invoke: string;
  /** In the notation of the command line. */
  readonly args: readonly string[];
}

/** A function that can be called. */
export interface Entry {
  readonly name: string;
  readonly params: readonly string[];
}

export interface Loaded {
  readonly entries: readonly Entry[];
  /** Whether there are lines of source to show. */
  readonly hasLines: boolean;
}

export type Move =
  | { readonly kind: "step" | "back"; readonly count: number }
  | { readonly kind: "next" | "next back" | "out" | "out back" }
  | { readonly kind: "event" | "event back" }
  | { readonly kind: "to"; readonly time: number }
  | { readonly kind: "start" | "end" };

export interface MachineApi {
  /** Takes another program. @throws ProgramError where it is wrong */
  load(program: Program): Loaded;
  /** Begins a call; the machine stands before its first instruction. */
  start(call: Call): View;
  move(move: Move): View;
  /** Looks at memory from another address on. */
  look(address: number): View;
  /** The code of the function in which a frame stands. */
  code(fiber: number, level: number): CodeOf | null;
  timeline(from: number, to: number, width: number): Timeline;
  /** Runs any program to its end, under the checker. */
  facts(program: Program, call: Call): Promise<Facts>;
  /** The events of the run as `bobbin trace` writes them. */
  trace(format: "text" | "perfetto"): string;
}

export type Method = keyof MachineApi;

export interface Request {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}
export type Response =
  | { readonly id: number; readonly ok: unknown }
  | { readonly id: number; readonly failed: Problem }
  | { readonly id: number; readonly progress: string };

/** What is wrong, and where in the source, if that is known. */
export interface Problem {
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}
