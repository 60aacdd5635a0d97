// What there is of asyncify to a thread: the state, and the records of its frames with the
// bytes that they are made of.

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import type { StackFrame } from "../../debug/stacks.js";
import { stateName } from "../../fiber/asyncify/events.js";
import { hex, hexByte } from "../../util/hex.js";
import { memoryReference } from "./addresses.js";
import type { Debuggee, FrameHandle } from "./debuggee.js";
import type { Container } from "./variables.js";

type Variable = P.Variable;

/** Null where the program has nothing to do with asyncify. */
export function asyncifyScope(debuggee: Debuggee, { stack }: FrameHandle): Container | null {
  const { asyncify } = debuggee.debug;
  const records = stack.frames.filter(({ record }) => record !== null);
  if (asyncify === null && records.length === 0) return null;
  return {
    variables: () => [
      ...stateVariables(debuggee),
      ...(stack.continuation === null ? [] : [pointer("continuation", stack.continuation)]),
      ...records.map((frame) => recordVariable(debuggee, frame)),
    ],
  };
}

function stateVariables({ debug: { asyncify } }: Debuggee): Variable[] {
  if (asyncify === null) return [];
  const state = { name: "state", value: stateName(asyncify.state), variablesReference: 0 };
  const { data, pos, end } = asyncify.records.look();
  // Nobody has unwound yet.
  if (data === 0) return [state];
  return [state, pointer("data", data), ...(pos === null ? [] : [pointer("position", pos)]), ...(end === null ? [] : [pointer("end", end)])]; // prettier-ignore
}

const pointer = (name: string, address: number): Variable => ({
  name,
  value: hex(address),
  type: "pointer",
  variablesReference: 0,
  memoryReference: memoryReference(0, address),
});

function recordVariable(debuggee: Debuggee, { record }: StackFrame): Variable {
  const { name, callIndex, address, size, data } = record!;
  const inside: Container = {
    variables: () => [
      plain("call", String(callIndex)),
      pointer("address", address),
      plain("size", String(size)),
      pointer("data", data),
      plain("bytes", bytesText(debuggee, address, size)),
    ],
  };
  return {
    name,
    value: `call ${callIndex}, ${size} bytes at ${hex(address)}`,
    type: "record",
    variablesReference: debuggee.containers.create(inside),
    memoryReference: memoryReference(0, address),
  };
}

const plain = (name: string, value: string): Variable => ({ name, value, variablesReference: 0 });

/** The records' memory may be one of its own. */
function bytesText({ debug, instance }: Debuggee, address: number, size: number): string {
  const memory = debug.asyncify?.records.memory ?? instance.memories[0];
  if (memory === undefined || address + size > memory.view.byteLength) return "out of bounds";
  return [...memory.part(address, size)].map(hexByte).join(" ");
}
