// Stepping where the program goes from one fiber to another.

import { expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { validate } from "../valid/validate.js";
import { DebugSession } from "./session.js";
import { frameView } from "./views.js";

function debug(): DebugSession {
  const parsed = binaryen.parseText(`(module
    (type $f (func (result i32))) (type $k (cont $f))
    (tag $t)
    (func $inner (type $f) (suspend $t) (i32.const 7))
    (elem declare func $inner)
    (func (export "run") (type $f) (local $k (ref null $k))
      (block $on (result (ref $k))
        (return (resume $k (on $t $on) (cont.new $k (ref.func $inner)))))
      (local.set $k)
      (i32.mul (i32.const 2) (resume $k (local.get $k)))))`);
  parsed.setFeatures(binaryen.Features.All);
  const machine = new Machine();
  const instance = instantiate(machine, validate(decode(parsed.emitBinary())), new Map());
  const run = instance.exports.get("run");
  if (run?.kind !== "func") throw new Error("no function run");
  machine.start(run.func, []);
  return new DebugSession(machine, instance);
}

const at = ({ fiber }: DebugSession): string =>
  `${fiber.id} ${frameView(fiber, 0).instruction.split(" ", 1)[0]!}`;

test("steps go into the continuation and back", async () => {
  const session = debug();
  const seen: string[] = [];
  while (session.end === null) {
    seen.push(at(session));
    await session.step();
  }
  expect(session.end).toMatchObject({ kind: "returned", results: [{ value: 14 }] });
  const inner = seen.filter((position) => position.startsWith("2 "));
  expect(inner).toEqual(["2 suspend", "2 i32.const", "2 end"]);
});

test("next steps over a resume, finish ends what it resumed", async () => {
  const session = debug();
  while (!at(session).endsWith("resume")) await session.step();
  await session.next();
  expect(at(session)).toBe("1 local.set");
  while (!at(session).startsWith("2 ")) await session.step();
  expect(await session.finish()).toMatchObject({ kind: "finished", results: [{ value: 7 }] });
  expect(session.fiber.id).toBe(1);
  await session.continue();
  expect(session.end).toMatchObject({ kind: "returned", results: [{ value: 14 }] });
});

test("stops at switches, with the stacks of continuations that wait", async () => {
  const session = debug();
  session.stops.add({ kind: "event", event: "switch" });
  const seen: string[] = [];
  while (session.end === null) {
    const stop = await session.continue();
    if (stop.kind !== "event") continue;
    const stacks = session
      .stacks()
      .map(({ id, status, frames }) => `${id} ${status} ${frames.length}`);
    seen.push(`${stop.happening.action} ${stop.happening.fibers?.join()}: ${stacks.join(", ")}`);
    // What was put aside is held by a local from the next instruction on.
    if (stop.happening.action !== "suspend") continue;
    await session.step();
    const [, waiting] = session.stacks();
    expect(waiting).toMatchObject({ id: 2, status: "suspended", frames: [{ level: null }] });
  }
  expect(seen).toEqual([
    "resume 2: 2 on 1, 1 waiting 1",
    "suspend 1: 1 on 1, 2 suspended 1",
    "resume 2: 2 on 1, 1 waiting 1",
    "return 1: 1 on 1",
  ]);
  expect(session.end).toMatchObject({ kind: "returned", results: [{ value: 14 }] });
});
