// Instructions of a module in the order of its bytes. An adapter has to answer with as many
// as were asked for: where there is no code, with ones that are marked as none.

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import { functionName } from "../../syntax/module.js";
import { disassembleFunction } from "../../text/disassemble.js";
import { UsageError } from "../../util/errors.js";
import { hex, hexByte } from "../../util/hex.js";
import { codeAddress, codeAt, parseAddress } from "./addresses.js";
import type { Handlers } from "./protocol.js";
import type { ProgramModule } from "./sources.js";

interface Line {
  readonly offset: number;
  readonly end: number;
  readonly text: string;
  readonly func: number;
}

/** The instructions of all functions of a module, made function by function as they are wanted. */
class Listing {
  private readonly made = new Map<number, readonly Line[]>();

  constructor(private readonly module: ProgramModule) {}

  /** `count` instructions, the first one `skip` after the one at `offset` or after it. */
  lines(offset: number, skip: number, count: number): (Line | undefined)[] {
    const { functions } = this.module.wasm;
    let at = functions.findIndex(({ body }) => offset < body.end);
    // Behind all code.
    if (at < 0) at = functions.length;
    const here = at < functions.length ? this.of(at) : [];
    let index = here.findIndex((line) => line.end > offset) + skip;
    while (index < 0 && at > 0) index += this.of(--at).length;
    // Before all code.
    index = Math.max(index, -count);
    const lines: (Line | undefined)[] = [];
    while (lines.length < count && index < 0) {
      lines.push(undefined);
      index++;
    }
    for (; lines.length < count && at < functions.length; at++) {
      const all = this.of(at);
      lines.push(...all.slice(index, index + count - lines.length));
      index = Math.max(0, index - all.length);
    }
    while (lines.length < count) lines.push(undefined);
    return lines;
  }

  private of(at: number): readonly Line[] {
    const known = this.made.get(at);
    if (known !== undefined) return known;
    const module = this.module.wasm;
    const func = module.imported.func + at;
    const code = disassembleFunction(module, func);
    const { end } = module.functions[at]!.body;
    const lines = code.map(({ offset, depth, text }, i) => ({
      offset,
      end: code[i + 1]?.offset ?? end,
      text: `${"  ".repeat(depth)}${text}`,
      func,
    }));
    this.made.set(at, lines);
    return lines;
  }
}

/** More than any window shows, and little enough to be answered at once. */
const MAX_INSTRUCTIONS = 100_000;

const listings = new WeakMap<ProgramModule, Listing>();

export const disassembleHandlers: Handlers = {
  disassemble(debuggee, { memoryReference, offset = 0, instructionOffset = 0, instructionCount }) {
    if (instructionCount > MAX_INSTRUCTIONS)
      throw new UsageError(
        `no more than ${MAX_INSTRUCTIONS} instructions can be asked for at once`,
      );
    const { module, offset: at } = codeAt(debuggee, parseAddress(memoryReference) + offset);
    if (module === undefined) return { instructions: fillers(instructionCount, () => at) };
    const listing = listings.get(module) ?? new Listing(module);
    listings.set(module, listing);
    const lines = listing.lines(at, instructionOffset, instructionCount);
    const first = lines.findIndex((line) => line !== undefined);
    const start = lines[first]?.offset ?? at;
    const last = lines.findLast((line) => line !== undefined)?.end ?? at;
    return {
      instructions: lines.map((line, i) => {
        // Addresses rise by one where there is no code.
        if (line === undefined)
          return invalid(codeAddress(module, i < first ? start - first + i : last + i));
        return instruction(module, line, debuggee.toClientLine);
      }),
    };
  },
};

function instruction(
  module: ProgramModule,
  { offset, end, text, func }: Line,
  toClientLine: (line: number) => number,
): P.DisassembledInstruction {
  const { bytes, functions, imported } = module.wasm;
  const place = module.placeOf(offset);
  const begins = functions[func - imported.func]!.body.offset === offset;
  return {
    address: hex(codeAddress(module, offset)),
    instructionBytes: [...bytes.subarray(offset, end)].map(hexByte).join(" "),
    instruction: text,
    ...(begins ? { symbol: functionName(module.wasm, func) } : {}),
    ...(place && { location: place.source, line: toClientLine(place.line) }),
  };
}

const fillers = (count: number, address: (i: number) => number): P.DisassembledInstruction[] =>
  Array.from({ length: count }, (_, i) => invalid(address(i) + i));

const invalid = (address: number): P.DisassembledInstruction => ({
  address: hex(Math.max(0, address)),
  instruction: "(no code)",
  presentationHint: "invalid",
});
