// Vectors that are live where a program unwinds: a record holds their 16 bytes, and
// the frame has them again after the rewind, in a local and as an operand.

import { expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../../binary/decode.js";
import { instantiate } from "../../exec/instantiate.js";
import { Machine } from "../../exec/machine.js";
import { FuncInstance, type ModuleInstance } from "../../runtime/instances.js";
import { i32, v128, type Value } from "../../runtime/values.js";
import { validate } from "../../valid/validate.js";
import { Asyncify } from "./asyncify.js";
import type { AsyncifyEvent } from "./events.js";

const WAT = `(module
  (import "env" "sleep" (func $sleep (param v128) (result v128)))
  (memory (export "memory") 1)
  (func (export "run") (param $n i32) (param $x v128) (result v128)
    (local $y v128)
    (local.set $y (v128.not (local.get $x)))
    (i32x4.add
      (i32x4.splat (local.get $n))
      (i32x4.add
        (i32x4.add (v128.const i32x4 1 2 3 4) (call $sleep (local.get $x)))
        (local.get $y)))))`;

test("rules asyncify/return-unwind and asyncify/enter-rewind with vectors", () => {
  const parsed = binaryen.parseText(WAT);
  parsed.setFeatures(binaryen.Features.All);
  const module = validate(decode(parsed.emitBinary()));
  const events: AsyncifyEvent[] = [];
  const asyncify = new Asyncify(module, { listener: (event) => events.push(event) });
  const machine = new Machine({ interposer: asyncify });
  const call = (name: string, ...args: Value[]): readonly Value[] => {
    const found = instance.exports.get(name);
    if (found?.kind !== "func") throw new Error(`no function ${name}`);
    return machine.invoke(found.func, args);
  };
  const sleep = (args: readonly Value[]) => {
    if (asyncify.state === 0) call("asyncify_start_unwind", i32(16));
    else call("asyncify_stop_rewind");
    return args;
  };
  const type = module.context.defTypes[module.context.funcs[0]!]!;
  const func = FuncInstance.host(type, "env.sleep", sleep);
  const imports = new Map([["env", new Map([["sleep", { kind: "func", func } as const]])]]);
  const instance: ModuleInstance = instantiate(machine, module, imports, (made) =>
    asyncify.attach(made),
  );
  const { view } = instance.memories[0]!;
  view.setInt32(16, 1024, true);
  view.setInt32(20, 2048, true);

  const x = 0x00000004_00000003_00000002_00000001n;
  call("run", i32(1000), v128(x));
  call("asyncify_stop_unwind");
  // Index, local $y, operands (the splat and the argument of the call), length. The constant
  // is no part of it.
  const push = events.find((event) => event.type === "push");
  expect(push).toMatchObject({ size: 4 + 16 + 16 + 16 + 4 });
  call("asyncify_start_rewind", i32(16));
  // The arguments of the call that rewinds do not matter: what they were is in the record.
  expect(call("run", i32(0), v128(0n))).toEqual([v128(0x000003eb_000003ea_000003e9_000003e8n)]);
  expect(asyncify.state).toBe(0);
});
