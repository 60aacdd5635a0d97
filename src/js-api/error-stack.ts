// The stack of an error that leaves wasm: its frames, and JavaScript's, in the order in
// which they called each other. JavaScript's are as the host tells them; Bobbin's own
// functions among them stand for the frames of the calls that were under way.

import type { CallUnderWay } from "../exec/invocation.js";
import type { Machine } from "../exec/machine.js";
import type { StackSite, StackTrace } from "../runtime/traps.js";
import { frameLine } from "./wasm-frames.js";

type Callable = (...args: never[]) => unknown;
/** What only some hosts have. */
interface StackCapture {
  captureStackTrace?(target: object, below?: Callable): void;
  stackTraceLimit?: number;
}
const HostError: StackCapture = Error;

/** Frames of wasm in one stack. */
const MOST = 100;
/** Functions of Bobbin's, and of the program's, between two calls into wasm. */
const BETWEEN = 24;

/** The calls in which JavaScript runs now, innermost first. */
function outerSites(machine: Machine): (readonly StackSite[])[] {
  const found: (readonly StackSite[])[] = [];
  let count = 0;
  for (let call: CallUnderWay | null = machine.underWay; call !== null; call = call.outer) {
    const sites = call.trace?.sites ?? [];
    found.push(sites);
    count += sites.length;
    if (count >= MOST) break;
  }
  return found;
}

export class ErrorStack {
  private readonly outer: readonly (readonly StackSite[])[];
  private readonly inside: boolean;
  private readonly host: { readonly stack?: unknown };

  /**
   * @param trace the frames of the call that has ended; null where none has
   * @param options.below the function of Bobbin's that the program called: what it calls is not told
   * @param options.inside whether it is made within the call that is under way, not by JavaScript that this called
   */
  constructor(
    machine: Machine,
    private readonly trace: StackTrace | null,
    { below, inside = false }: { below?: Callable | undefined; inside?: boolean } = {},
  ) {
    this.inside = inside;
    this.outer = outerSites(machine);
    this.host = captured(this.outer.length, below);
  }

  /** @param header the first line, as of every error */
  text(header: string): unknown {
    const { stack } = this.host;
    // Where the program makes stacks of its own (Error.prepareStackTrace), that is it.
    if (typeof stack !== "string" && stack !== undefined) return stack;
    const { trace } = this;
    const wasm = (trace?.sites ?? []).map(frameLine);
    const more = (trace?.frames ?? 0) - wasm.length;
    if (more > 0) wasm.push(`    … and ${more} more`);
    const host = interleaved(linesOf(stack ?? ""), this.outer, this.inside);
    return [header, ...wasm, ...host].join("\n");
  }
}

function captured(depth: number, below: Callable | undefined): { readonly stack?: unknown } {
  if (HostError.captureStackTrace === undefined) return new Error();
  const holder = {};
  const { stackTraceLimit: limit } = HostError;
  const capture = () => HostError.captureStackTrace!(holder, below);
  // Else Bobbin's functions would take the room of the program's.
  if (depth === 0 || limit === undefined) capture();
  else withLimit(limit + Math.min(depth, MOST) * BETWEEN, capture);
  return holder;
}

/** Makes an error whose own stack nobody will see: to take it costs more than all else. */
export const withoutStack = <T>(make: () => T): T =>
  HostError.captureStackTrace === undefined ? make() : withLimit(0, make);

function withLimit<T>(limit: number, action: () => T): T {
  const { stackTraceLimit } = HostError;
  // A program may have frozen it, or put something else there.
  if (typeof stackTraceLimit !== "number" || !Reflect.set(HostError, "stackTraceLimit", limit))
    return action();
  try {
    return action();
  } finally {
    Reflect.set(HostError, "stackTraceLimit", stackTraceLimit);
  }
}

/** Without the header, which may have several lines; all lines of hosts that have none. */
function linesOf(stack: string): string[] {
  const lines = stack.split("\n").filter((line) => line !== "");
  const first = lines.findIndex((line) => /^\s+at /.test(line));
  return first < 0 ? lines.filter((line) => /@|\[native code\]/.test(line)) : lines.slice(first);
}

/**
 * Each run of Bobbin's own lines becomes the frames of a call, the innermost call first.
 * @param startsInside whether Bobbin's lines at the beginning are such a run already
 */
function interleaved(
  lines: readonly string[],
  outer: readonly (readonly StackSite[])[],
  startsInside: boolean,
): string[] {
  const calls = outer.map((sites) => sites.map(frameLine));
  const isOwn = ownLine();
  if (isOwn === null) return [...calls.flat(), ...lines];
  const told: string[] = [];
  let inside = !startsInside && lines[0] !== undefined && isOwn(lines[0]);
  for (const line of lines) {
    const own: boolean = isOwn(line) || (inside && line.endsWith("(<anonymous>)"));
    if (own && !inside) told.push(...(calls.shift() ?? []));
    else if (!own) told.push(line);
    inside = own;
  }
  return [...told, ...calls.flat()];
}

/** Whether a line is of a function of Bobbin's; null where Bobbin was bundled with the program. */
function ownLine(): ((line: string) => boolean) | null {
  const url: unknown = import.meta.url;
  const folder =
    typeof url === "string" ? /^(.*\/)js-api\/error-stack\.[jt]s/.exec(url)?.[1] : null;
  if (folder == null) return null;
  const path = folder.replace(/^file:\/\//, "");
  return (line) => line.includes(folder) || line.includes(path);
}
