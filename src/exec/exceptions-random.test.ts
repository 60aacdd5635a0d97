// Random programs of legacy exception handling against the host's own engine: no
// specification says precisely what `delegate` and `rethrow` do, engines agree on it.

import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decode } from "../binary/decode.js";
import { UncaughtException } from "../runtime/exceptions.js";
import type { FuncInstance, GlobalInstance } from "../runtime/instances.js";
import { code, EMPTY, functype, I32, type Item, leb, section, wasm } from "../valid/testing.js";
import { validate } from "../valid/validate.js";
import { instantiate } from "./instantiate.js";
import { Machine } from "./machine.js";

/** A statement; numbers select among what is there where it stands. */
type Statement =
  | { readonly kind: "log" | "throw" | "call" | "br" | "rethrow"; readonly n: number }
  | { readonly kind: "block" | "delegate"; readonly n: number; readonly body: Statement[] }
  | { readonly kind: "if"; readonly body: Statement[]; readonly other: Statement[] }
  | {
      readonly kind: "try";
      readonly body: Statement[];
      readonly caught: Statement[][];
      readonly all: Statement[] | null;
    };

const n = fc.nat(50);
const { statements } = fc.letrec<{ statements: Statement[]; statement: Statement }>((tie) => ({
  statements: fc.array(tie("statement"), { maxLength: 4 }),
  statement: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ kind: fc.constantFrom("log", "throw", "call", "br", "rethrow"), n }),
    fc.record({ kind: fc.constantFrom("block", "delegate"), n, body: tie("statements") }),
    fc.record({ kind: fc.constant("if"), body: tie("statements"), other: tie("statements") }),
    fc.record({
      kind: fc.constant("try"),
      body: tie("statements"),
      caught: fc.array(tie("statements"), { maxLength: 2 }),
      all: fc.option(tie("statements")),
    }),
  ) as fc.Arbitrary<Statement>,
}));

/** The trace is a number that every step mixes into. */
const OLD: Item[] = ["global.get", 0, "i32.const", 31, "i32.mul"];
const NEW: Item[] = ["i32.add", "global.set", 0];
const log = (...value: Item[]): Item[] => [...OLD, ...value, ...NEW];

/** @param labels for each open block, innermost last, whether it is a catch */
function emit(body: readonly Statement[], labels: readonly boolean[], callee: number): Item[] {
  const depth = labels.length + 1;
  const inside = (statements: readonly Statement[], isCatch = false) =>
    emit(statements, [...labels, isCatch], callee);
  return body.flatMap((s): Item[] => {
    switch (s.kind) {
      case "log":
        return log("i32.const", s.n);
      case "throw":
        return s.n % 2 === 0 ? ["i32.const", s.n, "throw", 0] : ["throw", 1];
      case "call":
        return callee < 0 ? [] : ["call", callee];
      case "br":
        return ["br", s.n % depth];
      case "rethrow": {
        const catches = labels.flatMap((isCatch, i) => (isCatch ? [labels.length - 1 - i] : []));
        return catches.length === 0 ? [] : ["rethrow", catches[s.n % catches.length]!];
      }
      case "block":
        return ["block", EMPTY, ...inside(s.body), "end"];
      case "delegate":
        return ["try", EMPTY, ...inside(s.body), "delegate", s.n % depth];
      case "if": {
        const condition: Item[] = ["global.get", 0, "i32.const", 1, "i32.and"];
        return [...condition, "if", EMPTY, ...inside(s.body), "else", ...inside(s.other), "end"];
      }
      case "try": {
        const caught = s.caught.flatMap((statements, tag): Item[] => [
          "catch",
          tag,
          ...(tag === 0 ? (["local.set", 0, ...log("local.get", 0)] as Item[]) : []),
          ...inside(statements, true),
        ]);
        const all: Item[] = s.all === null ? [] : ["catch_all", ...inside(s.all, true)];
        return ["try", EMPTY, ...inside(s.body), ...caught, ...all, "end"];
      }
    }
  });
}

function program(bodies: readonly Statement[][]): Uint8Array {
  const locals = [[1, I32]];
  const exported = (kind: number, index: number, letter: string) => {
    const named = [1, letter.charCodeAt(0)];
    return [...named, kind, index];
  };
  return wasm(
    section(1, functype([], []), functype([I32], [])),
    section(3, ...bodies.map(() => [0])),
    section(13, [0, 1], [0, 0]),
    section(6, [I32, 1, 0x41, ...leb(1), 0x0b]),
    section(7, exported(0, bodies.length - 1, "f"), exported(3, 0, "g"), exported(4, 0, "e")),
    section(10, ...bodies.map((body, i) => code(locals, ...emit(body, [], i - 1), "end"))),
  );
}

interface Ending {
  readonly trace: number;
  /** What was thrown: the value of tag 0, null for tag 1. Nothing: undefined. */
  readonly thrown: number | null | undefined;
}

function ours(bytes: Uint8Array): Ending {
  const machine = new Machine();
  const { exports } = instantiate(machine, validate(decode(bytes)));
  const { func } = exports.get("f") as unknown as { func: FuncInstance };
  const { global } = exports.get("g") as unknown as { global: GlobalInstance };
  let thrown: number | null | undefined;
  try {
    machine.invoke(func, []);
  } catch (error) {
    if (!(error instanceof UncaughtException)) throw error;
    const [value] = error.exception.values;
    thrown = value?.type === "i32" ? value.value : null;
  }
  return { trace: global.words[0]!, thrown };
}

interface HostWebAssembly {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { f: () => void; g: { value: number }; e: object };
  };
  readonly Exception: new () => {
    is(tag: object): boolean;
    getArg(tag: object, index: number): number;
  };
}

function theirs(bytes: Uint8Array): Ending {
  const { Module, Instance, Exception } = (
    globalThis as unknown as { WebAssembly: HostWebAssembly }
  ).WebAssembly;
  const { f, g, e } = new Instance(new Module(bytes)).exports;
  let thrown: number | null | undefined;
  try {
    f();
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    thrown = error.is(e) ? error.getArg(e, 0) : null;
  }
  return { trace: g.value, thrown };
}

test("random programs end as in the host's engine", () => {
  fc.assert(
    fc.property(fc.array(statements, { minLength: 1, maxLength: 3 }), (bodies) => {
      const bytes = program(bodies);
      expect(ours(bytes)).toEqual(theirs(bytes));
    }),
    { numRuns: 1000 },
  );
});
