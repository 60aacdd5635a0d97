// Fibers as threads: who there is, and where each stands. Suspended fibers have stacks, too.

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import type { FiberStack } from "../../debug/stacks.js";
import { UsageError } from "../../util/errors.js";
import { hex } from "../../util/hex.js";
import { codeAddress, moduleOf } from "./addresses.js";
import type { Debuggee, FrameHandle } from "./debuggee.js";
import type { Handlers } from "./protocol.js";

export const threadHandlers: Handlers = {
  threads: ({ lastStacks, threadIds }) => ({
    threads: lastStacks.map((stack) => ({ id: threadIds.of(stack), name: threadName(stack) })),
  }),

  stackTrace(debuggee, { threadId, startFrame = 0, levels = 0 }) {
    const stack = debuggee.stacks().find((each) => debuggee.threadIds.of(each) === threadId);
    if (stack === undefined) throw new UsageError(`there is no thread ${threadId}`);
    const end = levels === 0 ? stack.frames.length : startFrame + levels;
    return {
      stackFrames: stack.frames
        .slice(startFrame, end)
        .map((frame) => describeFrame(debuggee, { stack, frame })),
      totalFrames: stack.frames.length,
    };
  },
};

/** `fiber 2: generator_main (suspended in 0x4fff0)` */
function threadName({ name, entry, status, continuation }: FiberStack): string {
  const runs = entry === null ? "" : `: ${entry}`;
  const held = continuation === null ? "" : ` in ${hex(continuation)}`;
  return status === "on" ? `${name}${runs}` : `${name}${runs} (${status}${held})`;
}

function describeFrame(debuggee: Debuggee, handle: FrameHandle): P.StackFrame {
  const { func, position, runtime } = handle.frame;
  const { client, frames } = debuggee;
  const module = moduleOf(debuggee, func);
  const place = position === null ? undefined : module?.placeOf(position.offset);
  return {
    id: frames.create(handle),
    name: func.name,
    line: place === undefined ? 0 : client.toClientLine(place.line),
    column: place === undefined ? 0 : client.toClientColumn(place.column),
    ...(place && { source: place.source }),
    ...(module && { moduleId: module.id }),
    ...(module &&
      position && { instructionPointerReference: hex(codeAddress(module, position.offset)) }),
    canRestart: debuggee.canRestart(handle),
    ...(runtime && { presentationHint: "subtle" }),
  };
}

/** Numbers of threads. They count from 1: some clients take 0 for none. */
export class ThreadIds {
  /** Of continuations that no fiber is known for, by data pointer. */
  private readonly continuations = new Map<number, number>();

  of({ id, continuation }: FiberStack): number {
    if (id >= 0) return id + 1;
    const known = this.continuations.get(continuation!);
    if (known !== undefined) return known;
    const next = BEYOND + this.continuations.size;
    this.continuations.set(continuation!, next);
    return next;
  }
}

/** More fibers than any program makes. */
const BEYOND = 1_000_000_000;

/** @throws UsageError for a frame of an earlier stop */
export function frameOf({ frames }: Debuggee, id: number): FrameHandle {
  // The package's types say that there always is one.
  const handle = frames.get(id) as FrameHandle | undefined;
  if (handle === undefined) throw new UsageError(`there is no frame ${id}: the program ran on`);
  return handle;
}
