// The way back, and what is watched on it, to the letter.

import { expect, test } from "@jest/globals";
import { clientOf, debuggeeOf, TestClient } from "./testing.js";

test("back: by one instruction, to a breakpoint, to what was written, to the beginning", async () => {
  const remote = clientOf();
  expect(
    await remote.transcript(
      "bs",
      "Z0,400000000000003e,1",
      "c",
      "qWasmStackValue:0;0",
      "bs",
      "s",
      "s",
      "bc",
      "z0,400000000000003e,1",
      "bc",
      "c",
    ),
  ).toMatchInlineSnapshot(`
   "> bs
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:4600000000000040;replaylog:begin;
   > Z0,400000000000003e,1
   < OK
   > c
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:3e00000000000040;reason:breakpoint;
   > qWasmStackValue:0;0
   < 64000000
   > bs
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:3c00000000000040;reason:trace;
   > s
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:3e00000000000040;reason:breakpoint;
   > s
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:4000000000000040;reason:trace;
   > bc
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:3e00000000000040;reason:breakpoint;
   > z0,400000000000003e,1
   < OK
   > bc
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:4600000000000040;replaylog:begin;
   > c
   < W00"
  `);
});

test("what is written is watched, forward and back", async () => {
  const remote = new TestClient(
    debuggeeOf(`(module (memory 1) (func (export "main")
      (i32.store (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 2))))`),
  );
  expect(
    await remote.transcript(
      "Z2,14,4",
      "c",
      "m10,8",
      "bc",
      "m10,8",
      "z2,14,4",
      "Z2,ffff,4",
      "Z2,4000000000000000,4",
      "Z3,14,4",
      "c",
    ),
  ).toMatchInlineSnapshot(`
   "> Z2,14,4
   < OK
   > c
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:3400000000000040;watch:14;
   > m10,8
   < 0100000002000000
   > bc
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:3100000000000040;watch:14;
   > m10,8
   < 0100000000000000
   > z2,14,4
   < OK
   > Z2,ffff,4
   < E01
   > Z2,4000000000000000,4
   < E01
   > Z3,14,4
   <
   > c
   < W00"
  `);
});
