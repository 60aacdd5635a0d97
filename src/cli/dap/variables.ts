// Scopes of a frame, and what is in them.

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import { assign } from "../../debug/assign.js";
import { datumText, evaluate, type Scope, valueOf } from "../../debug/evaluate.js";
import { parseExpression } from "../../debug/expression.js";
import type { DebugSession } from "../../debug/session.js";
import { getGlobal } from "../../exec/instantiate.js";
import type { ModuleInstance } from "../../runtime/instances.js";
import { parseValue } from "../../runtime/notation.js";
import type { Value } from "../../runtime/values.js";
import type { ValType } from "../../syntax/types.js";
import { identifier } from "../../text/identifiers.js";
import { UsageError } from "../../util/errors.js";
import { type WatchTarget, watchTarget } from "../../debug/watch.js";
import type { StackFrame } from "../../debug/stacks.js";
import type { TypedValue } from "../../debug/views.js";
import { asyncifyScope } from "./asyncify-scope.js";
import type { Debuggee, FrameHandle } from "./debuggee.js";
import { frameScope, scopeOf } from "./evaluate.js";
import type { Handlers } from "./protocol.js";
import { frameOf } from "./threads.js";
import { type Format, variableOf } from "./values.js";

/** What has variables. */
export interface Container {
  variables(format?: Format): P.Variable[];
  /** What a data breakpoint on one of them watches. */
  target?(name: string): WatchTarget | null;
  /** Gives one of them another value. @throws UsageError */
  assign?(name: string, text: string): void;
}

export const variableHandlers: Handlers = {
  scopes(debuggee, { frameId }) {
    debuggee.requireStopped();
    const handle = frameOf(debuggee, frameId);
    return { scopes: scopesOf(debuggee, handle) };
  },

  variables(debuggee, { variablesReference, start = 0, count = 0, format }) {
    debuggee.requireStopped();
    const container = containerOf(debuggee, variablesReference);
    const variables = container.variables(format);
    return {
      variables: count === 0 ? variables.slice(start) : variables.slice(start, start + count),
    };
  },
};

export const editHandlers: Handlers = {
  setVariable(debuggee, { variablesReference, name, value, format }) {
    debuggee.requireStopped();
    const container = containerOf(debuggee, variablesReference);
    if (container.assign === undefined) throw new UsageError(`${name} cannot be changed`);
    container.assign(name, value);
    debuggee.edited();
    const now = container.variables(format).find((variable) => variable.name === name);
    return { value: now?.value ?? value, ...(now?.type && { type: now.type }) };
  },

  setExpression(debuggee, { expression, value, frameId }) {
    const level = frameId === undefined ? 0 : frameOf(debuggee, frameId).frame.level;
    debuggee.requireStopped();
    if (level === null) throw new UsageError("what belongs to a suspended fiber cannot be changed");
    assign(debuggee.debug, level, expression, value);
    debuggee.edited();
    return { value: datumText(evaluate(parseExpression(expression), scopeOf(debuggee, frameId))) };
  },
};

export function containerOf({ containers }: Debuggee, reference: number): Container {
  const container = containers.get(reference) as Container | undefined;
  if (container === undefined)
    throw new UsageError(`there are no variables ${reference}: the program ran on`);
  return container;
}

function scopesOf(debuggee: Debuggee, handle: FrameHandle): P.Scope[] {
  const { frame } = handle;
  const { containers } = debuggee;
  const scope = (name: string, hint: string | undefined, container: Container): P.Scope => ({
    name,
    variablesReference: containers.create(container),
    expensive: false,
    ...(hint === undefined ? {} : { presentationHint: hint }),
  });
  const instance = frame.func.instance ?? debuggee.instance;
  const asyncify = asyncifyScope(debuggee, handle);
  const locals = named(debuggee, handle, () => localsOf(frame, debuggee.debug));
  const operands = named(debuggee, handle, () => operandsOf(frame, debuggee.debug));
  const globals = named(debuggee, handle, () => globalsOf(instance, debuggee.debug));
  return [
    ...(frame.locals === null ? [] : [scope("Locals", "locals", locals)]),
    ...(frame.operands === null ? [] : [scope("Operands", "registers", operands)]),
    scope("Globals", undefined, globals),
    ...(asyncify === null ? [] : [scope("Asyncify", undefined, asyncify)]),
  ];
}

/** A value, and what it is called: to people, and in expressions. */
interface Named {
  readonly name: string;
  readonly expression: string;
  readonly value: Value;
  readonly type: ValType<unknown> | undefined;
  /** Missing where it cannot be changed. */
  readonly set?: ((value: Value) => void) | undefined;
  /** Whether writes to it can be waited for. */
  readonly watchable: boolean;
}

function named(debuggee: Debuggee, handle: FrameHandle, list: () => readonly Named[]): Container {
  const find = (name: string): Named => {
    const found = list().find((each) => each.name === name);
    if (found === undefined) throw new UsageError(`there is no ${name}`);
    return found;
  };
  return {
    variables: (format) =>
      list().map(({ name, expression, value, type }) => ({
        ...variableOf(debuggee, name, value, type, format),
        evaluateName: expression,
      })),
    target(name) {
      const { expression, watchable } = find(name);
      return watchable ? watchTarget(expression, frameScope(debuggee, handle)) : null;
    },
    assign(name, text) {
      const { set, type } = find(name);
      if (set === undefined || type === undefined)
        throw new UsageError(`${name} cannot be changed there`);
      set(valueFrom(text, type, () => frameScope(debuggee, handle)));
    },
  };
}

/** A value as `bobbin` prints it, or what an expression is worth. @throws UsageError */
function valueFrom(text: string, type: ValType<unknown>, scope: () => Scope): Value {
  return /[$[(]/.test(text)
    ? valueOf(evaluate(parseExpression(text), scope()), type as ValType)
    : parseValue(text, type);
}

const typeOf = (type: TypedValue["type"]): ValType | undefined =>
  type === "bot" ? undefined : type;

/** Frames elsewhere than on the fiber that is on can be looked at only. */
const localsOf = ({ level, locals }: StackFrame, session: DebugSession): Named[] =>
  (locals ?? []).map(({ index, name, type, value }) => ({
    name: name === undefined ? String(index) : identifier(name),
    expression: name === undefined ? `local${index}` : identifier(name),
    type: typeOf(type),
    value,
    set: level === null ? undefined : (to) => session.setLocal(level, index, to),
    // A frame is told from others by how deep it stands.
    watchable: level !== null,
  }));

const operandsOf = ({ level, operands }: StackFrame, session: DebugSession): Named[] =>
  (operands ?? []).map(({ index, type, value }) => ({
    name: String(index),
    expression: `operand${index}`,
    type: typeOf(type),
    value,
    set: level === null ? undefined : (to) => session.setOperand(level, index, to),
    watchable: false,
  }));

const globalsOf = (instance: ModuleInstance, session: DebugSession): Named[] =>
  instance.globals.map((global, index) => {
    const { names, exports } = instance.module;
    const name =
      names.globals.get(index) ??
      exports.find((e) => e.kind === "global" && e.index === index)?.name;
    const ours = instance === session.instance;
    return {
      name: name === undefined ? String(index) : identifier(name),
      expression: name === undefined ? `global${index}` : identifier(name),
      type: global.type.type,
      value: getGlobal(global),
      set: ours ? (to: Value) => session.setGlobal(index, to) : undefined,
      watchable: ours,
    };
  });
