import { expect, test } from "@jest/globals";
import { assemble } from "../cli/assembler.js";
import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { validate } from "../valid/validate.js";
import { DebugConsole } from "./console.js";
import { DebugSession } from "./session.js";

const PROGRAM = `(module
  (tag $oops (param i32))
  (global $kept (mut exnref) (ref.null exn))
  (func (export "run") (local $e exnref)
    (block $caught (result exnref)
      (try_table (catch_all_ref $caught) (throw $oops (i32.const 5)))
      (unreachable))
    (local.tee $e)
    (global.set $kept)
    (nop)))`;

test("exceptions, and who holds them", async () => {
  const machine = new Machine();
  const instance = instantiate(machine, validate(decode(assemble(PROGRAM))));
  machine.start(instance.func("run"), []);
  const lines: string[] = [];
  const console = new DebugConsole(new DebugSession(machine, instance), {
    write: (line) => lines.push(line),
    describe: () => "",
  });
  const held = async (steps: number): Promise<string[]> => {
    if (steps > 0) await console.execute(`step ${steps}`);
    lines.length = 0;
    await console.execute("exceptions");
    return lines.slice();
  };
  expect(await held(0)).toEqual(["no exceptions"]);
  // block, try_table, i32.const, throw
  expect(await held(4)).toEqual(["  run, operand 0: tag $oops (i32:5)"]);
  // local.tee, global.set
  expect(await held(1)).toEqual([
    "  run, local $e: tag $oops (i32:5)",
    "  run, operand 0: tag $oops (i32:5)",
  ]);
  expect(await held(1)).toEqual([
    "  run, local $e: tag $oops (i32:5)",
    "  global 0: tag $oops (i32:5)",
  ]);
});
