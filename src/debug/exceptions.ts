// The exceptions that a program refers to: from locals and operands of its frames, from globals
// and tables. (What a legacy `catch` has caught is no value: it is not among them.)

import { ExceptionInstance, JS_TAG } from "../runtime/exceptions.js";
import type { ModuleInstance, TagInstance } from "../runtime/instances.js";
import { formatValues } from "../runtime/notation.js";
import type { FiberStack } from "./stacks.js";
import type { TypedValue } from "./views.js";

export interface HeldException {
  readonly exception: ExceptionInstance;
  /** `run, local $e` */
  readonly holder: string;
}

export function heldExceptions(
  stacks: readonly FiberStack[],
  instances: readonly ModuleInstance[],
): HeldException[] {
  const found: HeldException[] = [];
  const note = (thing: unknown, holder: string): void => {
    if (thing instanceof ExceptionInstance) found.push({ exception: thing, holder });
  };
  for (const frame of stacks.flatMap(({ frames }) => frames)) {
    const { name } = frame.func;
    frame.locals?.forEach((local) => note(referent(local), `${name}, local ${nameOf(local)}`));
    frame.operands?.forEach((operand) =>
      note(referent(operand), `${name}, operand ${operand.index}`),
    );
  }
  for (const { globals, tables } of instances) {
    globals.forEach(({ ref }, index) => note(ref, `global ${index}`));
    tables.forEach(({ elements }, index) =>
      elements.forEach((element, i) => note(element, `table ${index}, element ${i}`)),
    );
  }
  return found;
}

const referent = ({ value }: TypedValue): unknown => (value.type === "ref" ? value.ref : null);
const nameOf = ({ index, name }: TypedValue): string => (name === undefined ? String(index) : `$${name}`); // prettier-ignore

/** `tag $oops (i32:5)` */
export function exceptionText(
  { tag, values }: ExceptionInstance,
  instances: readonly ModuleInstance[],
): string {
  return `${tagText(tag, instances)} (${formatValues(values)})`;
}

function tagText(tag: TagInstance, instances: readonly ModuleInstance[]): string {
  if (tag === JS_TAG) return "JavaScript's tag";
  for (const { tags, module } of instances) {
    const index = tags.indexOf(tag);
    if (index < 0) continue;
    const name = module.names.tags.get(index);
    return name === undefined ? `tag ${index}` : `tag $${name}`;
  }
  return "a tag of another instance";
}
