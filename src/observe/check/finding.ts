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
  /** How often the same was found at the same place: only the first time is told. */
  readonly count: number;
}
