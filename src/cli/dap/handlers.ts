// All requests that a program answers.

import { breakpointHandlers } from "./breakpoints.js";
import { dataBreakpointHandlers } from "./data-breakpoints.js";
import { disassembleHandlers } from "./disassemble.js";
import { evaluateHandlers } from "./evaluate.js";
import { exceptionHandlers } from "./exceptions.js";
import { memoryHandlers } from "./memory.js";
import type { Handlers } from "./protocol.js";
import { sourceHandlers } from "./sources.js";
import { steppingHandlers } from "./stepping.js";
import { threadHandlers } from "./threads.js";
import { editHandlers, variableHandlers } from "./variables.js";

export const handlers: Handlers = {
  ...breakpointHandlers,
  ...dataBreakpointHandlers,
  ...disassembleHandlers,
  ...evaluateHandlers,
  ...editHandlers,
  ...exceptionHandlers,
  ...memoryHandlers,
  ...sourceHandlers,
  ...steppingHandlers,
  ...threadHandlers,
  ...variableHandlers,
};
