// What the page shows of a machine at one moment: plain data, made in the worker.

export type State = "normal" | "unwinding" | "rewinding";

export interface ShownValue {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

export interface ShownFrame {
  readonly name: string;
  /** Byte offset of the instruction at which it stands. */
  readonly offset: number;
  readonly instruction: string;
  /** Of the source, from 1; null where it is not known. */
  readonly line: number | null;
  readonly locals: readonly ShownValue[];
  readonly operands: readonly ShownValue[];
  /** Read from this record of a continuation; null for a frame that stands on the stack. */
  readonly record: { readonly address: number; readonly size: number } | null;
}

export interface ShownFiber {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  /** The one that moves. */
  readonly current: boolean;
  /** Innermost first. */
  readonly frames: readonly ShownFrame[];
}

export interface ShownRegion {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  /** Chooses the colour. */
  readonly kind: "data" | "stack" | "asyncify" | "record" | "other";
}

export interface ShownMemory {
  /** Address of the first byte, and how many the memory has in all. */
  readonly start: number;
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly regions: readonly ShownRegion[];
  /** Addresses among them that the last move changed. */
  readonly changed: readonly number[];
}

/** How the program ended. */
export interface ShownEnd {
  readonly kind: "returned" | "trapped" | "threw" | "stopped";
  readonly text: string;
}

/** What the checker found. */
export interface ShownFinding {
  /** Instructions executed when it was found. */
  readonly time: number;
  readonly fiber: number;
  readonly code: string;
  readonly message: string;
  /** All of it, in lines, as `bobbin check` writes it. */
  readonly text: string;
}

export interface View {
  /** Instructions executed, of all that are known so far. */
  readonly time: number;
  readonly length: number;
  /** Whether the program has been run to its end, so that `length` is final. */
  readonly complete: boolean;
  readonly state: State;
  readonly fibers: readonly ShownFiber[];
  readonly globals: readonly ShownValue[];
  readonly memory: ShownMemory | null;
  /** The last lines of the log, and how many came before them. */
  readonly log: { readonly lines: readonly string[]; readonly before: number };
  /** Of the whole run; null where there was nothing to check. */
  readonly findings: readonly ShownFinding[] | null;
  readonly end: ShownEnd | null;
  /** The event that was the last one, as `bobbin trace` tells it. */
  readonly event: string | null;
}

/** One pixel column of a lane, or several. */
export interface Span {
  readonly from: number;
  readonly to: number;
}
export interface Mark {
  readonly time: number;
  readonly kind: "switch" | "unwind" | "rewind" | "record" | "host" | "finding";
  readonly text: string;
  /** How many events it stands for. */
  readonly count: number;
}
export interface Lane {
  readonly fiber: number;
  readonly name: string;
  readonly on: readonly Span[];
  readonly marks: readonly Mark[];
}
export interface Timeline {
  readonly from: number;
  readonly to: number;
  readonly lanes: readonly Lane[];
  /** Fibers that have no lane, because there are too many. */
  readonly hidden: number;
  readonly states: readonly (Span & { readonly state: State })[];
}

/** A line of the disassembly. */
export interface CodeLine {
  readonly offset: number;
  readonly text: string;
  readonly depth: number;
}
export interface CodeOf {
  readonly name: string;
  readonly lines: readonly CodeLine[];
}
