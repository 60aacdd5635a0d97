// Places in code as people write them: a function, `FUNC+0x12`, a byte offset, a line of the
// module's text, a line of its source.

import { offsetOfPc, pcOfOffset } from "../exec/code.js";
import { codeOf } from "../exec/lower.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { Module } from "../syntax/module.js";
import { PrintedLines } from "../text/printed-lines.js";
import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import { findFunction } from "./names.js";

/** An instruction: its function's index, and its byte offset in the module. */
export interface CodePlace {
  readonly func: number;
  readonly offset: number;
}

/**
 * The first instruction at or after a place that can be reached.
 * @param place a function (index or name), `FUNC+0x12`, a byte offset `0x1f`, a line `wat:12` of the
 * text that `bobbin inspect --wat` prints, or a line of source `FILE:12`
 * @throws UsageError where no instruction stands there
 */
export function placeInCode(instance: ModuleInstance, place: string): CodePlace {
  const { func, offset } = resolve(instance, place);
  const code = codeOf(func);
  const pc = pcOfOffset(code, offset);
  if (pc < 0) throw new UsageError(`no instruction at or after byte ${hex(offset)}`);
  return { func: func.index, offset: offsetOfPc(code, pc) };
}

function resolve(
  instance: ModuleInstance,
  place: string,
): { readonly func: FuncInstance; readonly offset: number } {
  const { module } = instance;
  if (/^0x[\da-f]+$/i.test(place)) return atOffset(instance, Number(place));
  const [, file, line] = /^(.+):(\d+)$/.exec(place) ?? [];
  if (file === "wat") return atOffset(instance, offsetOfWatLine(module, Number(line)));
  if (file !== undefined) {
    const [first] = module.lines?.offsets(file, Number(line)) ?? [];
    if (first !== undefined) return atOffset(instance, first);
    throw new UsageError(`no instruction comes from line ${line} of ${file}`);
  }
  const [, name = place, distance = "0"] = /^(.+)\+(0x[\da-f]+|\d+)$/i.exec(place) ?? [];
  const func = defined(instance, findFunction(module, name));
  const { body } = module.functions[func.index - module.imported.func]!;
  const offset = body.offset + Number(distance);
  if (offset < body.end) return { func, offset };
  throw new UsageError(`${func.name} has ${body.end - body.offset} bytes of code`);
}

function atOffset(instance: ModuleInstance, offset: number) {
  const { functions, imported } = instance.module;
  const at = functions.findIndex(({ body }) => offset >= body.offset && offset < body.end);
  if (at < 0) throw new UsageError(`byte ${hex(offset)} is in no function`);
  return { func: defined(instance, imported.func + at), offset };
}

function defined({ funcs }: ModuleInstance, index: number): FuncInstance {
  const func = funcs[index]!;
  if (func.instance !== null) return func;
  throw new UsageError(`${func.name} is imported: it has no code to stop in`);
}

function offsetOfWatLine(module: Module, line: number): number {
  const text = PrintedLines.of(module);
  const found = text.offsetAt(line);
  if (found !== undefined) return found;
  throw new UsageError(
    line >= 1 && line <= text.count
      ? `line ${line} of the text has no instruction`
      : `there is no line ${line}: the text has ${text.count}`,
  );
}
