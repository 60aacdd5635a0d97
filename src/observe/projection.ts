// From what can be observed of a running twin to the events of the plain module.
// Observed are entries and exits of its functions (needed only while the state is
// not normal), its runtime functions, and the calls between it and its host.
//
// Pushing and popping happen inside instrumented functions, between two observations:
//   push  the function is left while unwinding, and `pos` has moved since the last one;
//   pop   the function is entered while rewinding: at the next one `pos` has moved.
// Un-instrumented functions may move `pos` too (a fiber switch does): that is no record.

import { stateName, type AsyncifyStack, type RuntimeName } from "./events.js";
import type { TraceEvent } from "./events.js";
import { digestOfRun, DigestSchedule, Intervals } from "./digest.js";

const UNWINDING = 1;
const REWINDING = 2;

/** The twin while it runs. */
export interface TwinView {
  readonly state: number;
  readonly data: number;
  readonly sp: number | null;
  /** An unsigned word of the memory that holds the records; null out of its bounds. */
  word(address: number): number | null;
  /** The same for a pointer, which has the size of that memory's addresses. */
  pointer(address: number): number | null;
  /** Memory as the program uses it, to take digests of; and the one with the records, where that is another. */
  bytes(): Uint8Array;
  recordBytes(): Uint8Array | null;
}

/** A function of the twin, as the plain module knows it. */
export interface ProjectedFunction {
  readonly index: number;
  readonly name: string;
  readonly instrumented: boolean;
}

export interface ProjectionOptions {
  readonly view: TwinView;
  /** By function index of the twin. */
  readonly functions: ReadonlyMap<number, ProjectedFunction>;
  readonly runtime: ReadonlyMap<number, readonly RuntimeName[]>;
  readonly pointerSize: 4 | 8;
  /** Take a digest of memory at each runtime event. */
  readonly digest?: boolean;
  readonly onEvent?: ((event: TraceEvent) => void) | undefined;
}

/** An instrumented twin that is between two observations, to be put back: what was told since is forgotten. */
export interface SavedProjection {
  readonly pos: number | null;
  readonly popping: ProjectedFunction | null;
  readonly acting: { names: readonly RuntimeName[]; argument: number; before: number } | null;
}

export class TwinProjection {
  readonly events: TraceEvent[] = [];
  /** S by plain function index: bytes of a record behind its index word. */
  readonly sizes = new Map<number, number>();
  /** The payload bytes of all records pushed so far. */
  readonly payloads = new Intervals();
  private readonly schedule = new DigestSchedule();
  private pos: number | null = null;
  /** An instrumented function was entered while rewinding: it pops before anything else happens. */
  private popping: ProjectedFunction | null = null;
  /** A runtime function was entered: it reports when it is left, or has trapped. */
  private acting: SavedProjection["acting"] = null;

  constructor(private readonly options: ProjectionOptions) {}

  get state(): number {
    return this.options.view.state;
  }

  save(): SavedProjection {
    const { pos, popping, acting } = this;
    return { pos, popping, acting };
  }
  restore({ pos, popping, acting }: SavedProjection): void {
    this.events.length = 0;
    this.pos = pos;
    this.popping = popping;
    this.acting = acting;
  }

  enter(func: number): void {
    const { view, functions } = this.options;
    this.observe();
    const entered = functions.get(func);
    if (entered?.instrumented === true && view.state === REWINDING) this.popping = entered;
  }

  /** The function returned: a trap is no way of leaving. */
  leave(func: number): void {
    const { view, functions } = this.options;
    const before = this.pos;
    const left = functions.get(func);
    if (this.popping !== null || left?.instrumented !== true || view.state !== UNWINDING)
      return this.observe();
    this.pos = view.pointer(view.data);
    if (before !== null && this.pos !== null && this.pos !== before)
      this.push(left, before, this.pos - before);
  }

  /** @param argument the data pointer, unsigned; 0 where the function takes none */
  enterRuntime(func: number, argument: number): void {
    this.observe();
    const names = this.options.runtime.get(func)!;
    this.acting = { names, argument, before: this.options.view.state };
  }

  leaveRuntime(): void {
    this.observe();
  }

  /** Something else is about to be told: whatever is not yet, comes before it. */
  observe(): void {
    const { view } = this.options;
    const before = this.pos;
    this.pos = view.pointer(view.data);
    if (this.acting !== null) this.act(this.acting);
    const { popping } = this;
    this.popping = null;
    if (popping !== null && before !== null && this.pos !== null && this.pos !== before)
      this.record("pop", popping, this.pos, before - this.pos);
  }

  emit(event: TraceEvent): void {
    this.events.push(event);
    this.options.onEvent?.(event);
  }

  digest(): number {
    const { view } = this.options;
    return digestOfRun(view.bytes(), view.recordBytes(), this.payloads);
  }

  private push(func: ProjectedFunction, address: number, size: number): void {
    this.sizes.set(func.index, size - 4);
    this.payloads.add(address + 4, address + size);
    this.record("push", func, address, size);
  }

  private record(type: "push" | "pop", func: ProjectedFunction, address: number, size: number) {
    const { index, name } = func;
    const callIndex = (this.options.view.word(address) ?? 0) | 0;
    this.emit({ type, func: index, name, callIndex, address, size, ...this.stack() });
  }

  private act({ names, argument, before }: NonNullable<typeof this.acting>): void {
    this.acting = null;
    const name = nameAmong(names, before);
    this.emit({
      type: "runtime",
      name,
      argument: name.startsWith("start_") ? argument : null,
      before: stateName(before),
      after: stateName(this.options.view.state),
      ...this.stack(),
      ...(this.options.digest === true && this.schedule.due() ? { digest: this.digest() } : {}),
    });
  }

  private stack(): AsyncifyStack {
    const { view, pointerSize } = this.options;
    const { data, sp } = view;
    return { data, pos: view.pointer(data), end: view.pointer(data + pointerSize), sp };
  }
}

/** Of functions that an optimizer found equal, the one that makes sense in this state. */
function nameAmong(names: readonly RuntimeName[], state: number): RuntimeName {
  const likely = state === REWINDING ? "stop_rewind" : "stop_unwind";
  return names.length > 1 && names.includes(likely) ? likely : names[0]!;
}
