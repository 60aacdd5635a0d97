// Damage that keeps the sizes of a module right, so that it comes further than damaged
// bytes do: bodies are exchanged, sequences of instructions are cut out, doubled, wrapped
// in blocks or taken from other modules, indices are changed, sections are exchanged.

import { InstructionReader, isIndex } from "../binary/code.js";
import { decode } from "../binary/decode.js";
import {
  type Bytes,
  EMPTY_BLOCK,
  join,
  leb,
  moduleOf,
  op,
  Section,
  sized,
  vector,
} from "../binary/encode.js";
import type { Module } from "../syntax/module.js";
import type { Mnemonic } from "../syntax/opcodes.js";
import { MalformedError } from "../util/errors.js";
import { payloads } from "./instrument.js";

export type Random = () => number;

/** Where an instruction lies. */
export type Span = readonly [offset: number, next: number];

/** One instruction. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly mnemonic: Mnemonic;
  /** Whether an `end` belongs to it. */
  readonly opens: boolean;
  /** Whether all that follows the opcode is one index. */
  readonly indexed: boolean;
}
interface Body {
  /** The declarations of locals. */
  readonly locals: Uint8Array;
  /** The last one is the `end` of the body. */
  readonly pieces: readonly Piece[];
}
interface Parts {
  readonly sections: ReadonlyMap<number, Uint8Array>;
  readonly customs: readonly Bytes[];
  readonly bodies: readonly Body[];
}

/** By module of the corpus; null where it is malformed or has no function. */
const known = new WeakMap<Uint8Array, Parts | null>();

function partsOf(bytes: Uint8Array): Parts | null {
  let found = known.get(bytes);
  if (found === undefined) known.set(bytes, (found = takeApart(bytes)));
  return found;
}

function takeApart(bytes: Uint8Array): Parts | null {
  try {
    const module = decode(bytes);
    if (module.functions.length === 0) return null;
    const { sections, names } = payloads(module);
    const bodies = module.functions.map(({ offset, body }, i) => ({
      locals: bytes.subarray(offset, body.offset),
      pieces: piecesOf(module, i),
    }));
    return { sections, customs: names, bodies };
  } catch (error) {
    // The corpus holds malformed modules, and those of proposals that Bobbin does not know.
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

function piecesOf(module: Module, definedIndex: number): Piece[] {
  const { body } = module.functions[definedIndex]!;
  const reader = new InstructionReader(module.bytes, body.offset, body.end);
  const { instruction } = reader;
  const found: Piece[] = [];
  while (reader.next()) {
    const { mnemonic, immediates } = instruction.op;
    found.push({
      bytes: module.bytes.subarray(instruction.offset, instruction.next),
      mnemonic,
      opens: reader.opened,
      indexed: immediates.length === 1 && isIndex(immediates[0]!),
    });
  }
  return found;
}

/** Where the instructions of a defined function lie. */
export function spansOf(module: Module, definedIndex: number): Span[] {
  const { body } = module.functions[definedIndex]!;
  const reader = new InstructionReader(module.bytes, body.offset, body.end);
  const found: Span[] = [];
  while (reader.next()) found.push([reader.instruction.offset, reader.instruction.next]);
  return found;
}

/** A module of the corpus changed in one or a few places, or null where it has no functions. */
export function restructure(
  original: Uint8Array,
  corpus: readonly Uint8Array[],
  next: Random,
): Uint8Array | null {
  const parts = partsOf(original);
  if (parts === null) return null;
  const pick = <T>(from: readonly T[]): T => from[next() % from.length]!;
  const other = partsOf(pick(corpus)) ?? parts;
  const sections = new Map(parts.sections);
  const bodies = [...parts.bodies];
  for (let times = 1 + (next() % 3); times > 0; times--) {
    const at = next() % bodies.length;
    switch (next() % 8) {
      case 0:
        bodies[at] = pick(other.bodies);
        break;
      case 1: {
        // Sections of another module, whose indices mean other things here; code follows functions.
        const id = pick([...other.sections.keys()]);
        if (id !== Section.code && id !== Section.function)
          sections.set(id, other.sections.get(id)!);
        break;
      }
      default:
        bodies[at] = changeBody(bodies[at]!, pick(other.bodies), next);
    }
  }
  const code = bodies.map(({ locals, pieces }) =>
    sized(join(locals, ...pieces.map(({ bytes }) => bytes))),
  );
  sections.set(Section.code, vector(code));
  return moduleOf(sections, parts.customs);
}

/** Mnemonics that belong to a block around them. */
const INSIDE: readonly Mnemonic[] = ["end", "else", "catch", "catch_all", "delegate"];

/** A sequence that starts anywhere, most often a short one, with all of each block in it; or none. */
function rangeOf(pieces: readonly Piece[], next: Random): Span {
  const start = next() % pieces.length;
  const length = 1 + (next() % (next() % 4 === 0 ? 16 : 3));
  let end = start;
  let depth = 0;
  while (end < pieces.length && (end < start + length || depth > 0)) {
    const { mnemonic, opens } = pieces[end]!;
    if (depth === 0 && INSIDE.includes(mnemonic)) break;
    if (opens) depth++;
    else if (mnemonic === "end" || mnemonic === "delegate") depth--;
    end++;
  }
  return [start, end];
}

function changeBody({ locals, pieces }: Body, other: Body, next: Random): Body {
  const [start, end] = rangeOf(pieces, next);
  const range = pieces.slice(start, end);
  const around = (...middle: readonly Piece[]): Body => ({
    locals,
    pieces: [...pieces.slice(0, start), ...middle, ...pieces.slice(end)],
  });
  switch (next() % 6) {
    case 0:
      return around();
    case 1:
      return around(...range, ...range);
    case 2:
    case 3: {
      const [from, to] = rangeOf(other.pieces, next);
      const taken = other.pieces.slice(from, to);
      return next() % 2 === 0 ? around(...taken) : around(...range, ...taken);
    }
    case 4:
      return around(next() % 4 === 0 ? LOOP : BLOCK, ...range, END);
    default:
      return around(...range.map((piece) => otherIndex(piece, next)));
  }
}

const piece = (mnemonic: Mnemonic, opens: boolean, ...immediates: Bytes[]): Piece => ({
  bytes: op(mnemonic, ...immediates),
  mnemonic,
  opens,
  indexed: false,
});
const LOOP = piece("loop", true, [EMPTY_BLOCK]);
const BLOCK = piece("block", true, [EMPTY_BLOCK]);
const END = piece("end", false);

/** Indices that are small, and now and then the largest there is. */
function otherIndex(given: Piece, next: Random): Piece {
  if (!given.indexed) return given;
  const index = next() % 64 === 0 ? 2 ** 32 - 1 : next() % 8;
  return { ...given, bytes: op(given.mnemonic, leb(index)) };
}
