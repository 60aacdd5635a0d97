// What the host of a run did, from the run's events: the exports that it called, at the
// top and within calls of its imports, and what these answered.

import { functionTypeIndex, importsOf, type Module } from "../syntax/module.js";
import type { FuncType, NumType, ValType } from "../syntax/types.js";
import type { Value } from "../runtime/values.js";
import type { ToldRun } from "./told-run.js";

/** A host that cannot be replayed; the message says why, after "not replayed:". */
export class NotReplayable extends Error {
  override readonly name = "NotReplayable";
}

export interface Signature {
  readonly params: readonly NumType[];
  readonly results: readonly NumType[];
}

export const isNumber = (type: ValType): type is NumType =>
  typeof type === "string" && type !== "v128";

/** @throws NotReplayable where something else than numbers is passed */
export function signatureOf(module: Module, typeIndex: number, what: string): Signature {
  const { params, results } = module.types[typeIndex]!.comp as FuncType;
  if (params.every(isNumber) && results.every(isNumber)) return { params, results };
  throw new NotReplayable(`${what} passes what is no number`);
}

export interface ExportCall {
  readonly name: string;
  /** Function index in the twin. */
  readonly index: number;
  readonly args: readonly Value[];
  readonly results: readonly NumType[];
  /** One of asyncify's own functions: no event tells of such calls. */
  readonly runtime: boolean;
}

/** One call of an import. */
export interface Activation {
  readonly actions: readonly ExportCall[];
  readonly results: readonly Value[];
}

export interface Plan {
  /** At the top. */
  readonly top: readonly ExportCall[];
  /** Within imports, of all of them. */
  readonly calls: readonly ExportCall[];
  /** By import of a function, in order. */
  readonly activations: readonly (readonly Activation[])[];
}

interface OpenActivation {
  readonly actions: ExportCall[];
  results: readonly Value[];
}

/** @throws NotReplayable */
export function actionsOf(twin: Module, { events }: ToldRun): Plan {
  const top: ExportCall[] = [];
  const calls: ExportCall[] = [];
  const imports = importsOf(twin, "func");
  const activations: OpenActivation[][] = imports.map(() => []);
  /** Who is at work: the host, in an import or (null) at the top; or the program. */
  const stack: ("program" | OpenActivation | null)[] = [null];

  const act = (call: ExportCall): void => {
    const host = stack.at(-1);
    if (host === null) top.push(call);
    else if (typeof host === "object") {
      host.actions.push(call);
      calls.push(call);
    }
  };
  const callOf = (name: string, args: readonly Value[], runtime: boolean): ExportCall => {
    const found = twin.exports.find((e) => e.kind === "func" && e.name === name);
    if (found === undefined) throw new NotReplayable(`the twin exports no function ${name}`);
    const { index } = found;
    const { results } = signatureOf(twin, functionTypeIndex(twin, index), `export ${name}`);
    return { name, index, args, results, runtime };
  };

  events.forEach((event, i) => {
    switch (event.type) {
      case "call":
        act(callOf(event.name, event.args, false));
        stack.push("program");
        break;
      case "return":
        stack.pop();
        break;
      case "trap":
        stack.pop();
        if (event.reason === "host exception") throw new NotReplayable("its host throws");
        if (events.slice(i + 1).some(({ type }) => type !== "trap"))
          throw new NotReplayable("its host goes on after a trap");
        break;
      case "exit":
        throw new NotReplayable("it ends itself");
      case "host": {
        const k = imports.findIndex(
          ({ module, name }) => module === event.module && name === event.name,
        );
        if (k < 0)
          throw new NotReplayable(`the twin does not import ${event.module}.${event.name}`);
        const activation: OpenActivation = { actions: [], results: [] };
        activations[k]!.push(activation);
        stack.push(activation);
        break;
      }
      case "host return": {
        const activation = stack.pop();
        if (typeof activation === "object" && activation !== null)
          activation.results = event.results;
        break;
      }
      case "runtime": {
        if (stack.at(-1) === "program") break;
        const { argument } = event;
        const args: Value[] = argument === null ? [] : [{ type: "i32", value: argument | 0 }];
        act(callOf(`asyncify_${event.name}`, args, true));
        break;
      }
      case "push":
      case "pop":
        break;
    }
  });
  return { top, calls, activations };
}
