// What can be seen of a program that unwinds and rewinds, as one flat sequence of
// events. Every oracle (Bobbin on the plain module, Bobbin or a real engine on the
// instrumented twin) tells its run in these, so that runs can be compared, and the
// trace prints them. Function indices and names are those of the plain module.

import type { SwitchEvent } from "../fiber/abi/events.js";
import type { AsyncifyEvent, AsyncifyState } from "../fiber/asyncify/events.js";
import type { Value } from "../runtime/values.js";

export * from "../fiber/asyncify/events.js";
export type { SwitchEvent } from "../fiber/abi/events.js";

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
/** The program ended itself in that call. */
export interface ExitEvent {
  readonly type: "exit";
  readonly name: string;
  /** An unsigned number of 32 bits. */
  readonly code: number;
}
/** The module calls an imported function. */
export interface HostEvent {
  readonly type: "host";
  readonly module: string;
  readonly name: string;
  readonly args: readonly Value[];
}
/** That function returned. What happened in between stands between the two. */
export interface HostReturnEvent {
  readonly type: "host return";
  readonly module: string;
  readonly name: string;
  readonly results: readonly Value[];
}
export type TraceEvent =
  | CallEvent
  | ReturnEvent
  | TrapEvent
  | ExitEvent
  | HostEvent
  | HostReturnEvent
  | AsyncifyEvent
  | SwitchEvent;
