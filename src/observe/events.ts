// What can be seen of a program that unwinds and rewinds, as one flat sequence of
// events. Every oracle (Bobbin on the plain module, Bobbin or a real engine on the
// instrumented twin) tells its run in these, so that runs can be compared, and the
// trace prints them. Function indices and names are those of the plain module.

import type { Value } from "../runtime/values.js";

/** Binaryen's names for `__asyncify_state`. */
export type AsyncifyState = "normal" | "unwinding" | "rewinding";
export const stateName = (state: number): AsyncifyState =>
  state === 0 ? "normal" : state === 1 ? "unwinding" : "rewinding";

export type RuntimeName =
  "start_unwind" | "stop_unwind" | "start_rewind" | "stop_rewind" | "get_state";

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

/** The host calls an export. */
export interface CallEvent {
  readonly type: "call";
  readonly name: string;
  readonly args: readonly Value[];
}
/** That call returned, with the asyncify state it left behind. */
export interface ReturnEvent {
  readonly type: "return";
  readonly name: string;
  readonly results: readonly Value[];
  readonly state: AsyncifyState;
}
/** That call trapped, or a host function threw. `reason` is the spec's text, or `host exception`. */
export interface TrapEvent {
  readonly type: "trap";
  readonly name: string;
  readonly reason: string;
}
/** The module calls an imported function. `results` is missing where it threw. */
export interface HostEvent {
  readonly type: "host";
  readonly module: string;
  readonly name: string;
  readonly args: readonly Value[];
  readonly results?: readonly Value[];
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
}

export type AsyncifyEvent = RuntimeEvent | RecordEvent;
export type TraceEvent = CallEvent | ReturnEvent | TrapEvent | HostEvent | AsyncifyEvent;
