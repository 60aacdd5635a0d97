// Which continuation a rewind takes up, where several have its bytes.

import { describe, expect, test } from "@jest/globals";
import type { Caller } from "./context.js";
import { type Continuation, Images, Rewind } from "./continuations.js";

const memory = new Uint8Array(256);
const images = () => new Images((address, length) => memory.slice(address, address + length));
const SLEEP: Caller = { kind: "import", name: "env.sleep", func: 0 };
const NAP: Caller = { kind: "import", name: "env.nap", func: 1 };

/** What the functions `funcs` left at `base`, each a record of 8 bytes, the innermost first. */
function continuation(base: number, funcs: readonly number[], leaf = SLEEP): Continuation {
  const records = funcs.map((func, i) => {
    const address = base + 8 * i;
    const stack = { data: base - 8, pos: address + 8, end: 256, sp: null };
    const about = { func, name: `f${func}`, callIndex: 0, address, size: 8 };
    return {
      event: { type: "push" as const, ...about, ...stack, seq: i, fiber: 0 },
      bytes: null,
      site: null,
    };
  });
  const top = base + 8 * funcs.length;
  const image = images().of(base, top);
  const unwind = { event: 1, data: base - 8, base, end: 256, leaf, sp: null, records, replaces: null }; // prettier-ignore
  return {
    ...unwind,
    top,
    stopped: 2,
    status: "suspended",
    resumed: null,
    damaged: false,
    overtaken: null,
    image,
    ambiguous: false,
  };
}

/** A rewind from 0x80 of a copy of what is known, all of the same bytes. */
function rewindOfCopy(known: readonly Continuation[], pos: number): Rewind {
  const all = images();
  for (const one of known) all.add(one);
  return new Rewind(9, 0x80, pos, null, all.below(pos, 0x80));
}

describe("a rewind from a copy", () => {
  test("takes up what ends in the same bytes and lies as far from its data pointer", () => {
    const [short, long] = [continuation(8, [5]), continuation(32, [6, 7])];
    expect(rewindOfCopy([long, short], 0x88 + 16).continuation).toBe(long);
    expect(rewindOfCopy([long, short], 0x88 + 8).continuation).toBe(short);
  });

  test("takes up what the functions that it enters pushed", () => {
    const [first, second] = [continuation(8, [5, 7]), continuation(32, [6, 7])];
    const rewind = rewindOfCopy([first, second], 0x98);
    expect(rewind.continuation).toBe(second);
    rewind.entered(7);
    rewind.popped++;
    expect(second.status).toBe("running");
    rewind.entered(5);
    expect(rewind.continuation).toBe(first);
    expect([first.status, first.resumed]).toEqual(["running", 9]);
    expect([second.status, second.resumed]).toEqual(["suspended", null]);
    expect(rewind.moved).toBe(0x80);
  });

  test("takes up what the leaf that ends it began", () => {
    const [first, second] = [continuation(8, [5], NAP), continuation(32, [5], SLEEP)];
    const rewind = rewindOfCopy([first, second], 0x90);
    rewind.entered(5);
    rewind.popping({ ...first.records[0]!.event, address: 0x88 });
    rewind.popped++;
    rewind.stopped(NAP);
    expect(rewind.continuation).toBe(first);
  });

  test("stays with the first where none fits", () => {
    const [first, second] = [continuation(8, [5]), continuation(32, [6])];
    const rewind = rewindOfCopy([first, second], 0x90);
    rewind.entered(4);
    expect(rewind.continuation).toBe(second);
  });
});
