// The native fiber ABI at its edges: what a switch leaves in memory, who reaches the
// functions by which way, and what each misuse is called. The fixtures and random drives
// (spec-tests/) hold it against the assembly.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../../binary/decode.js";
import { instantiate } from "../../exec/instantiate.js";
import { Machine } from "../../exec/machine.js";
import { FuncInstance, mergeImports } from "../../runtime/instances.js";
import { Exhaustion, Trap } from "../../runtime/traps.js";
import { i32, type Value } from "../../runtime/values.js";
import { UsageError } from "../../util/errors.js";
import { validate } from "../../valid/validate.js";
import { FiberAbi } from "./abi.js";
import type { SwitchEvent } from "./events.js";

const MAIN_SP = 1024;
/** Where main, and where fibers, want the results of a switch. */
const BACK = 16;
const STACK = 4096;
/** Entries in the table, from 1. */
const ENTRIES = ["echo", "returns", "self", "ancestor", "stray", "throws", "deep", "host"];
const entry = (name: string): number => ENTRIES.indexOf(name) + 1;

const WAT = `(module
  (type $entry (func (param i32 i32)))
  (type $leave (func (param i32 i32 i32)))
  (import "env" "fiber_enter" (func $fiber_enter (param i32 i32 i32 i32)))
  (import "env" "fiber_switch_enter" (func $fiber_switch_enter (param i32 i32 i32)))
  (import "env" "fiber_switch_leave" (func $fiber_switch_leave (param i32 i32 i32)))
  (import "env" "host" (func $host (param i32 i32)))
  (global $__stack_pointer (mut i32) (i32.const ${MAIN_SP}))
  (export "__stack_pointer" (global $__stack_pointer))
  (memory (export "memory") 1)
  (tag $t (param i32))
  (table 12 funcref)
  (elem (i32.const 1) ${ENTRIES.map((name) => `$${name}`).join(" ")})
  (elem (i32.const 10) $fiber_switch_leave $fiber_enter)
  (export "fiber_enter" (func $fiber_enter))
  (export "fiber_switch_enter" (func $fiber_switch_enter))
  (func (export "enter") (param $sp i32) (param $payload i32) (param $entry i32) (result i32)
    (call $fiber_enter (i32.const ${BACK}) (local.get $sp) (local.get $payload) (local.get $entry))
    (i32.load (i32.const ${BACK + 4})))
  (func (export "resume") (param $sp i32) (param $payload i32) (result i32)
    (call $fiber_switch_enter (i32.const ${BACK}) (local.get $sp) (local.get $payload))
    (i32.load (i32.const ${BACK + 4})))
  (func (export "leave") (param $target i32)
    (call $fiber_switch_leave (i32.const ${BACK}) (local.get $target) (i32.const 0)))
  (func (export "enter by table") (param $payload i32) (result i32)
    (call_indirect (param i32 i32 i32 i32)
      (i32.const ${BACK}) (i32.const ${STACK}) (local.get $payload) (i32.const 1) (i32.const 11))
    (i32.load (i32.const ${BACK + 4})))
  (func (export "catch") (result i32)
    (block $caught (result i32)
      (try_table (catch $t $caught)
        (call $fiber_enter (i32.const ${BACK}) (i32.const ${STACK}) (i32.const 9) (i32.const ${entry("throws")})))
      (i32.const -1)))
  ;; Gives back what it gets, plus one, by the table.
  (func $echo (param $from i32) (param $payload i32)
    (loop $again
      (call_indirect (type $leave)
        (i32.const 32) (local.get $from) (i32.add (local.get $payload) (i32.const 1)) (i32.const 10))
      (local.set $from (i32.load (i32.const 32)))
      (local.set $payload (i32.load (i32.const 36)))
      (br $again)))
  (func $returns (param i32 i32))
  (func $self (param i32 i32)
    (call $fiber_switch_enter (i32.const 32) (global.get $__stack_pointer) (i32.const 0)))
  ;; Enters a fiber that resumes this one.
  (func $ancestor (param $from i32) (param $payload i32)
    (if (local.get $payload)
      (then (call $fiber_enter (i32.const 32) (i32.const 8192) (i32.const 0) (i32.const ${entry("ancestor")})))
      (else (call $fiber_switch_enter (i32.const 48) (local.get $from) (i32.const 0)))))
  (func $stray (param i32 i32)
    (call $fiber_switch_leave (i32.const 32) (i32.const 999) (i32.const 0)))
  (func $throws (param i32) (param $payload i32) (throw $t (local.get $payload)))
  (func $deep (param $from i32) (param $payload i32)
    (call $deep (local.get $from) (local.get $payload))))`;

function program(maxFrames = 1000) {
  const parsed = binaryen.parseText(WAT);
  parsed.setFeatures(binaryen.Features.ExceptionHandling | binaryen.Features.ReferenceTypes);
  const module = validate(decode(parsed.emitBinary()));
  const events: SwitchEvent[] = [];
  const fibers = new FiberAbi(module, { listener: (event) => events.push(event) });
  const machine = new Machine({ maxFrames });
  const leaveFrom: number[] = [];
  const type = module.context.defTypes[module.types.findIndex((t) => "params" in t.comp)]!;
  const host = FuncInstance.host(type, "env.host", () => {
    // The fiber that is on calls back, and that call wants to leave it.
    const target = leaveFrom.pop();
    if (target !== undefined) call("leave", target);
    return [];
  });
  const env = new Map([["env", new Map([["host", { kind: "func", func: host } as const]])]]);
  const imports = mergeImports(fibers.imports, env);
  const instance = instantiate(machine, module, imports, (made) => fibers.attach(made));
  const call = (name: string, ...args: number[]): number | undefined => {
    const [result] = machine.invoke(instance.func(name), args.map(i32));
    return (result as (Value & { type: "i32" }) | undefined)?.value;
  };
  const { view } = instance.memories[0]!;
  const word = (address: number) => view.getUint32(address, true);
  const sp = () => instance.globals[0]!.words[0];
  const trap = (name: string, ...args: number[]): string => {
    try {
      call(name, ...args);
    } catch (error) {
      if (error instanceof Trap) return error.message;
      throw error;
    }
    return "no trap";
  };
  return { call, trap, word, view, sp, events, fibers, leaveFrom };
}

test("fiber/enter, fiber/switch_leave, fiber/switch_enter: results, payloads, the words below a suspended stack, the stack pointer", () => {
  const { call, word, sp, events } = program();
  expect(call("enter", STACK, 41, entry("echo"))).toBe(42);
  expect(word(BACK)).toBe(STACK);
  expect(word(STACK - 4)).toBe(42);
  expect(word(STACK - 8)).toBe(entry("echo"));
  expect(sp()).toBe(MAIN_SP);
  expect(call("resume", STACK, 7)).toBe(8);
  // What the fiber got: who resumed it, and with what.
  expect([word(32), word(36)]).toEqual([MAIN_SP, 7]);
  expect(call("resume", STACK, -2)).toBe(-1);
  expect(events.map(({ name, from, to, payload }) => [name, from, to, payload])).toEqual([
    ["fiber_enter", MAIN_SP, STACK, 41],
    ["fiber_switch_leave", STACK, MAIN_SP, 42],
    ["fiber_switch_enter", MAIN_SP, STACK, 7],
    ["fiber_switch_leave", STACK, MAIN_SP, 8],
    ["fiber_switch_enter", MAIN_SP, STACK, 2 ** 32 - 2],
    ["fiber_switch_leave", STACK, MAIN_SP, 2 ** 32 - 1],
  ]);
});

describe("all ways lead to the native functions", () => {
  test("the table", () => {
    expect(program().call("enter by table", 5)).toBe(6);
  });
  test("an export that the host calls", () => {
    const { call, word } = program();
    call("fiber_enter", BACK, STACK, 1, entry("echo"));
    expect(word(BACK + 4)).toBe(2);
    call("fiber_switch_enter", BACK, STACK, 10);
    expect(word(BACK + 4)).toBe(11);
  });
  test("an entry of 0 resumes, as in the assembly", () => {
    const { call } = program();
    call("enter", STACK, 1, entry("echo"));
    expect(call("enter", STACK, 20, 0)).toBe(21);
  });
});

test("an exception leaves a fiber for who entered it", () => {
  const { call, events } = program();
  expect(call("catch")).toBe(9);
  // The stack pointer is the compiler's to restore.
  expect(call("enter", STACK, 1, entry("echo"))).toBe(2);
  expect(events.at(-1)).toMatchObject({ name: "fiber_switch_leave", depth: 1, fibers: 1 });
});

describe("misuse has a name: fiber/unknown, fiber/returned", () => {
  test("resume where nothing is suspended", () => {
    expect(program().trap("resume", STACK, 0)).toBe(
      "unknown fiber: fiber_switch_enter(0x1000): no fiber is suspended there",
    );
  });
  test("resume of a fiber whose words were overwritten", () => {
    const { call, trap, view } = program();
    call("enter", STACK, 1, entry("echo"));
    view.setInt32(STACK - 16, 77, true);
    expect(trap("resume", STACK, 0)).toMatch(/no fiber is suspended there/);
  });
  test("resume of a copy at another place", () => {
    const { call, trap, view } = program();
    call("enter", STACK, 1, entry("echo"));
    new Uint8Array(view.buffer).copyWithin(STACK + 64 - 16, STACK - 16, STACK);
    expect(trap("resume", STACK + 64, 0)).toMatch(/no fiber is suspended there/);
    expect(call("resume", STACK, 3)).toBe(4);
  });
  test("resume of a fiber twice, from a copy of its stack", () => {
    const { call, trap, view } = program();
    call("enter", STACK, 1, entry("echo"));
    const bytes = new Uint8Array(view.buffer);
    const kept = bytes.slice(STACK - 16, STACK);
    call("resume", STACK, 3);
    bytes.set(kept, STACK - 16);
    expect(trap("resume", STACK, 0)).toContain("unknown fiber: ");
  });
  test("resume of the running fiber", () => {
    expect(program().trap("enter", STACK, 0, entry("self"))).toBe(
      "unknown fiber: fiber_switch_enter(0x1000): it is the running fiber",
    );
  });
  test("resume of a fiber that waits for this one", () => {
    expect(program().trap("enter", STACK, 1, entry("ancestor"))).toBe(
      "unknown fiber: fiber_switch_enter(0x1000): it waits for a fiber that it entered",
    );
  });
  test("leave without a fiber", () => {
    expect(program().trap("leave", 5)).toBe(
      "unknown fiber: fiber_switch_leave(0x5): no fiber was entered",
    );
  });
  test("leave for a stack that nobody entered from", () => {
    const { trap, sp } = program();
    expect(trap("enter", STACK, 0, entry("stray"))).toBe(
      "unknown fiber: fiber_switch_leave(0x3e7): no fiber around this one was entered from that stack pointer",
    );
    expect(sp()).toBe(STACK);
  });
  test("leave across a call of the host", () => {
    const { trap, leaveFrom } = program();
    leaveFrom.push(MAIN_SP);
    expect(trap("enter", STACK, 0, entry("host"))).toBe(
      "unknown fiber: fiber_switch_leave(0x400): a call of the host lies between",
    );
  });
  test.each(["returns", "host"])("an entry that returns: %s", (name) => {
    expect(program().trap("enter", STACK, 0, entry(name))).toMatch(
      /^fiber entry returned: \S+, the entry of the fiber on stack 0x1000, must leave/,
    );
  });
  test("an entry that is no function of the type", () => {
    const { trap } = program();
    expect(trap("enter", STACK, 0, 50)).toMatch(/^undefined element/);
    expect(trap("enter", STACK, 0, 9)).toMatch(/^uninitialized element/);
    expect(trap("enter", STACK, 0, 10)).toMatch(/^indirect call type mismatch/);
  });
  test("results and headers out of bounds", () => {
    const { call, trap } = program();
    expect(trap("resume", 8, 0)).toMatch(/^out of bounds memory access/);
    call("enter", STACK, 0, entry("echo"));
    expect(trap("fiber_switch_enter", 65534, STACK, 0)).toMatch(/^out of bounds memory access/);
  });
});

test("frames count over all fibers that wait for each other", () => {
  expect(() => program(50).call("enter", STACK, 0, entry("deep"))).toThrow(Exhaustion);
});

test("fiber/dropped: fibers that nobody can resume", () => {
  const { call, view, fibers } = program();
  for (let i = 0; i < 3000; i++) call("enter", STACK + 16 * i, 0, entry("echo"));
  expect(fibers.suspendedCount).toBe(3000);
  new Uint8Array(view.buffer).fill(0, STACK - 16, STACK + 16 * 1000 - 16);
  expect(fibers.suspendedCount).toBe(2000);
  // One stack over and over: each suspension overwrites the one before.
  for (let i = 0; i < 10_000; i++) call("enter", STACK, 0, entry("echo"));
  expect(fibers.suspendedCount).toBe(2001);
});

test("a module without the assembly is refused", () => {
  const module = validate(decode(binaryen.parseText("(module)").emitBinary()));
  expect(() => new FiberAbi(module)).toThrow(UsageError);
});
