// Fibers: where each frame stands, as a byte offset, and what its slots hold, by the types
// that validation gives them there. Where slots lie follows from that, so it is not written.

import { offsetOfPc, wordsOf } from "../exec/code.js";
import type { Fiber, Frame } from "../exec/fiber.js";
import { codeOf } from "../exec/lower.js";
import { readSlot, readSlots } from "../exec/slots.js";
import { stackOf } from "../exec/stack.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { ValType } from "../syntax/types.js";
import { CrashError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import type { DefType } from "../valid/deftypes.js";
import { ByteWriter } from "./bytes.js";
import { SnapshotError } from "./errors.js";
import type { Graph } from "./graph.js";
import { isWait, type Position, Positions, suspendResults } from "./positions.js";
import { writeFunction, writeReference, writeValue } from "./references.js";

/** What a fiber waits for. */
export const Waits = {
  nothing: 0,
  hostCall: 1,
  notification: 2,
  /** An unwind stands between two frames: zeros are due as the results of the call. */
  unwind: 3,
} as const;

/** A fiber that has an end: nobody can go on in it. */
export const isOver = ({ status }: Pick<Fiber, "status">): boolean =>
  status === "done" || status === "dead";

/** @throws SnapshotError where JavaScript stands between the fibers of a chain, or runs above it */
export function checkChain(innermost: Fiber): void {
  let outermost = innermost;
  while (outermost.parent !== null) outermost = outermost.parent;
  const { resumer } = outermost;
  if (resumer !== null && !isOver(resumer)) {
    const names = (fiber: Fiber) =>
      stackOf(fiber)
        .map(({ name, offset }) => `${name} at byte ${hex(offset)}`)
        .join(", ");
    throw new SnapshotError(
      `JavaScript frames cannot be saved: a function of the host called back into wasm ` +
        `(${names(innermost)}; called by the host for ${names(resumer)})`,
    );
  }
  if (innermost.status === "running")
    throw new SnapshotError("the machine is running: it must pause, or wait for the host, first");
}

/** The section's three parts: positions, what fibers are, and what is in them. */
export class FiberWriter {
  private readonly positions = new Positions();
  private readonly ids = new Map<Position, number>();
  private readonly parts = [new ByteWriter(), new ByteWriter(), new ByteWriter()] as const;

  constructor(private readonly graph: Graph) {}

  finish(): Uint8Array<ArrayBuffer> {
    const w = new ByteWriter();
    const [positions, heads, bodies] = this.parts;
    w.uint(this.ids.size);
    w.raw(positions.bytes);
    w.uint(this.graph.fibers.list.length);
    w.raw(heads.bytes);
    w.raw(bodies.bytes);
    return w.bytes;
  }

  write(fiber: Fiber): void {
    const { graph } = this;
    const [, head, w] = this.parts;
    const { resumer, parent, begun, entry, hostCall: call, depth } = fiber;
    head.uint(fiber.id);
    head.flag(fiber.root);
    head.flag(parent !== null);
    if (parent !== null) head.uint(graph.fibers.idOf(resumer!));

    w.flag(begun);
    writeFunction(w, graph, entry!);
    const frames = fiber.frames.slice(0, depth);
    for (const { func, pc } of frames) this.positions.want(func, offsetOfPc(codeOf(func), pc));
    let fp = 0;
    w.list(frames, (frame) => {
      if (frame.fp !== fp) wrong(frame.func, `starts at word ${frame.fp}, not ${fp}`);
      this.frame(fiber, frame);
      fp = frame.sp;
    });
    const top = depth === 0 ? undefined : this.positionOf(fiber.top);
    if (fiber.due >= 0) w.byte(Waits.unwind);
    else if (call === null || fiber.status !== "waiting") w.byte(Waits.nothing);
    else if (top !== undefined && isWait(top.mnemonic)) w.byte(Waits.notification);
    else {
      w.byte(Waits.hostCall);
      writeFunction(w, graph, call.func);
      for (const value of call.args) writeValue(w, graph, value);
    }
    const given = givenTypes(fiber, top);
    w.list(readSlots(fiber, fp, given), (value) => writeValue(w, graph, value));
  }

  private frame(fiber: Fiber, frame: Frame): void {
    const { func, fp, sp, caught } = frame;
    const { graph } = this;
    const w = this.parts[2];
    const position = this.positionOf(frame);
    w.uint(this.idOf(func, position));
    let word = fp;
    for (const type of [...position.locals, ...position.operands]) {
      writeValue(w, graph, readSlot(fiber, word, type));
      word += wordsOf(type as ValType);
    }
    if (word !== sp) wrong(func, `ends at word ${sp}, not ${word}`);
    for (const place of position.catches) writeReference(w, graph, caught![place]!);
  }

  private idOf(func: FuncInstance, position: Position): number {
    let id = this.ids.get(position);
    if (id === undefined) {
      this.ids.set(position, (id = this.ids.size));
      writeFunction(this.parts[0], this.graph, func);
      this.parts[0].uint(position.offset);
    }
    return id;
  }

  private positionOf({ func, pc }: Frame): Position {
    const offset = offsetOfPc(codeOf(func), pc);
    return this.positions.at(func, offset) ?? wrong(func, `stands at byte ${offset}`);
  }
}

function wrong(func: FuncInstance, what: string): never {
  throw new CrashError(`a frame of ${func.name} ${what}`);
}

/** The types of what a fiber was given already for when it begins or goes on. */
function givenTypes(fiber: Fiber, top: Position | undefined): readonly ValType<DefType>[] {
  if (!fiber.begun && fiber.root) return fiber.entry!.signature.params;
  const all = fiber.begun
    ? top === undefined
      ? []
      : (suspendResults(fiber.top.func, top) ?? [])
    : fiber.entry!.signature.params;
  let words = 0;
  let count = 0;
  for (; words < fiber.bound; count++) words += wordsOf(all[count]! as ValType);
  return all.slice(0, count);
}
