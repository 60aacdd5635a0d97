// The interpreter: one switch over the entries of `Code`, one case for each
// instruction, on the slots of the current fiber.
//
// The state of the top frame lives in local variables while the loop runs; it is
// written back to the frame before anything outside the loop can look. A handler
// changes nothing before its last chance to trap, so that at a trap the frame
// stands exactly before the instruction.
//
// The loop executes `Code.shortcuts`, where one opcode may stand for several entries; near
// the end of its fuel and before a trap it goes back to `Code.words`, one by one.
//
// Case labels are literals checked against the opcode table: V8 makes a jump table
// of literals only. The cases are lines of a table, which a formatter would bury.

import type { Code as CodeOf } from "../syntax/opcodes.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { Reference } from "../runtime/values.js";
import { Trap } from "../runtime/traps.js";
import { outOfBounds } from "../runtime/memory.js";
import { CrashError } from "../util/errors.js";
import { atomics } from "./atomics.js";
import { bulk } from "./bulk.js";
import { type BREAKPOINT, type Code, type InternalCode, isTailCall } from "./code.js";
import { accessMemory, conversions } from "./cold.js";
import { bindContinuation, newContinuation, switchStacks } from "./continuations.js";
import { thrown } from "./exceptions.js";
import { Frame } from "./fiber.js";
import { gc } from "./gc.js";
import { isDescribedBy, matchesType } from "./gc-casts.js";
import type { Machine } from "./machine.js";
import { ctz32, divide64, divideByZero, nearest, popcnt32 } from "./numeric.js";
import { LONGEST, type ShortcutCode } from "./shortcuts.js";
import { simd } from "./simd.js";
import { callee } from "./tables.js";
import { wide } from "./wide.js";

// JavaScript may hand a signalling NaN through `Math.floor` and its kin: these bits quiet it.
const F32_QUIET = 0x400000;
const F64_QUIET_HIGH = 0x80000;

/**
 * Floors above any fuel: the next instruction is executed from the array that the loop reads
 * now, and then the loop goes on with the array that it should read.
 */
const ONE = 2 ** 30;
const REST = ONE + 1;

/** The entries themselves, without shortcuts. */
const plain = ({ func }: Frame): Int32Array => (func.code as Code).single;

/**
 * Executes up to `fuel` instructions (a positive 32-bit integer) of the machine's
 * current fiber, until the machine's `stop` is set or it is to pause, another fiber is the current one, a
 * function that it must not enter directly has the top frame, somebody begins or ceases to
 * watch every instruction, or the fuel is used up.
 * The fuel left is in `machine.unused`, however it ends.
 *
 * Step/{pure,read}: a handler works on the state itself, whatever of it its rule names.
 * Steps/{refl,trans}: the loop.
 * @throws Trap, Exhaustion with the frame standing before the instruction
 */
export function interpret(machine: Machine, fuel: number, stepping = false): void {
  const fiber = machine.fiber!;
  const { frames } = fiber;
  let frame = frames[0]!,
    pc = 0,
    sp = 0,
    again = false;
  try {
    // One round for each time that the state changed under the loop's feet.
    for (;;) {
      if (machine.stop !== null || machine.pausing || machine.fiber !== fiber || machine.stepping !== stepping) return; // prettier-ignore
      let depth = fiber.depth;
      frame = frames[depth - 1]!;
      if (again && frame.func.direct === null) return;
      again = true;
      let code = (frame.func.code as Code).shortcuts;
      /** With less fuel the loop does without shortcuts. */
      let floor = LONGEST;
      let fp = frame.fp;
      pc = frame.pc;
      sp = frame.sp;
      const { i32, f32, f64, i64, refs } = fiber;
      const instance = frame.func.instance!;
      const memory = instance.memories[0];
      let view = machine.viewOf(memory);
      let size = view.byteLength;
      const watched = machine.watched;
      const capacity = i32.length;
      const limit = machine.maxFrames - fiber.below;

      running: for (;;) {
        if (fuel < floor) {
          if (fuel === 0) {
            frame.pc = pc;
            frame.sp = sp;
            return;
          }
          if (floor === ONE) floor = REST;
          else if (floor === REST && fuel >= LONGEST) {
            code = (frame.func.code as Code).shortcuts;
            floor = LONGEST;
          } else {
            code = plain(frame);
            floor = 1;
          }
        }
        fuel--;
        let target: FuncInstance;
        // prettier-ignore
        switch (code[pc]!) {
          // Step_pure/unreachable, nop, Step_read/block, loop, Step_pure/if-{true,false}
          case 0x00 satisfies CodeOf<"unreachable">: throw new Trap("unreachable");
          case 0x01 satisfies CodeOf<"nop">: pc += 1; continue;
          case 0x02 satisfies CodeOf<"block">: pc += 1; continue;
          case 0x03 satisfies CodeOf<"loop">: pc += 1; continue;
          case 0x04 satisfies CodeOf<"if">: sp -= 2; pc = i32[sp] !== 0 ? pc + 2 : code[pc + 1]!; continue;
          // Step_pure/label-vals, handler-vals, caught-vals: a label is a position, so that leaving it leaves nothing behind
          case 0x05 satisfies CodeOf<"else">: pc = code[pc + 1]!; continue;
          case 0x0b satisfies CodeOf<"end">: pc += 1; continue;
          // Step_read/try_table, try-{catch,delegate}, Step_pure/handler-vals, caught-vals: handlers are in a table (`exceptions.ts`)
          case 0x1f satisfies CodeOf<"try_table">: case 0x06 satisfies CodeOf<"try">: case 0x18 satisfies CodeOf<"delegate">: pc += 1; continue;
          case 0x07 satisfies CodeOf<"catch">: case 0x19 satisfies CodeOf<"catch_all">: pc = code[pc + 1]!; continue;
          // Step/throw, Step_read/throw_ref-null, Step_pure/rethrow
          case 0x08 satisfies CodeOf<"throw">: case 0x0a satisfies CodeOf<"throw_ref">: case 0x09 satisfies CodeOf<"rethrow">:
            frame.pc = pc; frame.sp = sp; machine.unused = fuel;
            machine.throw(thrown(fiber, instance, code, pc, sp));
            break running;
          // Step_pure/br_if-{true,false}, br_table-{lt,ge}
          // Step_pure/br-label-{zero,succ}, br-handler: a branch knows its target, whatever is between
          case 0x0d satisfies CodeOf<"br_if">:
            sp -= 2;
            if (i32[sp] === 0) { pc += 5; continue; }
          // falls through
          case 0x0c satisfies CodeOf<"br">: {
            const to = fp + code[pc + 2]!, n = code[pc + 3]!;
            if (n !== 0 && to !== sp - n) {
              for (let k = 0; k < n; k++) i32[to + k] = i32[sp - n + k]!;
              if (code[pc + 4] !== 0) fiber.move(sp - n, to, n, true);
            }
            sp = to + n;
            pc = code[pc + 1]!;
            continue;
          }
          case 0x0e satisfies CodeOf<"br_table">: {
            sp -= 2;
            const count = code[pc + 1]!, i = i32[sp]! >>> 0;
            const entry = pc + 2 + 4 * (i < count ? i : count);
            const to = fp + code[entry + 1]!, n = code[entry + 2]!;
            if (n !== 0 && to !== sp - n) fiber.move(sp - n, to, n, code[entry + 3] !== 0);
            sp = to + n;
            pc = code[entry]!;
            continue;
          }
          // Step_pure/return-{frame,label,handler}, frame-vals: a function ends in this entry as well
          case 0x0f satisfies CodeOf<"return">: {
            if (watched || depth === 1) {
              frame.pc = pc; frame.sp = sp; machine.unused = fuel;
              machine.returnFrame();
              break running;
            }
            const below = frames[depth - 2]!, caller = below.func;
            const { words, shortcuts } = caller.code as Code;
            // Who waits in a tail call has no results but those.
            if (words[below.pc]! > 0x11 && isTailCall(words[below.pc]!)) {
              frame.pc = pc; frame.sp = sp; machine.unused = fuel;
              machine.returnFrame();
              break running;
            }
            const n = code[pc + 1]!, hasRefs = code[pc + 2]!;
            const from = sp - n;
            fiber.depth = --depth;
            frame = below;
            code = shortcuts;
            floor = LONGEST;
            pc = frame.pc;
            fp = frame.fp;
            const to = frame.sp - code[pc + 3]!;
            for (let k = 0; k < n; k++) i32[to + k] = i32[from + k]!;
            if (hasRefs !== 0) fiber.move(from, to, n, true);
            sp = to + n;
            pc += 4;
            if (caller.instance === instance && caller.direct !== null) continue;
            frame.pc = pc; frame.sp = sp;
            break running;
          }
          // Step_read/call, Step_pure/call_indirect, Step_read/call_ref-{null,func}: the callee is entered below the switch
          case 0x10 satisfies CodeOf<"call">: target = instance.funcs[code[pc + 1]!]!; break;
          case 0x11 satisfies CodeOf<"call_indirect">: target = callee(instance, code[pc + 1]!, code[pc + 2]!, i32[sp - 2]!, i32[sp - 1]!); break;
          case 0x14 satisfies CodeOf<"call_ref">: {
            const f = refs[(sp - 2) >> 1] as FuncInstance | null;
            if (f === null) throw new Trap("null function reference");
            target = f;
            break;
          }
          // Step_read/return_call, Step_pure/return_call_indirect, Step_read/return_call_ref-frame-{null,addr}
          // Step_read/return_call_ref-{label,handler}: nothing but the frame is there to leave
          case 0x12 satisfies CodeOf<"return_call">:
          case 0x13 satisfies CodeOf<"return_call_indirect">:
          case 0x15 satisfies CodeOf<"return_call_ref">: {
            frame.pc = pc; frame.sp = sp; machine.unused = fuel;
            machine.tailCall(
              code[pc] === 0x12 ? instance.funcs[code[pc + 1]!]!
              : code[pc] === 0x13 ? callee(instance, code[pc + 1]!, code[pc + 2]!, i32[sp - 2]!, i32[sp - 1]!)
              : refs[(sp - 2) >> 1] as FuncInstance | null,
              code[pc + 3]!,
            );
            break running;
          }

          // Step_pure/drop, select-{true,false}
          case 0x1a satisfies CodeOf<"drop">: sp -= 2; pc += 1; continue;
          case 0x1b satisfies CodeOf<"select">:
            sp -= 4;
            if (i32[sp + 2] === 0) { i32[sp - 2] = i32[sp]!; i32[sp - 1] = i32[sp + 1]!; }
            pc += 1; continue;
          case 0x1c satisfies CodeOf<"select t">:
            sp -= 4;
            if (i32[sp + 2] === 0) refs[(sp - 2) >> 1] = refs[sp >> 1];
            pc += 1; continue;

          // Step_read/local.get, Step/local.set, Step_pure/local.tee, Step_read/global.get, Step/global.set
          case 0x20 satisfies CodeOf<"local.get">: { const l = fp + code[pc + 1]!; i32[sp] = i32[l]!; i32[sp + 1] = i32[l + 1]!; sp += 2; pc += 2; continue; }
          case 0x21 satisfies CodeOf<"local.set">: { const l = fp + code[pc + 1]!; sp -= 2; i32[l] = i32[sp]!; i32[l + 1] = i32[sp + 1]!; pc += 2; continue; }
          case 0x22 satisfies CodeOf<"local.tee">: { const l = fp + code[pc + 1]!; i32[l] = i32[sp - 2]!; i32[l + 1] = i32[sp - 1]!; pc += 2; continue; }
          case 0x23 satisfies CodeOf<"global.get">: { const { words } = instance.globals[code[pc + 1]!]!; i32[sp] = words[0]!; i32[sp + 1] = words[1]!; sp += 2; pc += 2; continue; }
          case 0x24 satisfies CodeOf<"global.set">: { const { words } = instance.globals[code[pc + 1]!]!; sp -= 2; words[0] = i32[sp]!; words[1] = i32[sp + 1]!; pc += 2; continue; }
          case 0xc8 satisfies InternalCode<"local.get ref">: refs[sp >> 1] = refs[(fp + code[pc + 1]!) >> 1]; sp += 2; pc += 2; continue;
          case 0xc9 satisfies InternalCode<"local.set ref">: sp -= 2; refs[(fp + code[pc + 1]!) >> 1] = refs[sp >> 1]; pc += 2; continue;
          case 0xca satisfies InternalCode<"local.tee ref">: refs[(fp + code[pc + 1]!) >> 1] = refs[(sp - 2) >> 1]; pc += 2; continue;
          case 0xcb satisfies InternalCode<"global.get ref">: refs[sp >> 1] = instance.globals[code[pc + 1]!]!.ref; sp += 2; pc += 2; continue;
          case 0xcc satisfies InternalCode<"global.set ref">: sp -= 2; instance.globals[code[pc + 1]!]!.ref = refs[sp >> 1] as Reference; pc += 2; continue;

          // Step_read/local.get, Step/local.set, Step_pure/local.tee, Step_read/global.get, Step/global.set,
          // Step_pure/drop, select-{true,false}: of vectors
          case 0xf0 satisfies InternalCode<"local.get v128">: { const l = fp + code[pc + 1]!; for (let k = 0; k < 4; k++) i32[sp + k] = i32[l + k]!; sp += 4; pc += 2; continue; }
          case 0xf1 satisfies InternalCode<"local.set v128">: { const l = fp + code[pc + 1]!; sp -= 4; for (let k = 0; k < 4; k++) i32[l + k] = i32[sp + k]!; pc += 2; continue; }
          case 0xf2 satisfies InternalCode<"local.tee v128">: { const l = fp + code[pc + 1]!; for (let k = 0; k < 4; k++) i32[l + k] = i32[sp - 4 + k]!; pc += 2; continue; }
          case 0xf3 satisfies InternalCode<"global.get v128">: i32.set(instance.globals[code[pc + 1]!]!.words, sp); sp += 4; pc += 2; continue;
          case 0xf4 satisfies InternalCode<"global.set v128">: sp -= 4; instance.globals[code[pc + 1]!]!.words.set(i32.subarray(sp, sp + 4)); pc += 2; continue;
          case 0xf5 satisfies InternalCode<"drop v128">: sp -= 4; pc += 1; continue;
          case 0xf6 satisfies InternalCode<"select v128">:
            sp -= 6;
            if (i32[sp + 4] === 0) for (let k = 0; k < 4; k++) i32[sp - 4 + k] = i32[sp + k]!;
            pc += 1; continue;

          // Step_read/load-{num,pack}-{oob,val}, Step/store-{num,pack}-{oob,val}
          case 0x28 satisfies CodeOf<"i32.load">: case 0x2a satisfies CodeOf<"f32.load">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 4 > size) outOfBounds(ea, 4, size); i32[sp - 2] = view.getInt32(ea, true); pc += 2; continue; }
          case 0x29 satisfies CodeOf<"i64.load">: case 0x2b satisfies CodeOf<"f64.load">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 8 > size) outOfBounds(ea, 8, size); i32[sp - 2] = view.getInt32(ea, true); i32[sp - 1] = view.getInt32(ea + 4, true); pc += 2; continue; }
          case 0x2c satisfies CodeOf<"i32.load8_s">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 1 > size) outOfBounds(ea, 1, size); i32[sp - 2] = view.getInt8(ea); pc += 2; continue; }
          case 0x2d satisfies CodeOf<"i32.load8_u">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 1 > size) outOfBounds(ea, 1, size); i32[sp - 2] = view.getUint8(ea); pc += 2; continue; }
          case 0x2e satisfies CodeOf<"i32.load16_s">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 2 > size) outOfBounds(ea, 2, size); i32[sp - 2] = view.getInt16(ea, true); pc += 2; continue; }
          case 0x2f satisfies CodeOf<"i32.load16_u">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 2 > size) outOfBounds(ea, 2, size); i32[sp - 2] = view.getUint16(ea, true); pc += 2; continue; }
          case 0x30 satisfies CodeOf<"i64.load8_s">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 1 > size) outOfBounds(ea, 1, size); const v = view.getInt8(ea); i32[sp - 2] = v; i32[sp - 1] = v >> 31; pc += 2; continue; }
          case 0x31 satisfies CodeOf<"i64.load8_u">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 1 > size) outOfBounds(ea, 1, size); i32[sp - 2] = view.getUint8(ea); i32[sp - 1] = 0; pc += 2; continue; }
          case 0x32 satisfies CodeOf<"i64.load16_s">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 2 > size) outOfBounds(ea, 2, size); const v = view.getInt16(ea, true); i32[sp - 2] = v; i32[sp - 1] = v >> 31; pc += 2; continue; }
          case 0x33 satisfies CodeOf<"i64.load16_u">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 2 > size) outOfBounds(ea, 2, size); i32[sp - 2] = view.getUint16(ea, true); i32[sp - 1] = 0; pc += 2; continue; }
          case 0x34 satisfies CodeOf<"i64.load32_s">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 4 > size) outOfBounds(ea, 4, size); const v = view.getInt32(ea, true); i32[sp - 2] = v; i32[sp - 1] = v >> 31; pc += 2; continue; }
          case 0x35 satisfies CodeOf<"i64.load32_u">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 4 > size) outOfBounds(ea, 4, size); i32[sp - 2] = view.getInt32(ea, true); i32[sp - 1] = 0; pc += 2; continue; }
          case 0x36 satisfies CodeOf<"i32.store">: case 0x38 satisfies CodeOf<"f32.store">: case 0x3e satisfies CodeOf<"i64.store32">: { const ea = (i32[sp - 4]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 4 > size) outOfBounds(ea, 4, size); sp -= 4; view.setInt32(ea, i32[sp + 2]!, true); pc += 2; continue; }
          case 0x37 satisfies CodeOf<"i64.store">: case 0x39 satisfies CodeOf<"f64.store">: { const ea = (i32[sp - 4]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 8 > size) outOfBounds(ea, 8, size); sp -= 4; view.setInt32(ea, i32[sp + 2]!, true); view.setInt32(ea + 4, i32[sp + 3]!, true); pc += 2; continue; }
          case 0x3a satisfies CodeOf<"i32.store8">: case 0x3c satisfies CodeOf<"i64.store8">: { const ea = (i32[sp - 4]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 1 > size) outOfBounds(ea, 1, size); sp -= 4; view.setInt8(ea, i32[sp + 2]!); pc += 2; continue; }
          case 0x3b satisfies CodeOf<"i32.store16">: case 0x3d satisfies CodeOf<"i64.store16">: { const ea = (i32[sp - 4]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 2 > size) outOfBounds(ea, 2, size); sp -= 4; view.setInt16(ea, i32[sp + 2]!, true); pc += 2; continue; }
          case 0xcd satisfies InternalCode<"memory access">: sp = accessMemory(fiber, instance, code, pc, sp); pc += 5; continue;
          // Step_read/memory.size, Step/memory.grow-{succeed,fail}
          case 0x3f satisfies CodeOf<"memory.size">: { const m = instance.memories[code[pc + 1]!]!; i64[sp >> 1] = BigInt(m.pages); sp += 2; pc += 2; continue; }
          case 0x40 satisfies CodeOf<"memory.grow">: {
            const m = instance.memories[code[pc + 1]!]!;
            const delta = m.type.limits.address === "i64" ? Number(BigInt.asUintN(64, i64[(sp - 2) >> 1]!)) : i32[sp - 2]! >>> 0;
            i64[(sp - 2) >> 1] = BigInt(m.grow(delta));
            view = machine.viewOf(memory);
            size = view.byteLength;
            pc += 2; continue;
          }

          // Step/ctxt-instrs: constants are values, which stay before the instructions that are to come
          case 0x41 satisfies CodeOf<"i32.const">: case 0x43 satisfies CodeOf<"f32.const">: i32[sp] = code[pc + 1]!; sp += 2; pc += 2; continue;
          case 0x42 satisfies CodeOf<"i64.const">: case 0x44 satisfies CodeOf<"f64.const">: i32[sp] = code[pc + 1]!; i32[sp + 1] = code[pc + 2]!; sp += 2; pc += 3; continue;
          // Step_pure/testop, relop
          case 0x45 satisfies CodeOf<"i32.eqz">: i32[sp - 2] = i32[sp - 2] === 0 ? 1 : 0; pc += 1; continue;
          case 0x46 satisfies CodeOf<"i32.eq">: sp -= 2; i32[sp - 2] = i32[sp - 2] === i32[sp] ? 1 : 0; pc += 1; continue;
          case 0x47 satisfies CodeOf<"i32.ne">: sp -= 2; i32[sp - 2] = i32[sp - 2] !== i32[sp] ? 1 : 0; pc += 1; continue;
          case 0x48 satisfies CodeOf<"i32.lt_s">: sp -= 2; i32[sp - 2] = i32[sp - 2]! < i32[sp]! ? 1 : 0; pc += 1; continue;
          case 0x49 satisfies CodeOf<"i32.lt_u">: sp -= 2; i32[sp - 2] = i32[sp - 2]! >>> 0 < i32[sp]! >>> 0 ? 1 : 0; pc += 1; continue;
          case 0x4a satisfies CodeOf<"i32.gt_s">: sp -= 2; i32[sp - 2] = i32[sp - 2]! > i32[sp]! ? 1 : 0; pc += 1; continue;
          case 0x4b satisfies CodeOf<"i32.gt_u">: sp -= 2; i32[sp - 2] = i32[sp - 2]! >>> 0 > i32[sp]! >>> 0 ? 1 : 0; pc += 1; continue;
          case 0x4c satisfies CodeOf<"i32.le_s">: sp -= 2; i32[sp - 2] = i32[sp - 2]! <= i32[sp]! ? 1 : 0; pc += 1; continue;
          case 0x4d satisfies CodeOf<"i32.le_u">: sp -= 2; i32[sp - 2] = i32[sp - 2]! >>> 0 <= i32[sp]! >>> 0 ? 1 : 0; pc += 1; continue;
          case 0x4e satisfies CodeOf<"i32.ge_s">: sp -= 2; i32[sp - 2] = i32[sp - 2]! >= i32[sp]! ? 1 : 0; pc += 1; continue;
          case 0x4f satisfies CodeOf<"i32.ge_u">: sp -= 2; i32[sp - 2] = i32[sp - 2]! >>> 0 >= i32[sp]! >>> 0 ? 1 : 0; pc += 1; continue;
          case 0x50 satisfies CodeOf<"i64.eqz">: i32[sp - 2] = (i32[sp - 2]! | i32[sp - 1]!) === 0 ? 1 : 0; pc += 1; continue;
          case 0x51 satisfies CodeOf<"i64.eq">: sp -= 2; i32[sp - 2] = i32[sp - 2] === i32[sp] && i32[sp - 1] === i32[sp + 1] ? 1 : 0; pc += 1; continue;
          case 0x52 satisfies CodeOf<"i64.ne">: sp -= 2; i32[sp - 2] = i32[sp - 2] !== i32[sp] || i32[sp - 1] !== i32[sp + 1] ? 1 : 0; pc += 1; continue;
          case 0x53 satisfies CodeOf<"i64.lt_s">: sp -= 2; i32[sp - 2] = i32[sp - 1]! < i32[sp + 1]! || (i32[sp - 1] === i32[sp + 1] && i32[sp - 2]! >>> 0 < i32[sp]! >>> 0) ? 1 : 0; pc += 1; continue;
          case 0x54 satisfies CodeOf<"i64.lt_u">: sp -= 2; i32[sp - 2] = i32[sp - 1]! >>> 0 < i32[sp + 1]! >>> 0 || (i32[sp - 1] === i32[sp + 1] && i32[sp - 2]! >>> 0 < i32[sp]! >>> 0) ? 1 : 0; pc += 1; continue;
          case 0x55 satisfies CodeOf<"i64.gt_s">: sp -= 2; i32[sp - 2] = i32[sp - 1]! > i32[sp + 1]! || (i32[sp - 1] === i32[sp + 1] && i32[sp - 2]! >>> 0 > i32[sp]! >>> 0) ? 1 : 0; pc += 1; continue;
          case 0x56 satisfies CodeOf<"i64.gt_u">: sp -= 2; i32[sp - 2] = i32[sp - 1]! >>> 0 > i32[sp + 1]! >>> 0 || (i32[sp - 1] === i32[sp + 1] && i32[sp - 2]! >>> 0 > i32[sp]! >>> 0) ? 1 : 0; pc += 1; continue;
          case 0x57 satisfies CodeOf<"i64.le_s">: sp -= 2; i32[sp - 2] = i32[sp - 1]! < i32[sp + 1]! || (i32[sp - 1] === i32[sp + 1] && i32[sp - 2]! >>> 0 <= i32[sp]! >>> 0) ? 1 : 0; pc += 1; continue;
          case 0x58 satisfies CodeOf<"i64.le_u">: sp -= 2; i32[sp - 2] = i32[sp - 1]! >>> 0 < i32[sp + 1]! >>> 0 || (i32[sp - 1] === i32[sp + 1] && i32[sp - 2]! >>> 0 <= i32[sp]! >>> 0) ? 1 : 0; pc += 1; continue;
          case 0x59 satisfies CodeOf<"i64.ge_s">: sp -= 2; i32[sp - 2] = i32[sp - 1]! > i32[sp + 1]! || (i32[sp - 1] === i32[sp + 1] && i32[sp - 2]! >>> 0 >= i32[sp]! >>> 0) ? 1 : 0; pc += 1; continue;
          case 0x5a satisfies CodeOf<"i64.ge_u">: sp -= 2; i32[sp - 2] = i32[sp - 1]! >>> 0 > i32[sp + 1]! >>> 0 || (i32[sp - 1] === i32[sp + 1] && i32[sp - 2]! >>> 0 >= i32[sp]! >>> 0) ? 1 : 0; pc += 1; continue;
          case 0x5b satisfies CodeOf<"f32.eq">: sp -= 2; i32[sp - 2] = f32[sp - 2] === f32[sp] ? 1 : 0; pc += 1; continue;
          case 0x5c satisfies CodeOf<"f32.ne">: sp -= 2; i32[sp - 2] = f32[sp - 2] !== f32[sp] ? 1 : 0; pc += 1; continue;
          case 0x5d satisfies CodeOf<"f32.lt">: sp -= 2; i32[sp - 2] = f32[sp - 2]! < f32[sp]! ? 1 : 0; pc += 1; continue;
          case 0x5e satisfies CodeOf<"f32.gt">: sp -= 2; i32[sp - 2] = f32[sp - 2]! > f32[sp]! ? 1 : 0; pc += 1; continue;
          case 0x5f satisfies CodeOf<"f32.le">: sp -= 2; i32[sp - 2] = f32[sp - 2]! <= f32[sp]! ? 1 : 0; pc += 1; continue;
          case 0x60 satisfies CodeOf<"f32.ge">: sp -= 2; i32[sp - 2] = f32[sp - 2]! >= f32[sp]! ? 1 : 0; pc += 1; continue;
          case 0x61 satisfies CodeOf<"f64.eq">: sp -= 2; i32[sp - 2] = f64[(sp - 2) >> 1] === f64[sp >> 1] ? 1 : 0; pc += 1; continue;
          case 0x62 satisfies CodeOf<"f64.ne">: sp -= 2; i32[sp - 2] = f64[(sp - 2) >> 1] !== f64[sp >> 1] ? 1 : 0; pc += 1; continue;
          case 0x63 satisfies CodeOf<"f64.lt">: sp -= 2; i32[sp - 2] = f64[(sp - 2) >> 1]! < f64[sp >> 1]! ? 1 : 0; pc += 1; continue;
          case 0x64 satisfies CodeOf<"f64.gt">: sp -= 2; i32[sp - 2] = f64[(sp - 2) >> 1]! > f64[sp >> 1]! ? 1 : 0; pc += 1; continue;
          case 0x65 satisfies CodeOf<"f64.le">: sp -= 2; i32[sp - 2] = f64[(sp - 2) >> 1]! <= f64[sp >> 1]! ? 1 : 0; pc += 1; continue;
          case 0x66 satisfies CodeOf<"f64.ge">: sp -= 2; i32[sp - 2] = f64[(sp - 2) >> 1]! >= f64[sp >> 1]! ? 1 : 0; pc += 1; continue;
          // Step_pure/unop-val, binop-{val,trap}: i32
          case 0x67 satisfies CodeOf<"i32.clz">: i32[sp - 2] = Math.clz32(i32[sp - 2]!); pc += 1; continue;
          case 0x68 satisfies CodeOf<"i32.ctz">: i32[sp - 2] = ctz32(i32[sp - 2]!); pc += 1; continue;
          case 0x69 satisfies CodeOf<"i32.popcnt">: i32[sp - 2] = popcnt32(i32[sp - 2]!); pc += 1; continue;
          case 0x6a satisfies CodeOf<"i32.add">: sp -= 2; i32[sp - 2] = i32[sp - 2]! + i32[sp]!; pc += 1; continue;
          case 0x6b satisfies CodeOf<"i32.sub">: sp -= 2; i32[sp - 2] = i32[sp - 2]! - i32[sp]!; pc += 1; continue;
          case 0x6c satisfies CodeOf<"i32.mul">: sp -= 2; i32[sp - 2] = Math.imul(i32[sp - 2]!, i32[sp]!); pc += 1; continue;
          case 0x6d satisfies CodeOf<"i32.div_s">: {
            const b = i32[sp - 2]!, q = (i32[sp - 4]! / b) | 0;
            if (b === 0) divideByZero();
            if (b === -1 && i32[sp - 4] === -0x80000000) throw new Trap("integer overflow");
            sp -= 2; i32[sp - 2] = q; pc += 1; continue;
          }
          case 0x6e satisfies CodeOf<"i32.div_u">: if (i32[sp - 2] === 0) divideByZero(); sp -= 2; i32[sp - 2] = ((i32[sp - 2]! >>> 0) / (i32[sp]! >>> 0)) >>> 0; pc += 1; continue;
          case 0x6f satisfies CodeOf<"i32.rem_s">: if (i32[sp - 2] === 0) divideByZero(); sp -= 2; i32[sp - 2] = i32[sp - 2]! % i32[sp]!; pc += 1; continue;
          case 0x70 satisfies CodeOf<"i32.rem_u">: if (i32[sp - 2] === 0) divideByZero(); sp -= 2; i32[sp - 2] = (i32[sp - 2]! >>> 0) % (i32[sp]! >>> 0); pc += 1; continue;
          case 0x71 satisfies CodeOf<"i32.and">: sp -= 2; i32[sp - 2]! &= i32[sp]!; pc += 1; continue;
          case 0x72 satisfies CodeOf<"i32.or">: sp -= 2; i32[sp - 2]! |= i32[sp]!; pc += 1; continue;
          case 0x73 satisfies CodeOf<"i32.xor">: sp -= 2; i32[sp - 2]! ^= i32[sp]!; pc += 1; continue;
          case 0x74 satisfies CodeOf<"i32.shl">: sp -= 2; i32[sp - 2]! <<= i32[sp]!; pc += 1; continue;
          case 0x75 satisfies CodeOf<"i32.shr_s">: sp -= 2; i32[sp - 2]! >>= i32[sp]!; pc += 1; continue;
          case 0x76 satisfies CodeOf<"i32.shr_u">: sp -= 2; i32[sp - 2]! >>>= i32[sp]!; pc += 1; continue;
          case 0x77 satisfies CodeOf<"i32.rotl">: { sp -= 2; const x = i32[sp - 2]!, n = i32[sp]!; i32[sp - 2] = (x << n) | (x >>> -n); pc += 1; continue; }
          case 0x78 satisfies CodeOf<"i32.rotr">: { sp -= 2; const x = i32[sp - 2]!, n = i32[sp]!; i32[sp - 2] = (x >>> n) | (x << -n); pc += 1; continue; }
          // Step_pure/unop-val, binop-{val,trap}: i64 as (low, high) words
          case 0x79 satisfies CodeOf<"i64.clz">: { const h = i32[sp - 1]!; i32[sp - 2] = h === 0 ? 32 + Math.clz32(i32[sp - 2]!) : Math.clz32(h); i32[sp - 1] = 0; pc += 1; continue; }
          case 0x7a satisfies CodeOf<"i64.ctz">: { const l = i32[sp - 2]!; i32[sp - 2] = l === 0 ? 32 + ctz32(i32[sp - 1]!) : ctz32(l); i32[sp - 1] = 0; pc += 1; continue; }
          case 0x7b satisfies CodeOf<"i64.popcnt">: i32[sp - 2] = popcnt32(i32[sp - 2]!) + popcnt32(i32[sp - 1]!); i32[sp - 1] = 0; pc += 1; continue;
          case 0x7c satisfies CodeOf<"i64.add">: { sp -= 2; const l = (i32[sp - 2]! + i32[sp]!) | 0; i32[sp - 1] = i32[sp - 1]! + i32[sp + 1]! + (l >>> 0 < i32[sp]! >>> 0 ? 1 : 0); i32[sp - 2] = l; pc += 1; continue; }
          case 0x7d satisfies CodeOf<"i64.sub">: { sp -= 2; const a = i32[sp - 2]!, b = i32[sp]!; i32[sp - 2] = a - b; i32[sp - 1] = i32[sp - 1]! - i32[sp + 1]! - (a >>> 0 < b >>> 0 ? 1 : 0); pc += 1; continue; }
          case 0x7e satisfies CodeOf<"i64.mul">: {
            sp -= 2;
            const al = i32[sp - 2]!, bl = i32[sp]!;
            const a0 = al & 0xffff, a1 = al >>> 16, b0 = bl & 0xffff, b1 = bl >>> 16;
            const low = Math.imul(a0, b0), mid = (low >>> 16) + Math.imul(a1, b0), mid2 = (mid & 0xffff) + Math.imul(a0, b1);
            const carry = (mid >>> 16) + (mid2 >>> 16) + Math.imul(a1, b1);
            i32[sp - 1] = carry + Math.imul(al, i32[sp + 1]!) + Math.imul(i32[sp - 1]!, bl);
            i32[sp - 2] = Math.imul(al, bl);
            pc += 1; continue;
          }
          case 0x7f satisfies CodeOf<"i64.div_s">: case 0x80 satisfies CodeOf<"i64.div_u">: case 0x81 satisfies CodeOf<"i64.rem_s">: case 0x82 satisfies CodeOf<"i64.rem_u">:
            i64[(sp - 4) >> 1] = divide64(code[pc]!, i64[(sp - 4) >> 1]!, i64[(sp - 2) >> 1]!); sp -= 2; pc += 1; continue;
          case 0x83 satisfies CodeOf<"i64.and">: sp -= 2; i32[sp - 2]! &= i32[sp]!; i32[sp - 1]! &= i32[sp + 1]!; pc += 1; continue;
          case 0x84 satisfies CodeOf<"i64.or">: sp -= 2; i32[sp - 2]! |= i32[sp]!; i32[sp - 1]! |= i32[sp + 1]!; pc += 1; continue;
          case 0x85 satisfies CodeOf<"i64.xor">: sp -= 2; i32[sp - 2]! ^= i32[sp]!; i32[sp - 1]! ^= i32[sp + 1]!; pc += 1; continue;
          case 0x86 satisfies CodeOf<"i64.shl">: {
            sp -= 2;
            const n = i32[sp]! & 63, l = i32[sp - 2]!;
            if (n >= 32) { i32[sp - 1] = l << n; i32[sp - 2] = 0; }
            else if (n !== 0) { i32[sp - 1] = (i32[sp - 1]! << n) | (l >>> (32 - n)); i32[sp - 2] = l << n; }
            pc += 1; continue;
          }
          case 0x87 satisfies CodeOf<"i64.shr_s">: {
            sp -= 2;
            const n = i32[sp]! & 63, h = i32[sp - 1]!;
            if (n >= 32) { i32[sp - 2] = h >> n; i32[sp - 1] = h >> 31; }
            else if (n !== 0) { i32[sp - 2] = (i32[sp - 2]! >>> n) | (h << (32 - n)); i32[sp - 1] = h >> n; }
            pc += 1; continue;
          }
          case 0x88 satisfies CodeOf<"i64.shr_u">: {
            sp -= 2;
            const n = i32[sp]! & 63, h = i32[sp - 1]!;
            if (n >= 32) { i32[sp - 2] = h >>> n; i32[sp - 1] = 0; }
            else if (n !== 0) { i32[sp - 2] = (i32[sp - 2]! >>> n) | (h << (32 - n)); i32[sp - 1] = h >>> n; }
            pc += 1; continue;
          }
          case 0x89 satisfies CodeOf<"i64.rotl">:
          case 0x8a satisfies CodeOf<"i64.rotr">: {
            sp -= 2;
            const n = (code[pc] === 0x89 ? i32[sp]! : -i32[sp]!) & 63;
            const a = n >= 32 ? i32[sp - 1]! : i32[sp - 2]!, b = n >= 32 ? i32[sp - 2]! : i32[sp - 1]!, m = n & 31;
            i32[sp - 2] = m === 0 ? a : (a << m) | (b >>> (32 - m));
            i32[sp - 1] = m === 0 ? b : (b << m) | (a >>> (32 - m));
            pc += 1; continue;
          }
          // Step_pure/unop-val, binop-val: floats; signs are bits, so that NaNs keep their payload
          case 0x8b satisfies CodeOf<"f32.abs">: i32[sp - 2]! &= 0x7fffffff; pc += 1; continue;
          case 0x8c satisfies CodeOf<"f32.neg">: i32[sp - 2]! ^= 0x80000000; pc += 1; continue;
          case 0x8d satisfies CodeOf<"f32.ceil">: { const r = Math.ceil(f32[sp - 2]!); f32[sp - 2] = r; if (r !== r) i32[sp - 2]! |= F32_QUIET; } pc += 1; continue;
          case 0x8e satisfies CodeOf<"f32.floor">: { const r = Math.floor(f32[sp - 2]!); f32[sp - 2] = r; if (r !== r) i32[sp - 2]! |= F32_QUIET; } pc += 1; continue;
          case 0x8f satisfies CodeOf<"f32.trunc">: { const r = Math.trunc(f32[sp - 2]!); f32[sp - 2] = r; if (r !== r) i32[sp - 2]! |= F32_QUIET; } pc += 1; continue;
          case 0x90 satisfies CodeOf<"f32.nearest">: { const r = nearest(f32[sp - 2]!); f32[sp - 2] = r; if (r !== r) i32[sp - 2]! |= F32_QUIET; } pc += 1; continue;
          case 0x91 satisfies CodeOf<"f32.sqrt">: f32[sp - 2] = Math.sqrt(f32[sp - 2]!); pc += 1; continue;
          case 0x92 satisfies CodeOf<"f32.add">: sp -= 2; f32[sp - 2] = f32[sp - 2]! + f32[sp]!; pc += 1; continue;
          case 0x93 satisfies CodeOf<"f32.sub">: sp -= 2; f32[sp - 2] = f32[sp - 2]! - f32[sp]!; pc += 1; continue;
          case 0x94 satisfies CodeOf<"f32.mul">: sp -= 2; f32[sp - 2] = f32[sp - 2]! * f32[sp]!; pc += 1; continue;
          case 0x95 satisfies CodeOf<"f32.div">: sp -= 2; f32[sp - 2] = f32[sp - 2]! / f32[sp]!; pc += 1; continue;
          case 0x96 satisfies CodeOf<"f32.min">: { sp -= 2; const r = Math.min(f32[sp - 2]!, f32[sp]!); f32[sp - 2] = r; if (r !== r) i32[sp - 2]! |= F32_QUIET; } pc += 1; continue;
          case 0x97 satisfies CodeOf<"f32.max">: { sp -= 2; const r = Math.max(f32[sp - 2]!, f32[sp]!); f32[sp - 2] = r; if (r !== r) i32[sp - 2]! |= F32_QUIET; } pc += 1; continue;
          case 0x98 satisfies CodeOf<"f32.copysign">: sp -= 2; i32[sp - 2] = (i32[sp - 2]! & 0x7fffffff) | (i32[sp]! & 0x80000000); pc += 1; continue;
          case 0x99 satisfies CodeOf<"f64.abs">: i32[sp - 1]! &= 0x7fffffff; pc += 1; continue;
          case 0x9a satisfies CodeOf<"f64.neg">: i32[sp - 1]! ^= 0x80000000; pc += 1; continue;
          case 0x9b satisfies CodeOf<"f64.ceil">: { const k = (sp - 2) >> 1, r = Math.ceil(f64[k]!); f64[k] = r; if (r !== r) i32[sp - 1]! |= F64_QUIET_HIGH; pc += 1; continue; }
          case 0x9c satisfies CodeOf<"f64.floor">: { const k = (sp - 2) >> 1, r = Math.floor(f64[k]!); f64[k] = r; if (r !== r) i32[sp - 1]! |= F64_QUIET_HIGH; pc += 1; continue; }
          case 0x9d satisfies CodeOf<"f64.trunc">: { const k = (sp - 2) >> 1, r = Math.trunc(f64[k]!); f64[k] = r; if (r !== r) i32[sp - 1]! |= F64_QUIET_HIGH; pc += 1; continue; }
          case 0x9e satisfies CodeOf<"f64.nearest">: { const k = (sp - 2) >> 1, r = nearest(f64[k]!); f64[k] = r; if (r !== r) i32[sp - 1]! |= F64_QUIET_HIGH; pc += 1; continue; }
          case 0x9f satisfies CodeOf<"f64.sqrt">: { const k = (sp - 2) >> 1; f64[k] = Math.sqrt(f64[k]!); pc += 1; continue; }
          case 0xa0 satisfies CodeOf<"f64.add">: { sp -= 2; const k = (sp - 2) >> 1; f64[k] = f64[k]! + f64[k + 1]!; pc += 1; continue; }
          case 0xa1 satisfies CodeOf<"f64.sub">: { sp -= 2; const k = (sp - 2) >> 1; f64[k] = f64[k]! - f64[k + 1]!; pc += 1; continue; }
          case 0xa2 satisfies CodeOf<"f64.mul">: { sp -= 2; const k = (sp - 2) >> 1; f64[k] = f64[k]! * f64[k + 1]!; pc += 1; continue; }
          case 0xa3 satisfies CodeOf<"f64.div">: { sp -= 2; const k = (sp - 2) >> 1; f64[k] = f64[k]! / f64[k + 1]!; pc += 1; continue; }
          case 0xa4 satisfies CodeOf<"f64.min">: { sp -= 2; const k = (sp - 2) >> 1, r = Math.min(f64[k]!, f64[k + 1]!); f64[k] = r; if (r !== r) i32[sp - 1]! |= F64_QUIET_HIGH; pc += 1; continue; }
          case 0xa5 satisfies CodeOf<"f64.max">: { sp -= 2; const k = (sp - 2) >> 1, r = Math.max(f64[k]!, f64[k + 1]!); f64[k] = r; if (r !== r) i32[sp - 1]! |= F64_QUIET_HIGH; pc += 1; continue; }
          case 0xa6 satisfies CodeOf<"f64.copysign">: sp -= 2; i32[sp - 1] = (i32[sp - 1]! & 0x7fffffff) | (i32[sp + 1]! & 0x80000000); pc += 1; continue;
          // Step_pure/cvtop-val: the frequent ones
          case 0xa7 satisfies CodeOf<"i32.wrap_i64">: pc += 1; continue;
          case 0xac satisfies CodeOf<"i64.extend_i32_s">: i32[sp - 1] = i32[sp - 2]! >> 31; pc += 1; continue;
          case 0xad satisfies CodeOf<"i64.extend_i32_u">: i32[sp - 1] = 0; pc += 1; continue;
          case 0xb2 satisfies CodeOf<"f32.convert_i32_s">: f32[sp - 2] = i32[sp - 2]!; pc += 1; continue;
          case 0xb3 satisfies CodeOf<"f32.convert_i32_u">: f32[sp - 2] = i32[sp - 2]! >>> 0; pc += 1; continue;
          case 0xb6 satisfies CodeOf<"f32.demote_f64">: f32[sp - 2] = f64[(sp - 2) >> 1]!; pc += 1; continue;
          case 0xb7 satisfies CodeOf<"f64.convert_i32_s">: f64[(sp - 2) >> 1] = i32[sp - 2]!; pc += 1; continue;
          case 0xb8 satisfies CodeOf<"f64.convert_i32_u">: f64[(sp - 2) >> 1] = i32[sp - 2]! >>> 0; pc += 1; continue;
          case 0xb9 satisfies CodeOf<"f64.convert_i64_s">: f64[(sp - 2) >> 1] = i32[sp - 1]! * 4294967296 + (i32[sp - 2]! >>> 0); pc += 1; continue;
          case 0xba satisfies CodeOf<"f64.convert_i64_u">: f64[(sp - 2) >> 1] = (i32[sp - 1]! >>> 0) * 4294967296 + (i32[sp - 2]! >>> 0); pc += 1; continue;
          case 0xbb satisfies CodeOf<"f64.promote_f32">: f64[(sp - 2) >> 1] = f32[sp - 2]!; pc += 1; continue;
          case 0xbc satisfies CodeOf<"i32.reinterpret_f32">: case 0xbd satisfies CodeOf<"i64.reinterpret_f64">: pc += 1; continue;
          case 0xbe satisfies CodeOf<"f32.reinterpret_i32">: case 0xbf satisfies CodeOf<"f64.reinterpret_i64">: pc += 1; continue;
          // Step_pure/unop-val
          case 0xc0 satisfies CodeOf<"i32.extend8_s">: i32[sp - 2] = (i32[sp - 2]! << 24) >> 24; pc += 1; continue;
          case 0xc1 satisfies CodeOf<"i32.extend16_s">: i32[sp - 2] = (i32[sp - 2]! << 16) >> 16; pc += 1; continue;
          case 0xc2 satisfies CodeOf<"i64.extend8_s">: { const v = (i32[sp - 2]! << 24) >> 24; i32[sp - 2] = v; i32[sp - 1] = v >> 31; pc += 1; continue; }
          case 0xc3 satisfies CodeOf<"i64.extend16_s">: { const v = (i32[sp - 2]! << 16) >> 16; i32[sp - 2] = v; i32[sp - 1] = v >> 31; pc += 1; continue; }
          case 0xc4 satisfies CodeOf<"i64.extend32_s">: i32[sp - 1] = i32[sp - 2]! >> 31; pc += 1; continue;
          // Step_pure/cvtop-{val,trap}: the others share `conversions`
          case 0xa8 satisfies CodeOf<"i32.trunc_f32_s">: case 0xa9 satisfies CodeOf<"i32.trunc_f32_u">: case 0xaa satisfies CodeOf<"i32.trunc_f64_s">: case 0xab satisfies CodeOf<"i32.trunc_f64_u">:
          case 0xae satisfies CodeOf<"i64.trunc_f32_s">: case 0xaf satisfies CodeOf<"i64.trunc_f32_u">: case 0xb0 satisfies CodeOf<"i64.trunc_f64_s">: case 0xb1 satisfies CodeOf<"i64.trunc_f64_u">:
          case 0xb4 satisfies CodeOf<"f32.convert_i64_s">: case 0xb5 satisfies CodeOf<"f32.convert_i64_u">:
            conversions(fiber, code[pc]!, sp - 2); pc += 1; continue;

          // Step_read/ref.null, ref.func, Step_pure/ref.is_null-{true,false}, ref.as_non_null-{null,addr}
          case 0xd0 satisfies CodeOf<"ref.null">: refs[sp >> 1] = null; sp += 2; pc += 1; continue;
          case 0xd1 satisfies CodeOf<"ref.is_null">: i32[sp - 2] = refs[(sp - 2) >> 1] === null ? 1 : 0; pc += 1; continue;
          case 0xd2 satisfies CodeOf<"ref.func">: refs[sp >> 1] = instance.funcs[code[pc + 1]!]!; sp += 2; pc += 2; continue;
          case 0xd4 satisfies CodeOf<"ref.as_non_null">: if (refs[(sp - 2) >> 1] === null) throw new Trap("null reference"); pc += 1; continue;
          // Step_pure/br_on_null-{null,addr}, br_on_non_null-{null,addr}
          case 0xd5 satisfies CodeOf<"br_on_null">: case 0xd6 satisfies CodeOf<"br_on_non_null">: {
            const isNull = refs[(sp - 2) >> 1] === null, onNull = code[pc] === 0xd5;
            if (isNull) sp -= 2;
            if (isNull !== onNull) { pc += 5; continue; }
            const to = fp + code[pc + 2]!, n = code[pc + 3]!;
            fiber.move(sp - n, to, n, code[pc + 4] !== 0);
            sp = to + n; pc = code[pc + 1]!; continue;
          }

          // Step_pure/ref.eq-{null,true,false}
          case 0xd3 satisfies CodeOf<"ref.eq">: sp -= 2; i32[sp - 2] = refs[(sp - 2) >> 1] === refs[sp >> 1] ? 1 : 0; pc += 1; continue;
          // Step_read/br_on_cast-{succeed,fail}, br_on_cast_fail-{succeed,fail}
          case 0xce satisfies InternalCode<"br_on_cast">: case 0xcf satisfies InternalCode<"br_on_cast_fail">: {
            const succeeds = matchesType(refs[(sp - 2) >> 1] as Reference, instance, code[pc + 5]!, code[pc + 6]!);
            if (succeeds !== (code[pc] === 0xce)) { pc += 7; continue; }
            const to = fp + code[pc + 2]!, n = code[pc + 3]!;
            if (to !== sp - n) fiber.move(sp - n, to, n, true);
            sp = to + n; pc = code[pc + 1]!; continue;
          }

          // Step_read/br_on_cast_desc_eq-{null,succeed,fail}, br_on_cast_desc_eq_fail-{null,succeed,fail}
          case 0xd7 satisfies InternalCode<"br_on_cast_desc_eq">: case 0xd8 satisfies InternalCode<"br_on_cast_desc_eq_fail">: {
            const succeeds = isDescribedBy(refs[(sp - 4) >> 1] as Reference, refs[(sp - 2) >> 1], code[pc + 5]!);
            sp -= 2;
            if (succeeds !== (code[pc] === 0xd7)) { pc += 6; continue; }
            const to = fp + code[pc + 2]!, n = code[pc + 3]!;
            if (to !== sp - n) fiber.move(sp - n, to, n, true);
            sp = to + n; pc = code[pc + 1]!; continue;
          }

          // Step_read/table.get-{oob,val}, Step/table.set-{oob,val}
          case 0x25 satisfies CodeOf<"table.get">: case 0x26 satisfies CodeOf<"table.set">:
            sp = bulk(fiber, instance, code[pc]!, code[pc + 1]!, 0, sp); pc += 2; continue;
          // Step/cont.new-{null,func}, cont.bind-{null,consumed,cont}, suspend, switch-{null,consumed,cont},
          // Step/resume-{null,consumed,cont}, resume_throw-{null,consumed,cont},
          // Step/resume_throw_ref-{null_exn,null,consumed,cont}
          case 0xe0 satisfies CodeOf<"cont.new">: refs[(sp - 2) >> 1] = newContinuation(machine, instance, code[pc + 1]!, refs[(sp - 2) >> 1] as FuncInstance | null); pc += 2; continue;
          case 0xe1 satisfies CodeOf<"cont.bind">: sp = bindContinuation(fiber, instance, code, pc, sp); pc += 4; continue;
          case 0xe2 satisfies CodeOf<"suspend">: case 0xe3 satisfies CodeOf<"resume">: case 0xe4 satisfies CodeOf<"resume_throw">:
          case 0xe5 satisfies CodeOf<"resume_throw_ref">: case 0xe6 satisfies CodeOf<"switch">:
            frame.pc = pc; frame.sp = sp; machine.unused = fuel;
            switchStacks(machine, code[pc]!);
            break running;
          // Structures, arrays, casts
          case 0xfb: sp = gc(fiber, instance, 0xfb0000 | code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, sp); pc += 4; continue;
          // Saturating conversions, bulk memory and table instructions, wide arithmetic
          case 0xfc: {
            const sub = code[pc + 1]!;
            if (sub < 8) conversions(fiber, 0xfc0000 | sub, sp - 2);
            else if (sub >= 0x13) sp = wide(fiber, 0xfc0000 | sub, sp);
            else sp = bulk(fiber, instance, 0xfc0000 | sub, code[pc + 2]!, code[pc + 3]!, sp);
            pc += 4; continue;
          }
          // Vectors
          case 0xfd: sp = simd(fiber, instance, code, pc, sp); pc += code[pc + 2]!; continue;
          // Threads
          case 0xfe:
            if (code[pc + 1] === 1 || code[pc + 1] === 2) {
              frame.pc = pc; frame.sp = sp;
              machine.wait();
              break running;
            }
            sp = atomics(fiber, instance, code, pc, sp); pc += 5; continue;
          // Shortcuts (`shortcuts.ts`): what the instructions named do, in one go. Where one of
          // them would trap, nothing is done yet, and the entries themselves come to it.
          // i32
          case 0x100 satisfies ShortcutCode<"i32.const, i32.add">: i32[sp - 2] = i32[sp - 2]! + code[pc + 1]!; pc += 3; fuel -= 1; continue;
          case 0x101 satisfies ShortcutCode<"i32.const, i32.and">: i32[sp - 2] = i32[sp - 2]! & code[pc + 1]!; pc += 3; fuel -= 1; continue;
          case 0x102 satisfies ShortcutCode<"i32.const, i32.shl">: i32[sp - 2] = i32[sp - 2]! << code[pc + 1]!; pc += 3; fuel -= 1; continue;
          case 0x103 satisfies ShortcutCode<"i32.const, i32.shl, i32.const, i32.add">: i32[sp - 2] = (i32[sp - 2]! << code[pc + 1]!) + code[pc + 4]!; pc += 6; fuel -= 3; continue;
          case 0x104 satisfies ShortcutCode<"i32.const, i32.shr_u, i32.const, i32.and">: i32[sp - 2] = (i32[sp - 2]! >>> code[pc + 1]!) & code[pc + 4]!; pc += 6; fuel -= 3; continue;
          case 0x105 satisfies ShortcutCode<"i32.const, i32.shr_u, local.get i32, i32.xor">: i32[sp - 2] = (i32[sp - 2]! >>> code[pc + 1]!) ^ i32[fp + code[pc + 4]!]!; pc += 6; fuel -= 3; continue;
          case 0x106 satisfies ShortcutCode<"i32.const, local.get i32, local.get i32, i32.gt_u">: i32[sp] = code[pc + 1]!; i32[sp + 2] = i32[fp + code[pc + 3]!]! >>> 0 > i32[fp + code[pc + 5]!]! >>> 0 ? 1 : 0; sp += 4; pc += 7; fuel -= 3; continue;
          case 0x107 satisfies ShortcutCode<"i32.const, local.set i32">: i32[fp + code[pc + 3]!] = code[pc + 1]!; pc += 4; fuel -= 1; continue;
          case 0x108 satisfies ShortcutCode<"i32.shl, local.get i32, i32.xor, local.tee i32">: { const v = (i32[sp - 4]! << i32[sp - 2]!) ^ i32[fp + code[pc + 2]!]!; i32[fp + code[pc + 5]!] = v; i32[sp - 4] = v; sp -= 2; pc += 6; fuel -= 3; continue; }
          case 0x109 satisfies ShortcutCode<"local.get i32">: i32[sp] = i32[fp + code[pc + 1]!]!; sp += 2; pc += 2; continue;
          case 0x10a satisfies ShortcutCode<"local.get i32, i32.add, local.set i32">: i32[fp + code[pc + 4]!] = i32[sp - 2]! + i32[fp + code[pc + 1]!]!; sp -= 2; pc += 5; fuel -= 2; continue;
          case 0x10b satisfies ShortcutCode<"local.get i32, i32.const">: i32[sp] = i32[fp + code[pc + 1]!]!; i32[sp + 2] = code[pc + 3]!; sp += 4; pc += 4; fuel -= 1; continue;
          case 0x10c satisfies ShortcutCode<"local.get i32, i32.const, i32.add">: i32[sp] = i32[fp + code[pc + 1]!]! + code[pc + 3]!; sp += 2; pc += 5; fuel -= 2; continue;
          case 0x10d satisfies ShortcutCode<"local.get i32, i32.const, i32.add, i32.const">: i32[sp] = i32[fp + code[pc + 1]!]! + code[pc + 3]!; i32[sp + 2] = code[pc + 6]!; sp += 4; pc += 7; fuel -= 3; continue;
          case 0x10e satisfies ShortcutCode<"local.get i32, i32.const, i32.add, local.set i32">: i32[fp + code[pc + 6]!] = i32[fp + code[pc + 1]!]! + code[pc + 3]!; pc += 7; fuel -= 3; continue;
          case 0x10f satisfies ShortcutCode<"local.get i32, i32.const, i32.add, local.tee i32">: { const v = i32[fp + code[pc + 1]!]! + code[pc + 3]!; i32[fp + code[pc + 6]!] = v; i32[sp] = v; sp += 2; pc += 7; fuel -= 3; continue; }
          case 0x110 satisfies ShortcutCode<"local.get i32, i32.const, i32.and">: i32[sp] = i32[fp + code[pc + 1]!]! & code[pc + 3]!; sp += 2; pc += 5; fuel -= 2; continue;
          case 0x111 satisfies ShortcutCode<"local.get i32, i32.const, i32.gt_u, local.set i32">: i32[fp + code[pc + 6]!] = i32[fp + code[pc + 1]!]! >>> 0 > code[pc + 3]! >>> 0 ? 1 : 0; pc += 7; fuel -= 3; continue;
          case 0x112 satisfies ShortcutCode<"local.get i32, i32.const, i32.sub, local.tee i32">: { const v = i32[fp + code[pc + 1]!]! - code[pc + 3]!; i32[fp + code[pc + 6]!] = v; i32[sp] = v; sp += 2; pc += 7; fuel -= 3; continue; }
          case 0x113 satisfies ShortcutCode<"local.get i32, local.get i32">: i32[sp] = i32[fp + code[pc + 1]!]!; i32[sp + 2] = i32[fp + code[pc + 3]!]!; sp += 4; pc += 4; fuel -= 1; continue;
          case 0x114 satisfies ShortcutCode<"local.get i32, local.get i32, i32.add">: i32[sp] = i32[fp + code[pc + 1]!]! + i32[fp + code[pc + 3]!]!; sp += 2; pc += 5; fuel -= 2; continue;
          case 0x115 satisfies ShortcutCode<"local.set i32, local.get i32">: i32[fp + code[pc + 1]!] = i32[sp - 2]!; i32[sp - 2] = i32[fp + code[pc + 3]!]!; pc += 4; fuel -= 1; continue;
          case 0x116 satisfies ShortcutCode<"local.tee i32, i32.const">: { const v = i32[sp - 2]!; i32[fp + code[pc + 1]!] = v; i32[sp - 2] = v; i32[sp] = code[pc + 3]!; sp += 2; pc += 4; fuel -= 1; continue; }
          case 0x117 satisfies ShortcutCode<"local.tee i32, i32.const, i32.add">: { const v = i32[sp - 2]!; i32[fp + code[pc + 1]!] = v; i32[sp - 2] = v + code[pc + 3]!; pc += 5; fuel -= 2; continue; }
          // i64
          case 0x118 satisfies ShortcutCode<"i32.and, i64.extend_i32_u, i64.xor">: { const v = i32[sp - 4]! & i32[sp - 2]!; const low = i32[sp - 6]! ^ v, high = i32[sp - 5]!; i32[sp - 6] = low; i32[sp - 5] = high; sp -= 4; pc += 3; fuel -= 2; continue; }
          case 0x119 satisfies ShortcutCode<"i64.const, i64.mul, local.tee i64">: { const al = i32[sp - 2]!, ah = i32[sp - 1]!, bl = code[pc + 1]!, bh = code[pc + 2]!; const a0 = al & 0xffff, a1 = al >>> 16, b0 = bl & 0xffff, b1 = bl >>> 16, mid = (Math.imul(a0, b0) >>> 16) + Math.imul(a1, b0), mid2 = (mid & 0xffff) + Math.imul(a0, b1); const low = Math.imul(al, bl), high = (mid >>> 16) + (mid2 >>> 16) + Math.imul(a1, b1) + Math.imul(al, bh) + Math.imul(ah, bl); const to = fp + code[pc + 5]!; i32[to] = low; i32[to + 1] = high; i32[sp - 2] = low; i32[sp - 1] = high; pc += 6; fuel -= 2; continue; }
          case 0x11a satisfies ShortcutCode<"i64.const, i64.shr_u, local.get i64, i64.xor">: { const n = code[pc + 1]! & 63, x = i32[sp - 2]!, y = i32[sp - 1]!; const at = fp + code[pc + 5]!; const low = (n >= 32 ? y >>> n : n === 0 ? x : (x >>> n) | (y << (32 - n))) ^ i32[at]!, high = (n >= 32 ? 0 : y >>> n) ^ i32[at + 1]!; i32[sp - 2] = low; i32[sp - 1] = high; pc += 7; fuel -= 3; continue; }
          case 0x11b satisfies ShortcutCode<"local.get i64, i64.add, i64.const, i64.rotl">: { const at = fp + code[pc + 1]!; const b = i32[at]!, low = (i32[sp - 2]! + b) | 0, high = i32[sp - 1]! + i32[at + 1]! + (low >>> 0 < b >>> 0 ? 1 : 0); const n = code[pc + 4]! & 63, m = n & 31, x = n >= 32 ? high : low, y = n >= 32 ? low : high; const low2 = (m === 0 ? x : (x << m) | (y >>> (32 - m))), high2 = (m === 0 ? y : (y << m) | (x >>> (32 - m))); i32[sp - 2] = low2; i32[sp - 1] = high2; pc += 7; fuel -= 3; continue; }
          case 0x11c satisfies ShortcutCode<"local.get i64, i64.const">: { const at = fp + code[pc + 1]!; const low = i32[at]!, high = i32[at + 1]!; const low2 = code[pc + 3]!, high2 = code[pc + 4]!; i32[sp] = low; i32[sp + 1] = high; i32[sp + 2] = low2; i32[sp + 3] = high2; sp += 4; pc += 5; fuel -= 1; continue; }
          case 0x11d satisfies ShortcutCode<"local.get i64, i64.const, i64.rotl, i64.xor">: { const at = fp + code[pc + 1]!; const n = code[pc + 3]! & 63, m = n & 31, x = n >= 32 ? i32[at + 1]! : i32[at]!, y = n >= 32 ? i32[at]! : i32[at + 1]!; const low = i32[sp - 2]! ^ ((m === 0 ? x : (x << m) | (y >>> (32 - m)))), high = i32[sp - 1]! ^ ((m === 0 ? y : (y << m) | (x >>> (32 - m)))); i32[sp - 2] = low; i32[sp - 1] = high; pc += 7; fuel -= 3; continue; }
          case 0x11e satisfies ShortcutCode<"local.get i64, local.set i64, local.get i64, local.set i64">: { const at = fp + code[pc + 1]!; const low = i32[at]!, high = i32[at + 1]!; const to = fp + code[pc + 3]!; i32[to] = low; i32[to + 1] = high; const at2 = fp + code[pc + 5]!; const low2 = i32[at2]!, high2 = i32[at2 + 1]!; const to2 = fp + code[pc + 7]!; i32[to2] = low2; i32[to2 + 1] = high2; pc += 8; fuel -= 3; continue; }
          case 0x11f satisfies ShortcutCode<"local.get i64, local.tee i64">: { const at = fp + code[pc + 1]!; const low = i32[at]!, high = i32[at + 1]!; const to = fp + code[pc + 3]!; i32[to] = low; i32[to + 1] = high; i32[sp] = low; i32[sp + 1] = high; sp += 2; pc += 4; fuel -= 1; continue; }
          case 0x120 satisfies ShortcutCode<"local.tee i64, local.get i64, local.get i64, local.get i64">: { const low = i32[sp - 2]!, high = i32[sp - 1]!; const to = fp + code[pc + 1]!; i32[to] = low; i32[to + 1] = high; const at = fp + code[pc + 3]!; const at2 = fp + code[pc + 5]!; const at3 = fp + code[pc + 7]!; const low2 = i32[at]!, high2 = i32[at + 1]!; const low3 = i32[at2]!, high3 = i32[at2 + 1]!; const low4 = i32[at3]!, high4 = i32[at3 + 1]!; i32[sp - 2] = low; i32[sp - 1] = high; i32[sp] = low2; i32[sp + 1] = high2; i32[sp + 2] = low3; i32[sp + 3] = high3; i32[sp + 4] = low4; i32[sp + 5] = high4; sp += 6; pc += 8; fuel -= 3; continue; }
          // f64
          case 0x121 satisfies ShortcutCode<"f64.add, f64.add, f64.add, local.set f64">: f64[(fp + code[pc + 4]!) >> 1] = f64[(sp - 8) >> 1]! + (f64[(sp - 6) >> 1]! + (f64[(sp - 4) >> 1]! + f64[(sp - 2) >> 1]!)); sp -= 8; pc += 5; fuel -= 3; continue;
          case 0x122 satisfies ShortcutCode<"f64.mul, local.get f64, f64.add">: f64[(sp - 4) >> 1] = (f64[(sp - 4) >> 1]! * f64[(sp - 2) >> 1]!) + f64[(fp + code[pc + 2]!) >> 1]!; sp -= 2; pc += 4; fuel -= 2; continue;
          case 0x123 satisfies ShortcutCode<"local.get f64, f64.mul, local.tee f64">: { const w = f64[(sp - 2) >> 1]! * f64[(fp + code[pc + 1]!) >> 1]!; f64[(fp + code[pc + 4]!) >> 1] = w; f64[(sp - 2) >> 1] = w; pc += 5; fuel -= 2; continue; }
          case 0x124 satisfies ShortcutCode<"local.get f64, local.get f64, f64.add, local.get f64">: { const at = fp + code[pc + 6]!; f64[sp >> 1] = f64[(fp + code[pc + 1]!) >> 1]! + f64[(fp + code[pc + 3]!) >> 1]!; i32[sp + 2] = i32[at]!; i32[sp + 3] = i32[at + 1]!; sp += 4; pc += 7; fuel -= 3; continue; }
          case 0x125 satisfies ShortcutCode<"local.get f64, local.get f64, f64.mul, local.tee f64">: { const w = f64[(fp + code[pc + 1]!) >> 1]! * f64[(fp + code[pc + 3]!) >> 1]!; f64[(fp + code[pc + 6]!) >> 1] = w; f64[sp >> 1] = w; sp += 2; pc += 7; fuel -= 3; continue; }
          case 0x126 satisfies ShortcutCode<"local.get f64, local.get f64, local.get f64, f64.sub">: { const at = fp + code[pc + 1]!; i32[sp] = i32[at]!; i32[sp + 1] = i32[at + 1]!; f64[(sp + 2) >> 1] = f64[(fp + code[pc + 3]!) >> 1]! - f64[(fp + code[pc + 5]!) >> 1]!; sp += 4; pc += 7; fuel -= 3; continue; }
          // memory
          case 0x127 satisfies ShortcutCode<"i32.add, i64.const, i64.store, local.get i32">: { const ea = ((i32[sp - 4]! + i32[sp - 2]!) >>> 0) + (code[pc + 5]! >>> 0); if (ea + 8 > size) { fuel++; code = plain(frame); continue; } view.setInt32(ea, code[pc + 2]!, true); view.setInt32(ea + 4, code[pc + 3]!, true); i32[sp - 4] = i32[fp + code[pc + 7]!]!; sp -= 2; pc += 8; fuel -= 3; continue; }
          case 0x128 satisfies ShortcutCode<"i32.add, local.tee i32, i32.load, local.tee i32">: { const v = i32[sp - 4]! + i32[sp - 2]!; const ea = (v >>> 0) + (code[pc + 4]! >>> 0); if (ea + 4 > size) { fuel++; code = plain(frame); continue; } i32[fp + code[pc + 2]!] = v; const v2 = view.getInt32(ea, true); i32[fp + code[pc + 6]!] = v2; i32[sp - 4] = v2; sp -= 2; pc += 7; fuel -= 3; continue; }
          case 0x129 satisfies ShortcutCode<"i32.const, i32.load, local.tee i32, i32.const">: { const ea = (code[pc + 1]! >>> 0) + (code[pc + 3]! >>> 0); if (ea + 4 > size) { fuel++; code = plain(frame); continue; } const v = view.getInt32(ea, true); i32[fp + code[pc + 5]!] = v; i32[sp] = v; i32[sp + 2] = code[pc + 7]!; sp += 4; pc += 8; fuel -= 3; continue; }
          case 0x12a satisfies ShortcutCode<"i32.load16_s, local.get i32, i32.load16_s, i32.le_s">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 2 > size) { fuel++; code = plain(frame); continue; } const ea2 = (i32[fp + code[pc + 3]!]! >>> 0) + (code[pc + 5]! >>> 0); if (ea2 + 2 > size) { fuel++; code = plain(frame); continue; } i32[sp - 2] = view.getInt16(ea, true) <= view.getInt16(ea2, true) ? 1 : 0; pc += 7; fuel -= 3; continue; }
          case 0x12b satisfies ShortcutCode<"i32.store, local.get i32">: { const ea = (i32[sp - 4]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 4 > size) { fuel++; code = plain(frame); continue; } view.setInt32(ea, i32[sp - 2]!, true); i32[sp - 4] = i32[fp + code[pc + 3]!]!; sp -= 2; pc += 4; fuel -= 1; continue; }
          case 0x12c satisfies ShortcutCode<"i32.store8, local.get i32, i32.const, i32.add">: { const ea = (i32[sp - 4]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 1 > size) { fuel++; code = plain(frame); continue; } view.setInt8(ea, i32[sp - 2]!); i32[sp - 4] = i32[fp + code[pc + 3]!]! + code[pc + 5]!; sp -= 2; pc += 7; fuel -= 3; continue; }
          case 0x12d satisfies ShortcutCode<"i32.store8, local.get i32, local.get i32, i32.add">: { const ea = (i32[sp - 4]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 1 > size) { fuel++; code = plain(frame); continue; } view.setInt8(ea, i32[sp - 2]!); i32[sp - 4] = i32[fp + code[pc + 3]!]! + i32[fp + code[pc + 5]!]!; sp -= 2; pc += 7; fuel -= 3; continue; }
          case 0x12e satisfies ShortcutCode<"i64.load, local.tee i64, i64.const">: { const ea = (i32[sp - 2]! >>> 0) + (code[pc + 1]! >>> 0); if (ea + 8 > size) { fuel++; code = plain(frame); continue; } const low = view.getInt32(ea, true), high = view.getInt32(ea + 4, true); const to = fp + code[pc + 3]!; i32[to] = low; i32[to + 1] = high; const low2 = code[pc + 5]!, high2 = code[pc + 6]!; i32[sp - 2] = low; i32[sp - 1] = high; i32[sp] = low2; i32[sp + 1] = high2; sp += 2; pc += 7; fuel -= 2; continue; }
          case 0x12f satisfies ShortcutCode<"local.get i32, i32.const, i32.add, f64.load">: { const ea = ((i32[fp + code[pc + 1]!]! + code[pc + 3]!) >>> 0) + (code[pc + 6]! >>> 0); if (ea + 8 > size) { fuel++; code = plain(frame); continue; } i32[sp] = view.getInt32(ea, true); i32[sp + 1] = view.getInt32(ea + 4, true); sp += 2; pc += 7; fuel -= 3; continue; }
          case 0x130 satisfies ShortcutCode<"local.get i32, i32.const, i32.add, i32.load8_u">: { const ea = ((i32[fp + code[pc + 1]!]! + code[pc + 3]!) >>> 0) + (code[pc + 6]! >>> 0); if (ea + 1 > size) { fuel++; code = plain(frame); continue; } i32[sp] = view.getUint8(ea); sp += 2; pc += 7; fuel -= 3; continue; }
          case 0x131 satisfies ShortcutCode<"local.get i32, i32.load">: { const ea = (i32[fp + code[pc + 1]!]! >>> 0) + (code[pc + 3]! >>> 0); if (ea + 4 > size) { fuel++; code = plain(frame); continue; } i32[sp] = view.getInt32(ea, true); sp += 2; pc += 4; fuel -= 1; continue; }
          case 0x132 satisfies ShortcutCode<"local.get i32, i32.load, local.tee i32, local.get i32">: { const ea = (i32[fp + code[pc + 1]!]! >>> 0) + (code[pc + 3]! >>> 0); if (ea + 4 > size) { fuel++; code = plain(frame); continue; } const v = view.getInt32(ea, true); i32[fp + code[pc + 5]!] = v; i32[sp] = v; i32[sp + 2] = i32[fp + code[pc + 7]!]!; sp += 4; pc += 8; fuel -= 3; continue; }
          case 0x133 satisfies ShortcutCode<"local.get i32, i32.load8_u">: { const ea = (i32[fp + code[pc + 1]!]! >>> 0) + (code[pc + 3]! >>> 0); if (ea + 1 > size) { fuel++; code = plain(frame); continue; } i32[sp] = view.getUint8(ea); sp += 2; pc += 4; fuel -= 1; continue; }
          case 0x134 satisfies ShortcutCode<"local.get i32, local.get i32, i32.load8_u, i32.store8">: { const ea = (i32[fp + code[pc + 3]!]! >>> 0) + (code[pc + 5]! >>> 0); if (ea + 1 > size) { fuel++; code = plain(frame); continue; } const ea2 = (i32[fp + code[pc + 1]!]! >>> 0) + (code[pc + 7]! >>> 0); if (ea2 + 1 > size) { fuel++; code = plain(frame); continue; } view.setInt8(ea2, view.getUint8(ea)); pc += 8; fuel -= 3; continue; }
          case 0x135 satisfies ShortcutCode<"local.tee i32, i32.load, local.tee i32">: { const v = i32[sp - 2]!; const ea = (v >>> 0) + (code[pc + 3]! >>> 0); if (ea + 4 > size) { fuel++; code = plain(frame); continue; } i32[fp + code[pc + 1]!] = v; const v2 = view.getInt32(ea, true); i32[fp + code[pc + 5]!] = v2; i32[sp - 2] = v2; pc += 6; fuel -= 2; continue; }
          // branches
          case 0x136 satisfies ShortcutCode<"i32.const, i32.ne, br_if">: { fuel -= 2; if (i32[sp - 2]! !== code[pc + 1]!) { sp = fp + code[pc + 5]!; pc = code[pc + 4]!; } else { sp -= 2; pc += 8; } continue; }
          case 0x137 satisfies ShortcutCode<"i32.eqz, br_if">: { fuel -= 1; if (i32[sp - 2]! === 0) { sp = fp + code[pc + 3]!; pc = code[pc + 2]!; } else { sp -= 2; pc += 6; } continue; }
          case 0x138 satisfies ShortcutCode<"i32.ne, br_if">: { fuel -= 1; if (i32[sp - 4]! !== i32[sp - 2]!) { sp = fp + code[pc + 3]!; pc = code[pc + 2]!; } else { sp -= 4; pc += 6; } continue; }
          case 0x139 satisfies ShortcutCode<"local.get i32, i32.const, i32.ge_s, br_if">: { fuel -= 3; if (i32[fp + code[pc + 1]!]! >= code[pc + 3]!) { sp = fp + code[pc + 7]!; pc = code[pc + 6]!; } else pc += 10; continue; }
          case 0x13a satisfies ShortcutCode<"local.get i32, i32.gt_s, br_if">: { fuel -= 2; if (i32[sp - 2]! > i32[fp + code[pc + 1]!]!) { sp = fp + code[pc + 5]!; pc = code[pc + 4]!; } else { sp -= 2; pc += 8; } continue; }
          case 0x13b satisfies ShortcutCode<"local.get i32, i32.load, local.tee i32, br_if">: { const ea = (i32[fp + code[pc + 1]!]! >>> 0) + (code[pc + 3]! >>> 0); if (ea + 4 > size) { fuel++; code = plain(frame); continue; } const v = view.getInt32(ea, true); i32[fp + code[pc + 5]!] = v; fuel -= 3; if (v !== 0) { sp = fp + code[pc + 8]!; pc = code[pc + 7]!; } else pc += 11; continue; }
          case 0x13c satisfies ShortcutCode<"local.get i32, i32.load16_u, i32.le_u, br_if">: { const ea = (i32[fp + code[pc + 1]!]! >>> 0) + (code[pc + 3]! >>> 0); if (ea + 2 > size) { fuel++; code = plain(frame); continue; } fuel -= 3; if (i32[sp - 2]! >>> 0 <= view.getUint16(ea, true) >>> 0) { sp = fp + code[pc + 7]!; pc = code[pc + 6]!; } else { sp -= 2; pc += 10; } continue; }
          case 0x13d satisfies ShortcutCode<"local.get i32, i32.xor, i32.eqz, br_if">: { fuel -= 3; if ((i32[sp - 2]! ^ i32[fp + code[pc + 1]!]!) === 0) { sp = fp + code[pc + 6]!; pc = code[pc + 5]!; } else { sp -= 2; pc += 9; } continue; }
          case 0x13e satisfies ShortcutCode<"local.set i32, local.get i32, br_if">: { i32[fp + code[pc + 1]!] = i32[sp - 2]!; fuel -= 2; if (i32[fp + code[pc + 3]!]! !== 0) { sp = fp + code[pc + 6]!; pc = code[pc + 5]!; } else { sp -= 2; pc += 9; } continue; }
          case 0x13f satisfies ShortcutCode<"local.tee i32, local.get i32, i32.lt_s, br_if">: { const v = i32[sp - 2]!; i32[fp + code[pc + 1]!] = v; fuel -= 3; if (v < i32[fp + code[pc + 3]!]!) { sp = fp + code[pc + 7]!; pc = code[pc + 6]!; } else { sp -= 2; pc += 10; } continue; }
          case 0xff satisfies typeof BREAKPOINT:
            frame.pc = pc; frame.sp = sp;
            fuel++;
            machine.unused = fuel;
            if (machine.breaks()) return;
            // The instruction itself, and only that one.
            code = (frame.func.code as Code).words;
            floor = ONE;
            continue;
          default: {
            const n = -code[pc]!;
            if (n < 0) throw new CrashError(`no handler for opcode 0x${code[pc]!.toString(16)}`);
            // A run of entries that do nothing.
            fuel++;
            if (fuel < n) code = plain(frame);
            else { fuel -= n; pc += n; }
            continue;
          }
        }

        // Step_read/call_ref-func: calls arrive here. Everything but a plain call of a lowered
        // function in room that is there already goes the long way.
        const lowered = target.direct as Code | null;
        if (watched || lowered === null || depth >= limit || sp + lowered.maxWords > capacity) {
          frame.pc = pc;
          frame.sp = sp;
          machine.unused = fuel;
          machine.call(target);
          break running;
        }
        const from = sp - code[pc + 3]!,
          { paramWords, localWords } = lowered;
        for (let k = 0; k < paramWords; k++) i32[sp + k] = i32[from + k]!;
        for (let k = paramWords; k < localWords; k++) i32[sp + k] = 0;
        if (lowered.hasRefs) {
          fiber.move(from, sp, paramWords, true);
          for (let k = paramWords; k < localWords; k += 2) refs[(sp + k) >> 1] = null;
        }
        frame.pc = pc;
        frame.sp = sp;
        frame = frames[depth] ??= new Frame();
        fiber.depth = ++depth;
        frame.func = target;
        frame.fp = fp = sp;
        code = lowered.shortcuts;
        floor = LONGEST;
        pc = 0;
        sp += localWords;
        if (target.instance !== instance) {
          frame.pc = pc;
          frame.sp = sp;
          break running;
        }
      }
    }
  } catch (error) {
    if (frame === fiber.top) {
      frame.pc = pc;
      frame.sp = sp;
    }
    throw error;
  } finally {
    machine.unused = fuel;
  }
}
