// Commands of a script as plain data, in the shape of the JSON that `wast2json` and
// `json-from-wast` write; scripts in text are read into the same.

/** A constant, or what a result must be. */
export interface SuiteValue {
  /** `i32` and so on; a reference type; `either`. */
  readonly type: string;
  /** Decimal bits, of each lane for vectors; a class of NaNs; `null`; the host's number of a reference. */
  readonly value?: string | readonly string[];
  readonly lane_type?: string;
  /** `either`: alternatives. */
  readonly values?: readonly SuiteValue[];
}

export interface Action {
  readonly type: "invoke" | "get";
  readonly module?: string;
  readonly field: string;
  readonly args?: readonly SuiteValue[];
}

/** One command; fields by its type. */
export interface Command {
  readonly type: string;
  readonly line: number;
  readonly name?: string;
  readonly module?: string;
  readonly instance?: string;
  readonly as?: string;
  readonly filename?: string;
  readonly module_type?: "binary" | "text";
  readonly action?: Action;
  readonly expected?: readonly SuiteValue[];
  readonly text?: string;
  /** `thread`: the modules it shares with who starts it, and what it does. */
  readonly shared_module?: string | readonly string[];
  readonly commands?: readonly Command[];
  /** `wait`: for which thread. */
  readonly thread?: string;
}
