// Breakpoints of one module instance: instructions that a run stops before.

import { addBreak, removeBreak } from "../exec/breaks.js";
import { pcOfOffset } from "../exec/code.js";
import { codeOf } from "../exec/lower.js";
import type { FrameView } from "../exec/fiber.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import { findFunction } from "./names.js";
import { type Position, positionAt } from "./views.js";

export interface Breakpoint extends Position {
  readonly id: number;
}

export class Breakpoints {
  private readonly list: Breakpoint[] = [];
  private readonly byFunc = new Map<FuncInstance, Map<number, Breakpoint>>();
  private nextId = 1;

  constructor(private readonly instance: ModuleInstance) {}

  get all(): readonly Breakpoint[] {
    return this.list;
  }

  /**
   * @param place a function (index or name), `FUNC+0x12`, a byte offset `0x1f`, or a line of source `FILE:12`
   * @throws UsageError where no instruction stands there
   */
  add(place: string): Breakpoint {
    const { func, offset } = this.resolve(place);
    const code = codeOf(func);
    const pc = pcOfOffset(code, offset);
    if (pc < 0) throw new UsageError(`no instruction at or after byte ${hex(offset)}`);
    const at = this.byFunc.get(func) ?? new Map<number, Breakpoint>();
    this.byFunc.set(func, at);
    const known = at.get(pc);
    if (known !== undefined) return known;
    const exact = code.offsets[code.starts.indexOf(pc)]!;
    const breakpoint = { id: this.nextId++, ...positionAt(func, exact) };
    at.set(pc, breakpoint);
    addBreak(func, pc);
    this.list.push(breakpoint);
    return breakpoint;
  }

  /** @throws UsageError where there is none with this id */
  delete(id: number): void {
    const index = this.list.findIndex((b) => b.id === id);
    if (index < 0) throw new UsageError(`there is no breakpoint ${id}`);
    const [{ func }] = this.list.splice(index, 1) as [Breakpoint];
    const at = this.byFunc.get(func)!;
    for (const [pc, breakpoint] of at) {
      if (breakpoint.id !== id) continue;
      at.delete(pc);
      removeBreak(func, pc);
    }
    if (at.size === 0) this.byFunc.delete(func);
  }

  deleteAll(): void {
    this.list.length = 0;
    for (const [func, at] of this.byFunc) for (const pc of at.keys()) removeBreak(func, pc);
    this.byFunc.clear();
  }

  /** The breakpoint before the instruction at which a frame stands. */
  at(frame: FrameView): Breakpoint | undefined {
    return this.byFunc.get(frame.func)?.get(frame.pc);
  }

  private resolve(place: string): { func: FuncInstance; offset: number } {
    if (/^0x[\da-f]+$/i.test(place)) return this.atOffset(Number(place));
    const line = /^(.+):(\d+)$/.exec(place);
    if (line !== null) return this.atLine(line[1]!, Number(line[2]));
    const [, name = place, distance = "0"] = /^(.+)\+(0x[\da-f]+|\d+)$/i.exec(place) ?? [];
    const { module } = this.instance;
    const func = this.defined(findFunction(module, name));
    const { body } = module.functions[func.index - module.imported.func]!;
    const offset = body.offset + Number(distance);
    if (offset < body.end) return { func, offset };
    throw new UsageError(`${func.name} has ${body.end - body.offset} bytes of code`);
  }

  private atOffset(offset: number): { func: FuncInstance; offset: number } {
    const { functions, imported } = this.instance.module;
    const at = functions.findIndex(({ body }) => offset >= body.offset && offset < body.end);
    if (at < 0) throw new UsageError(`byte ${hex(offset)} is in no function`);
    return { func: this.defined(imported.func + at), offset };
  }

  /** The first instruction of a line of source. */
  private atLine(file: string, line: number): { func: FuncInstance; offset: number } {
    const [offset] = this.instance.module.lines?.offsets(file, line) ?? [];
    if (offset !== undefined) return this.atOffset(offset);
    throw new UsageError(`no instruction comes from line ${line} of ${file}`);
  }

  private defined(index: number): FuncInstance {
    const func = this.instance.funcs[index]!;
    if (func.instance !== null) return func;
    throw new UsageError(`${func.name} is imported: it has no code to stop in`);
  }
}
