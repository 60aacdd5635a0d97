// What the checker says: one finding, self-contained, of plain data.

import type { AsyncifyStack, AsyncifyState } from "../events.js";
import type { CheckCode } from "./codes.js";

/** A place in the code: byte offset in the module, and the mnemonic that stands there. */
export interface Place {
  readonly func: number;
  readonly name: string;
  readonly offset: number;
  readonly instruction: string;
  /** Where that was written, of modules made from assembly. */
  readonly source?: string;
  /** Binaryen's call index, where the place is a call that a record is about. */
  readonly callIndex?: number;
}

/** The earlier event that the finding is in conflict with. */
export interface OtherParty {
  /** Its number, as `bobbin trace` prints it. */
  readonly event: number;
  readonly text: string;
}

/** A word of a record (or what is left at its end) that was not what was pushed. */
export interface ChangedWord {
  /** Where it lies: of a record that was copied, the copy's. */
  readonly address: number;
  /** 1 to 4 bytes. */
  readonly size: number;
  /** Numbers of the events: where its record was pushed, and the last one before it was found changed. */
  readonly pushed: number;
  readonly found: number;
}

/** What changed a word last. */
export interface Writer {
  /** The instruction; null where the host did it. */
  readonly where: Place | null;
  /** `the host`, or `the host in env.sleep` where it was called. */
  readonly host: string | null;
  /** Number of the last event before. */
  readonly event: number;
}

/** The asyncify state and the stack when it was found. */
export interface MachineState extends AsyncifyStack {
  readonly state: AsyncifyState;
  /** The wasm stack, innermost frame first: of deep ones, the innermost frames. */
  readonly stack: readonly Place[];
  /** Frames in all. */
  readonly frames: number;
}

export interface Finding {
  readonly code: CheckCode;
  /** What happened, in one sentence with names and numbers. */
  readonly message: string;
  /** Number of the event at which it was found, as `bobbin trace` prints it; null for static findings. */
  readonly event: number | null;
  /** The program's fiber that was on: 0 is the main one. */
  readonly fiber: number;
  readonly where: Place | null;
  readonly other: OtherParty | null;
  readonly machine: MachineState | null;
  /** Where the finding is of a record that somebody changed. */
  readonly changed: ChangedWord | null;
  /** Who did: known in a second run only (`CheckerOptions.watch`). */
  readonly writer: Writer | null;
  /** How often the same was found at the same place: only the first time is told. */
  readonly count: number;
}
