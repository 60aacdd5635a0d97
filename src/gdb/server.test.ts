// How a connection goes on: acknowledgements, interrupts, and its end.

import { expect, test } from "@jest/globals";
import { CrashError, InvalidError } from "../util/errors.js";
import { bytesOf } from "./framing.js";
import { clientOf, debuggeeOf, framed, i32, TestClient } from "./testing.js";

const SPIN = `(module (func (export "main") (loop $l (br $l))))`;

test("an interrupt stops what runs, and means nothing to what stands", async () => {
  const remote = new TestClient(debuggeeOf(SPIN));
  remote.send(Uint8Array.of(0x03));
  remote.send(framed("c"));
  expect(await remote.answers()).toEqual(["(ack)"]);
  remote.send(Uint8Array.of(0x03));
  expect(await remote.ask("qC")).toMatch(/^T02thread:1;.*reason:signal; QC1$/);
});

test("what waits for a promise of the host can be looked at meanwhile", async () => {
  let answer: (value: number) => void;
  const wait = () => new Promise<number>((resolve) => (answer = resolve));
  const remote = new TestClient(
    debuggeeOf(
      `(module (import "env" "wait" (func $wait (result i32)))
        (func (export "main") (param $n i32) (result i32) (i32.add (local.get $n) (call $wait))))`,
      [i32(7)],
      { wait },
    ),
  );
  remote.send(framed("c"));
  expect(await remote.answers()).toEqual(["(ack)"]);
  remote.send(Uint8Array.of(0x03));
  expect(await remote.ask("qWasmLocal:0;0")).toMatch(/^T02thread:1;.* 07000000$/);
  expect(await remote.ask("qWasmStackValue:0;0")).toBe("07000000");
  remote.send(framed("s"));
  expect(await remote.answers()).toEqual(["(ack)"]);
  answer!(5);
  expect(await remote.ask("qWasmStackValue:0;1")).toMatch(/^T05thread:1;.*reason:trace; 05000000$/);
  expect(await remote.ask("c")).toBe("W00");
});

test("packets are acknowledged, refused and sent again, until that is given up", async () => {
  const remote = clientOf();
  remote.send(framed("qC"));
  expect(await remote.answers()).toEqual(["(ack)", "QC1"]);
  remote.send(bytesOf("-"));
  expect(await remote.answers()).toEqual(["QC1"]);
  remote.send(bytesOf("$qC#00"));
  expect(await remote.answers()).toEqual(["(nak)"]);
  remote.send(framed("QStartNoAckMode"));
  expect(await remote.answers()).toEqual(["(ack)", "OK"]);
  remote.send(bytesOf("+-$qC#00"));
  remote.send(framed("qC"));
  expect(await remote.answers()).toEqual(["QC1"]);
});

test("what is wrong with a program is answered, what is wrong with the server is told to its owner", async () => {
  const remote = clientOf();
  const fails = (error: Error) =>
    Object.assign(remote.debuggee, { step: () => Promise.reject(error) });
  fails(new InvalidError("type mismatch", { offset: 7 }));
  expect(await remote.transcript("QEnableErrorStrings", "s")).toMatch(
    /^< E01;invalid module: type mismatch/m,
  );
  fails(new CrashError("cannot happen"));
  await expect(remote.ask("s")).rejects.toThrow("cannot happen");
});

test("leaving takes breakpoints away; ending does not go on", async () => {
  const detached = clientOf();
  await detached.transcript("Z0,4000000000000039,1", "D");
  expect(detached.left).toBe("detached");
  expect(await detached.debuggee.continue()).toMatchObject({ kind: "returned" });
  const killed = clientOf();
  expect(await killed.ask("vKill;1")).toBe("OK");
  expect(killed.left).toBe("killed");
  const old = clientOf();
  expect(await old.ask("k")).toBe("X09");
  expect(old.left).toBe("killed");
});
