// What asyncify tells of itself: calls of the runtime functions, and records pushed
// and popped. Function indices and names are those of the plain module.

/** Binaryen's names for `__asyncify_state`. */
export type AsyncifyState = "normal" | "unwinding" | "rewinding";
export const stateName = (state: number): AsyncifyState =>
  state === 0 ? "normal" : state === 1 ? "unwinding" : "rewinding";

export const RUNTIME_NAMES = [
  "start_unwind",
  "stop_unwind",
  "start_rewind",
  "stop_rewind",
  "get_state",
] as const;
export type RuntimeName = (typeof RUNTIME_NAMES)[number];

/** Where the asyncify stack stands: the words at the data pointer. Null where they lie outside of memory. */
export interface AsyncifyStack {
  /** `__asyncify_data`. */
  readonly data: number;
  /** The word at `data`: the end of the records pushed so far. */
  readonly pos: number | null;
  /** The word after it: the bound of the buffer. */
  readonly end: number | null;
  /** `__stack_pointer`, where the module has one. */
  readonly sp: number | null;
}

/** A runtime function was called; the stack is seen after it acted. */
export interface RuntimeEvent extends AsyncifyStack {
  readonly type: "runtime";
  readonly name: RuntimeName;
  /** The data pointer given to start_*. */
  readonly argument: number | null;
  readonly before: AsyncifyState;
  readonly after: AsyncifyState;
  /** Digest of linear memory outside record payloads, where the observer was asked for it. */
  readonly digest?: number;
}
/** A frame's record was pushed or popped: `address` is where it starts, `size` counts its index word too. */
export interface RecordEvent extends AsyncifyStack {
  readonly type: "push" | "pop";
  readonly func: number;
  readonly name: string;
  readonly callIndex: number;
  readonly address: number;
  readonly size: number;
  /** Whether a tail call led to the frame: then the record names its function, whatever is called to rewind it. */
  readonly tail?: true;
}

export type AsyncifyEvent = RuntimeEvent | RecordEvent;
