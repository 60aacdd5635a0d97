// Breakpoints on data: stops after something was written to, by the program, by the host or
// by asyncify.

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import { targetText, type WatchTarget, watchTarget } from "../../debug/watch.js";
import { UsageError } from "../../util/errors.js";
import { memoryAt } from "./addresses.js";
import type { Wanted } from "./breakpoint-table.js";
import type { Debuggee } from "./debuggee.js";
import type { Handlers } from "./protocol.js";
import { scopeOf } from "./evaluate.js";
import { containerOf } from "./variables.js";

export const dataBreakpointHandlers: Handlers = {
  dataBreakpointInfo(debuggee, args) {
    debuggee.requireStopped();
    let target: WatchTarget;
    try {
      target = targetOf(debuggee, args);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return { dataId: null, description: error.message };
    }
    return {
      // What is in a frame means nothing without the frame.
      dataId: JSON.stringify(target),
      description: targetText(target, debuggee.instance),
      accessTypes: ["write"],
      canPersist: target.kind !== "local",
    };
  },

  setDataBreakpoints(debuggee, { breakpoints }) {
    const wanted = breakpoints.map(({ dataId, accessType, ...options }): Wanted => ({
      specs: () => {
        if (accessType !== undefined && accessType !== "write")
          throw new UsageError("only writes can be waited for");
        return [{ kind: "watch", target: parseTarget(debuggee, dataId) }];
      },
      options,
    }));
    return { breakpoints: debuggee.setBreakpoints("data", wanted) };
  },
};

function targetOf(
  debuggee: Debuggee,
  { variablesReference, name, frameId, bytes, asAddress }: P.DataBreakpointInfoArguments,
): WatchTarget {
  if (asAddress === true) return memoryTarget(debuggee, name, bytes ?? 1);
  if (variablesReference === undefined || variablesReference === 0)
    return watchTarget(name, scopeOf(debuggee, frameId));
  const target = containerOf(debuggee, variablesReference).target?.(name);
  if (target == null) throw new UsageError(`${name} cannot be watched`);
  return target;
}

/** @throws UsageError out of bounds */
function memoryTarget(debuggee: Debuggee, reference: string, size: number): WatchTarget {
  const { index, memory, address } = memoryAt(debuggee, reference);
  if (size < 1 || address < 0 || address + size > memory.view.byteLength)
    throw new UsageError(`${size} bytes at ${reference} are out of bounds`);
  return { kind: "memory", memory: index, address, size };
}

/** Identifiers come back from the client, maybe in another session: they may be anything. */
function parseTarget(debuggee: Debuggee, dataId: string): WatchTarget {
  let found: unknown;
  try {
    found = JSON.parse(dataId);
  } catch {
    throw new UsageError(`${dataId} is nothing that can be watched`);
  }
  const target = checked(debuggee, found as Partial<Record<string, unknown>> | null);
  if (target === null) throw new UsageError(`${dataId} is not there in this program`);
  return target;
}

function checked(
  { instance: { memories, tables, globals, funcs } }: Debuggee,
  target: Partial<Record<string, unknown>> | null,
): WatchTarget | null {
  const { kind, memory, address, table, index, size, func, depth } = target ?? {};
  const is = (n: unknown, below: number): n is number => Number.isSafeInteger(n) && (n as number) >= 0 && (n as number) < below; // prettier-ignore
  const fits = (start: unknown, length: number) =>
    is(start, length) && is(size, Infinity) && size > 0 && start + size <= length;
  const good =
    kind === "memory"
      ? is(memory, memories.length) && fits(address, memories[memory]!.view.byteLength)
      : kind === "table"
        ? is(table, tables.length) && fits(index, tables[table]!.elements.length)
        : kind === "global"
          ? is(index, globals.length)
          : kind === "local" &&
            is(func, funcs.length) &&
            is(index, Infinity) &&
            is(depth, Infinity);
  return good ? (target as unknown as WatchTarget) : null;
}
