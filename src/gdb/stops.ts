// How a program stands, as the packets that tell it: `T` stopped, `W` exited, `X` ended by a signal.
// Spec: https://sourceware.org/gdb/current/onlinedocs/gdb.html/Stop-Reply-Packets.html

import { stopLines } from "../debug/render-stops.js";
import type { Stop } from "../debug/session.js";
import { hexByte } from "../util/hex.js";
import type { Debuggee } from "./debuggee.js";
import { hexOf, hexOfText, littleEndian } from "./encoding.js";
import type { Thread } from "./threads.js";

/** What a debugger of native programs would be told. */
const [INTERRUPTED, TRAP, ABORTED, FAULT] = [2, 5, 6, 11];

interface Cause {
  readonly signal: number;
  readonly reason?: string;
  readonly description?: string;
  /** Address of what was written to. */
  readonly watch?: number;
  /** The history goes no further in this direction. */
  readonly boundary?: "begin" | "end";
}

/** What a client is told when the program stands, and when it asks why. */
export function stopReply(debuggee: Debuggee): string {
  const { stop, current } = debuggee;
  return stop?.kind === "returned" ? "W00" : threadReply(debuggee, current);
}

/** What a client is told that goes on with a program which is over. */
export function endReply({ stop }: Debuggee): string {
  return stop?.kind === "returned" ? "W00" : `X${hexByte(causeOf(stop).signal)}`;
}

/** Why a thread stands: only the one that was on has a reason. */
export function threadReply(debuggee: Debuggee, thread: Thread): string {
  const { threads, current, stop } = debuggee;
  const cause = thread === current ? causeOf(stop, debuggee) : { signal: 0 };
  const fields: (readonly [string, string])[] = [
    ["thread", thread.id.toString(16)],
    ["hexname", hexOfText(thread.name)],
    ["threads", threads.map(({ id }) => id.toString(16)).join(",")],
    // LLDB asks again for the stack of a thread whose register it does not know, and so says which it means.
    ...(thread === current ? [["00", hexOf(littleEndian(pcOf(thread), 8))] as const] : []),
    ...(cause.watch === undefined ? [] : [["watch", cause.watch.toString(16)] as const]),
    ...(cause.boundary === undefined ? [] : [["replaylog", cause.boundary] as const]),
    ...(cause.reason === undefined ? [] : [["reason", cause.reason] as const]),
    ...(cause.description === undefined
      ? []
      : [["description", hexOfText(cause.description)] as const]),
  ];
  const text = fields.map(([key, value]) => `${key}:${value};`).join("");
  return `T${hexByte(cause.signal)}${text}`;
}

/** A fiber whose frames are not known stands nowhere. */
export const pcOf = ({ frames }: Thread): bigint => frames[0]?.address ?? 0n;

function causeOf(stop: Stop | null, debuggee?: Debuggee): Cause {
  switch (stop?.kind) {
    case undefined:
    case "returned":
      return { signal: TRAP };
    case "stepped":
    case "finished":
    case "arrived":
      return { signal: TRAP, reason: "trace" };
    case "breakpoint":
      return { signal: TRAP, reason: "breakpoint" };
    case "start":
      return { signal: TRAP, boundary: "begin" };
    case "no answer":
      return { signal: TRAP, boundary: "end" };
    case "watch":
    case "written": {
      const { target } = stop.kind === "watch" ? stop.stop : stop;
      return { signal: TRAP, ...(target.kind === "memory" ? { watch: target.address } : {}) };
    }
    case "event":
      // LLDB has no word for it: it was asked for by a command of Bobbin's own.
      return { signal: TRAP, reason: "exception", ...(debuggee && { description: stopLines(stop, debuggee.instances[0]!)[0]! }) }; // prettier-ignore
    case "paused":
      return { signal: INTERRUPTED, reason: "signal" };
    case "trapped":
    case "threw": {
      const signal = stop.kind === "trapped" ? FAULT : ABORTED;
      const description = debuggee?.describe(stop);
      return { signal, reason: "exception", ...(description === undefined ? {} : { description }) };
    }
  }
}
