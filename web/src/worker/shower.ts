// What is looked at, as plain data for the page.

import {
  disassembleFunction,
  formatValue,
  getGlobal,
  type FuncInstance,
} from "../../../src/index.js";
import { ownerOf, regionsOf, type Region } from "../../../src/debug/regions.js";
import type { DebugSession } from "../../../src/debug/session.js";
import type { FiberStack, StackFrame } from "../../../src/debug/stacks.js";
import type { TypedValue } from "../../../src/debug/views.js";
import type { RunLog } from "./run-log.js";
import type { CodeOf, ShownEnd, ShownFiber, ShownFrame, ShownMemory, ShownRegion, ShownValue, View } from "./view.js"; // prettier-ignore

/** Bytes of memory on the page. */
const WINDOW = 256;
/** Frames of one fiber, and bytes of memory compared for changes. */
const MAX_FRAMES = 100;

export class Shower {
  private address = 0;
  /** Whether the reader chose where to look; else it follows the records. */
  private chosen = false;
  private before: { readonly address: number; readonly bytes: Uint8Array } | null = null;
  private stacks: readonly FiberStack[] = [];

  constructor(
    private readonly session: DebugSession,
    private readonly log: RunLog,
  ) {}

  look(address: number): void {
    this.address = address - (address % 16);
    this.chosen = true;
  }

  view(): View {
    const { session, log } = this;
    const { machine, end } = session;
    const stacks = session.stacks();
    // What the program left suspended is still there.
    this.stacks =
      end?.kind === "returned" ? stacks.filter(({ status }) => status === "suspended") : stacks;
    const { logical } = session;
    const time = machine.executed;
    return {
      time,
      length: log.length,
      complete: true,
      state: log.stateAt(time),
      fibers: this.stacks.map((stack) => shownFiber(stack, logical, log.nameOf(stack.id))),
      globals: this.globals(),
      memory: this.memory(),
      log: log.linesUntil(time),
      findings: log.findings,
      end: end === null ? null : this.end(),
      event: log.eventText(time),
    };
  }

  private end(): ShownEnd | null {
    return this.log.end;
  }

  private globals(): ShownValue[] {
    const { instance } = this.session;
    const { names } = instance.module;
    return instance.globals.slice(0, 50).map((global, index) => {
      const value = getGlobal(global);
      const name = names.globals.get(index) ?? `global ${index}`;
      return { name, type: typeText(value.type), value: plain(formatValue(value)) };
    });
  }

  private memory(): ShownMemory | null {
    const { session } = this;
    const memory = session.instance.memories[0];
    if (memory === undefined || memory.view.byteLength === 0) return null;
    const size = memory.view.byteLength;
    const regions = regionsOf(session);
    if (!this.chosen) this.address = this.interesting(regions);
    const start = Math.min(this.address, Math.max(0, size - WINDOW));
    const bytes = memory.part(start, Math.min(WINDOW, size - start)).slice();
    const changed: number[] = [];
    if (this.before?.address === start)
      bytes.forEach((byte, i) => {
        if (this.before!.bytes[i] !== byte) changed.push(start + i);
      });
    this.before = { address: start, bytes };
    return { start, size, bytes, regions: regions.slice(0, 60).map(shownRegion), changed };
  }

  /** Where the records are, else where data is. */
  private interesting(regions: readonly Region[]): number {
    const found =
      regions.find(({ kind }) => kind === "record") ??
      regions.find(({ kind }) => kind === "asyncify") ??
      regions.find(({ kind }) => kind === "data");
    const here = ownerOf(regions, this.address);
    if (found === undefined || here?.kind === found.kind) return this.address;
    return found.start - (found.start % 16);
  }

  code(fiber: number, level: number): CodeOf | null {
    const frame = this.stacks.find(({ id }) => id === fiber)?.frames[level];
    return frame === undefined ? null : codeOf(frame.func);
  }
}

function codeOf(func: FuncInstance): CodeOf {
  const { module } = func.instance!;
  const lines = disassembleFunction(module, func.index).map(({ offset, text, depth }) => ({
    offset,
    text,
    depth,
  }));
  return { name: func.name, lines };
}

function shownFiber(stack: FiberStack, logical: number, named: string): ShownFiber {
  const { id, status, frames } = stack;
  // A continuation that belongs to no fiber says so itself.
  const name = id < 0 ? stack.name : named;
  return {
    id,
    name,
    status,
    current: status === "on" || id === logical,
    frames: frames.slice(0, MAX_FRAMES).map(shownFrame),
  };
}

function shownFrame({ func, position, record, locals, operands }: StackFrame): ShownFrame {
  return {
    name: func.name,
    offset: position?.offset ?? 0,
    instruction: position?.instruction ?? "",
    line: position?.source?.line ?? null,
    locals: (locals ?? []).map(shownValue),
    operands: (operands ?? []).map(shownValue),
    record: record === null ? null : { address: record.address, size: record.size },
  };
}

const typeText = (type: unknown): string => (typeof type === "string" ? type : "ref");
/** Without its type, which stands beside it. */
const plain = (text: string): string => text.replace(/^[a-z]\w*:/, "");

const shownValue = ({ index, name, type, value }: TypedValue): ShownValue => ({
  name: name ?? String(index),
  type: typeText(type),
  value: plain(formatValue(value)),
});

const KINDS = {
  data: "data",
  "shadow stack": "stack",
  asyncify: "asyncify",
  record: "record",
} as const;

const shownRegion = ({ kind, start, end, label }: Region): ShownRegion => ({
  start,
  end,
  name: label,
  kind: KINDS[kind],
});
