// Arguments of requests, as far as handlers rely on them: clients may be wrong, too.

import { UsageError } from "../../util/errors.js";
import type { Requests } from "./protocol.js";

type Kind = "number" | "string" | "object" | "list" | "boolean";
/** A question mark: it may be missing. Of a list, `each` says what its elements have. */
type Shape = { readonly [name: string]: Kind | `${Kind}?` | List };
interface List {
  readonly each: Shape;
  readonly optional?: true;
}

const THREAD: Shape = { threadId: "number", granularity: "string?" };
const SOURCE: Shape = { path: "string?", sourceReference: "number?" };
const OPTIONS: Shape = { condition: "string?", hitCondition: "string?", logMessage: "string?" };

const SHAPES: { readonly [C in keyof Requests]: Shape } = {
  breakpointLocations: { source: "object", line: "number", endLine: "number?" },
  completions: { text: "string", column: "number", frameId: "number?" },
  continue: THREAD,
  dataBreakpointInfo: {
    name: "string",
    variablesReference: "number?",
    frameId: "number?",
    bytes: "number?",
    asAddress: "boolean?",
  },
  disassemble: {
    memoryReference: "string",
    offset: "number?",
    instructionOffset: "number?",
    instructionCount: "number",
  },
  evaluate: { expression: "string", frameId: "number?", context: "string?", format: "object?" },
  exceptionInfo: {},
  loadedSources: {},
  modules: { startModule: "number?", moduleCount: "number?" },
  next: THREAD,
  pause: {},
  readMemory: { memoryReference: "string", offset: "number?", count: "number" },
  restartFrame: { frameId: "number" },
  reverseContinue: {},
  scopes: { frameId: "number" },
  setBreakpoints: {
    source: "object",
    breakpoints: { each: { line: "number", column: "number?", ...OPTIONS }, optional: true },
  },
  setDataBreakpoints: { breakpoints: { each: { dataId: "string", ...OPTIONS } } },
  setExceptionBreakpoints: {
    filters: "list",
    filterOptions: { each: { filterId: "string", condition: "string?" }, optional: true },
  },
  setExpression: { expression: "string", value: "string", frameId: "number?" },
  setFunctionBreakpoints: { breakpoints: { each: { name: "string", ...OPTIONS } } },
  setInstructionBreakpoints: {
    breakpoints: { each: { instructionReference: "string", offset: "number?", ...OPTIONS } },
  },
  setVariable: { variablesReference: "number", name: "string", value: "string", format: "object?" },
  source: { source: "object?", sourceReference: "number?" },
  stackTrace: { threadId: "number", startFrame: "number?", levels: "number?" },
  stepBack: THREAD,
  stepIn: THREAD,
  stepOut: THREAD,
  threads: {},
  variables: {
    variablesReference: "number",
    start: "number?",
    count: "number?",
    format: "object?",
  },
  writeMemory: { memoryReference: "string", offset: "number?", data: "string" },
};

/** @throws UsageError that names what is missing or wrong */
export function checkArguments(command: keyof Requests, args: unknown): void {
  check(command, SHAPES[command], args);
  const { source } = args as { source?: unknown };
  if (isObject(source)) check(`${command}: source`, SOURCE, source);
}

function check(where: string, shape: Shape, args: unknown): void {
  if (!isObject(args)) throw new UsageError(`${where}: an object is wanted`);
  for (const [name, wanted] of Object.entries(shape)) {
    const value = args[name];
    const isList = typeof wanted === "object";
    const optional = isList ? wanted.optional === true : wanted.endsWith("?");
    if (value === undefined && optional) continue;
    if (value === undefined) throw new UsageError(`${where}: ${name} is missing`);
    const kind = isList ? "list" : wanted.replace("?", "");
    if (kindOf(value) !== kind) throw new UsageError(`${where}: ${name} is no ${kind}`);
    if (isList)
      (value as unknown[]).forEach((each, i) =>
        check(`${where}: ${name}[${i}]`, wanted.each, each),
      );
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  kindOf(value) === "object";

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "list";
  return value === null ? "null" : typeof value === "number" && !Number.isSafeInteger(value) ? "odd number" : typeof value; // prettier-ignore
}
