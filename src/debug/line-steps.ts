// Steps by lines of source. An instruction without a line, in a function of which others have
// one, belongs to no step's end; code without any lines is stepped by instructions.

import { offsetOfPc } from "../exec/code.js";
import type { FiberView } from "../exec/fiber.js";
import { codeOf } from "../exec/lower.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { DebugSession } from "./session.js";
import type { Stop } from "./session-types.js";

interface Standing {
  readonly func: FuncInstance | null;
  /** Frames, with those of the fibers that wait for this one. */
  readonly depth: number;
  /** `file:line`; undefined where no line is known. */
  readonly line: string | undefined;
}

function standing({ frames, below, depth }: FiberView): Standing {
  const top = frames[depth - 1];
  // Between frames of an unwind nothing may be left.
  if (depth === 0 || top === undefined) return { func: null, depth: below, line: undefined };
  const { func, pc } = top;
  const at = func.instance?.module.lines?.at(offsetOfPc(codeOf(func), pc));
  const line = at === undefined ? undefined : `${at.file}:${at.line}`;
  return { func, depth: below + depth, line };
}

/**
 * Where a step by a line that begins here ends: the answer is asked before each instruction.
 * @param over whether calls belong to the step
 */
export function lineStep(fiber: FiberView, over: boolean): (fiber: FiberView) => boolean {
  let from = standing(fiber);
  let first = true;
  return (now) => {
    if (first) return (first = false);
    const here = standing(now);
    if (here.depth > from.depth) return !over;
    if (from.line === undefined) return true;
    if (here.depth < from.depth) {
      // Back in the caller, in the middle of a line: that one is to be finished.
      from = here;
      return here.line === undefined;
    }
    return here.line === undefined ? here.func !== from.func : here.line !== from.line;
  };
}

/**
 * Goes back over calls to where a line began: the one on which the program stands or, from its
 * beginning, the one before. Without lines, to the instruction before.
 * @param cancelled whether somebody wants it to stop on its way
 */
export async function lineBack(session: DebugSession, cancelled: () => boolean): Promise<Stop> {
  const from = standing(session.fiber);
  // What has returned was no call of any frame.
  const returned = session.end?.kind === "returned";
  let stop = await (returned ? session.stepBack() : session.nextBack());
  let here = standing(session.fiber);
  // Code of no line, among code that has some.
  while (stop.kind === "stepped" && here.line === undefined && from.line !== undefined) {
    if (here.func !== from.func) break;
    if (cancelled()) return { kind: "paused" };
    stop = await session.nextBack();
    here = standing(session.fiber);
  }
  const { func, depth, line } = here;
  if (line === undefined || stop.kind !== "stepped") return stop;
  let beginning = session.position!;
  while (stop.kind === "stepped") {
    if (cancelled()) return { kind: "paused" };
    stop = await session.nextBack();
    const before = standing(session.fiber);
    const same = before.func === func && before.depth === depth;
    if (stop.kind !== "stepped" || !same || (before.line ?? line) !== line) break;
    if (before.line === line) beginning = session.position!;
  }
  if (stop.kind === "paused") return stop;
  // One too far.
  await session.goTo(beginning);
  return { kind: "stepped" };
}
