// Smaller bodies of a function: where validation has the same stack before and after a
// sequence of instructions of one block, but for what the sequence takes and leaves, then
// dropping the one and pushing constants of the other is valid, too.

import { type Bytes, join, leb, op, sleb } from "../binary/encode.js";
import { EXACT, heapTypeCodes } from "../binary/types.js";
import { type Module, functionTypeIndex } from "../syntax/module.js";
import { formatValType, type FuncType, isExact, type RefType } from "../syntax/types.js";
import { visitFunction, type ValidModule } from "../valid/validate.js";
import type { OperandType } from "../valid/visitor.js";

/** A body as the code section holds it, without its size. */
export function functionBytes(module: Module, index: number): Uint8Array {
  const { offset, body } = module.functions[index]!;
  return module.bytes.subarray(offset, body.end);
}

/** A body that returns constants, or traps where a result has none. */
export function emptyBody(module: Module, index: number): Uint8Array {
  const type = functionTypeIndex(module, module.imported.func + index);
  const { results } = module.types[type]!.comp as FuncType;
  const constants = constantsOf(results) ?? [op("unreachable")];
  return join([0], ...constants, op("end"));
}

/** What validation knows before an instruction. */
interface Point {
  readonly offset: number;
  readonly operands: readonly OperandType[];
  /** Which block of the function it lies in, and how deep that is. */
  readonly block: string;
  readonly depth: number;
  readonly unreachable: boolean;
}

export interface BodyVariants {
  /** Instructions, the last `end` included. */
  readonly length: number;
  /**
   * The body without the instructions from one on, as many as stay in one block, at least
   * `size`; undefined where there are no such, or nothing would become smaller.
   */
  without(from: number, size: number): Uint8Array | undefined;
}

export function bodyVariants(module: ValidModule, index: number): BodyVariants {
  const points = pointsOf(module, index);
  const { offset, body } = module.functions[index]!;
  const { bytes } = module;
  return {
    length: points.length,
    without(from, size) {
      const a = points[from]!;
      const to = points.findIndex(
        (point, i) => i >= from + size && (point.block === a.block || point.depth < a.depth),
      );
      const b = points[to];
      if (b === undefined || b.block !== a.block) return undefined;
      const instead = a.unreachable ? [] : between(a, b);
      if (instead === undefined) return undefined;
      const replaced = join(...instead);
      if (replaced.length >= b.offset - a.offset) return undefined;
      return join(bytes.subarray(offset, a.offset), replaced, bytes.subarray(b.offset, body.end));
    },
  };
}

function pointsOf(module: ValidModule, index: number): Point[] {
  const points: Point[] = [];
  visitFunction(module, index, {
    instruction({ offset }, { operands, controls }) {
      const { opener, offset: start, unreachable } = controls.at(-1)!;
      const block = `${opener} ${start}`;
      points.push({ offset, operands: [...operands], block, depth: controls.length, unreachable });
    },
  });
  return points;
}

/** Instructions that lead from the stack of one point to that of the other. */
function between(a: Point, b: Point): Bytes[] | undefined {
  if (b.unreachable) return [op("unreachable")];
  let same = 0;
  while (same < Math.min(a.operands.length, b.operands.length)) {
    if (nameOf(a.operands[same]!) !== nameOf(b.operands[same]!)) break;
    same++;
  }
  const constants = constantsOf(b.operands.slice(same));
  if (constants === undefined) return undefined;
  return [...a.operands.slice(same).map(() => op("drop")), ...constants];
}

const nameOf = (type: OperandType): string =>
  typeof type === "string" ? type : formatValType(type);

/** Zeros and nulls; undefined where a type has none, or none is known. */
function constantsOf(types: readonly OperandType[]): Bytes[] | undefined {
  const constants = types.map(constantOf);
  return constants.every((constant) => constant !== undefined) ? constants : undefined;
}

function constantOf(type: OperandType): Bytes | undefined {
  switch (type) {
    case "i32":
      return op("i32.const", [0]);
    case "i64":
      return op("i64.const", [0]);
    case "f32":
      return op("f32.const", new Uint8Array(4));
    case "f64":
      return op("f64.const", new Uint8Array(8));
    case "v128":
      return op("v128.const", new Uint8Array(16));
    case "bot":
      return undefined;
    default:
      return nullOf(type);
  }
}

function nullOf({ heap, nullable }: RefType): Bytes | undefined {
  if (!nullable) return undefined;
  if (isExact(heap)) return op("ref.null", [EXACT], leb(heap.exact));
  if (typeof heap === "number") return op("ref.null", sleb(heap));
  const code = heapTypeCodes.get(heap);
  return code === undefined ? undefined : op("ref.null", [code]);
}
