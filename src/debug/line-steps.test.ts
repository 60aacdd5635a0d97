// Steps by lines of an assembled source: over calls and into them, out of recursion, and back.

import { expect, test } from "@jest/globals";
import { assembleInput } from "../asm/assemble.js";
import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { History } from "../history/history.js";
import { Recorder } from "../history/recorder.js";
import { link } from "../link/link.js";
import { i32 } from "../runtime/values.js";
import { validate } from "../valid/validate.js";
import { lineBack } from "./line-steps.js";
import { DebugSession } from "./session.js";

const TEXT = `	.globl	sum
	.functype	sum (i32) -> (i32)
	.type	sum,@function
sum:
	.functype	sum (i32) -> (i32)
	local.get	0
	i32.eqz
	if	i32
	i32.const	0
	else
	local.get	0
	i32.const	1
	i32.sub
	call	sum
	local.get	0
	i32.add
	end_if
	end_function
`;

async function session(n: number): Promise<DebugSession> {
  const linked = link([assembleInput(TEXT, { file: "sum.s" })]);
  const module = validate(decode(linked.bytes, { lines: linked.lines }));
  const machine = new Machine();
  const instance = instantiate(machine, module, new Map());
  const recorder = new Recorder(machine, { instances: [instance] });
  machine.start(instance.func("sum"), [i32(n)]);
  return new DebugSession(machine, instance, { history: History.of(recorder) });
}

/** Where it stands: `line/depth`. */
const at = (s: DebugSession): string =>
  `${s.stacks()[0]!.frames[0]!.position!.source!.line}/${s.fiber.depth}`;
const never = () => false;

test("into a call and over it", async () => {
  const s = await session(2);
  const seen: string[] = [];
  for (let i = 0; i < 9; i++) {
    await s.stepLine(false);
    seen.push(at(s));
  }
  expect(seen.join(" ")).toBe("7/1 8/1 11/1 12/1 13/1 14/1 6/2 7/2 8/2");
  // Over the inner call, and out: the caller stands behind its call.
  const over: string[] = [];
  for (let i = 0; i < 7; i++) {
    await s.stepLine(true);
    over.push(at(s));
  }
  expect(over.join(" ")).toBe("11/2 12/2 13/2 14/2 15/2 16/2 17/2");
});

test("back to the beginnings of lines, over calls", async () => {
  const s = await session(2);
  for (let i = 0; i < 6; i++) await s.stepLine(true);
  expect(at(s)).toBe("14/1");
  await s.stepLine(true);
  expect(at(s)).toBe("15/1");
  const seen: string[] = [];
  for (let i = 0; i < 7; i++) {
    const stop = await lineBack(s, never);
    seen.push(`${at(s)} ${stop.kind}`);
  }
  expect(seen).toEqual([
    "14/1 stepped",
    "13/1 stepped",
    "12/1 stepped",
    "11/1 stepped",
    "8/1 stepped",
    "7/1 stepped",
    "6/1 stepped",
  ]);
  expect(await lineBack(s, never)).toEqual({ kind: "start" });
});

test("from the end of the program, to its last line", async () => {
  const s = await session(0);
  expect(await s.continue()).toMatchObject({ kind: "returned" });
  await lineBack(s, never);
  expect(s.end).toBeNull();
  expect(s.fiber.depth).toBe(1);
});
