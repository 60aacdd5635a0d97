// What is said in packets, to the letter.

import { expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { bytesOfHex, hexOfText } from "./encoding.js";
import { packets } from "./packets.js";
import { clientOf, debuggeeOf, TestClient } from "./testing.js";

test("how LLDB begins", async () => {
  const lines = await clientOf().transcript(
    "qSupported:xmlRegisters=i386;multiprocess+",
    "QStartNoAckMode",
    "QThreadSuffixSupported",
    "QListThreadsInStopReply",
    "qHostInfo",
    "vCont?",
    "QEnableErrorStrings",
    "qProcessInfo",
    "?",
    "qRegisterInfo0",
    "qRegisterInfo1",
    "qXfer:libraries:read::0,ffff",
    "qXfer:libraries:read::5,8",
    "m4000000000000000,8",
    "qfThreadInfo",
    "qsThreadInfo",
    "qC",
    "qThreadExtraInfo,1",
    "qWasmCallStack:1",
    "vMustReplyEmpty",
  );
  expect(lines).toMatchInlineSnapshot(`
   "> qSupported:xmlRegisters=i386;multiprocess+
   < PacketSize=10000;QStartNoAckMode+;qXfer:libraries:read+;vContSupported+;binary-upload+;ReverseStep+;ReverseContinue+
   > QStartNoAckMode
   < OK
   > QThreadSuffixSupported
   <
   > QListThreadsInStopReply
   < OK
   > qHostInfo
   < triple:7761736d33322d756e6b6e6f776e2d756e6b6e6f776e2d7761736d;endian:little;ptrsize:4;
   > vCont?
   < vCont;c;C;s;S
   > QEnableErrorStrings
   < OK
   > qProcessInfo
   < pid:1;triple:7761736d33322d756e6b6e6f776e2d756e6b6e6f776e2d7761736d;endian:little;ptrsize:4;name:746573742e7761736d;
   > ?
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:4600000000000040;
   > qRegisterInfo0
   < name:pc;bitsize:64;offset:0;encoding:uint;format:hex;set:General Purpose Registers;generic:pc;
   > qRegisterInfo1
   < E01;there are no more registers
   > qXfer:libraries:read::0,ffff
   < l<library-list><library name="test.wasm"><section address="4611686018427387904"/></library></library-list>
   > qXfer:libraries:read::5,8
   < mary-list
   > m4000000000000000,8
   < 0061736d01000000
   > qfThreadInfo
   < m1
   > qsThreadInfo
   < l
   > qC
   < QC1
   > qThreadExtraInfo,1
   < 6d616368696e65206669626572203120286d61696e29
   > qWasmCallStack:1
   < 4600000000000040
   > vMustReplyEmpty
   <"
  `);
});

test("breakpoints, steps, values, the end", async () => {
  // 0x39 is where $div declares its locals, 0x3c its first instruction.
  const lines = await clientOf().transcript(
    "Z0,4000000000000039,1",
    "c",
    "qWasmCallStack:1",
    "p0",
    "qWasmLocal:0;0",
    "QEnableErrorStrings",
    "qWasmLocal:0;2",
    "qWasmLocal:0;3",
    "qWasmLocal:1;1",
    "qWasmStackValue:1;0",
    "qWasmStackValue:1;2",
    "qWasmGlobal:0;0",
    "qWasmGlobal:9;0",
    "z0,4000000000000039,1",
    "vCont;s:1",
    "s",
    "qWasmStackValue:0;1",
    "vCont;c",
    "c",
    "?",
  );
  expect(lines).toMatchInlineSnapshot(`
   "> Z0,4000000000000039,1
   < OK
   > c
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:3900000000000040;reason:breakpoint;
   > qWasmCallStack:1
   < 39000000000000406100000000000040
   > p0
   < 3900000000000040
   > qWasmLocal:0;0
   < 64000000
   > QEnableErrorStrings
   < OK
   > qWasmLocal:0;2
   < E01;local 2 is a reference: it has no bytes
   > qWasmLocal:0;3
   < E01;there is no local 3
   > qWasmLocal:1;1
   < 000000000000f83f
   > qWasmStackValue:1;0
   < 07000000
   > qWasmStackValue:1;2
   < 05000000
   > qWasmGlobal:0;0
   < 0400000000000000
   > qWasmGlobal:9;0
   < E01;there is no frame 9 in machine fiber 1 (main)
   > z0,4000000000000039,1
   < OK
   > vCont;s:1
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:3e00000000000040;reason:trace;
   > s
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:4000000000000040;reason:trace;
   > qWasmStackValue:0;1
   < 05000000
   > vCont;c
   < W00
   > c
   < W00
   > ?
   < W00"
  `);
});

test("memory: within its bounds, and modules only to be read", async () => {
  const lines = await clientOf().transcript(
    "m10,5",
    "x10,5",
    "M10,2:4142",
    "X12,2:$}",
    "m10,5",
    "mfffe,10",
    "m10000,1",
    "Mffff,2:4142",
    "M10,2:414",
    "M10,3:4142",
    "M4000000000000000,1:00",
    "m8000000000000000,1",
    "m100000000,1",
    "qMemoryRegionInfo:10",
    "qMemoryRegionInfo:4000000000000000",
    "qMemoryRegionInfo:10000",
    "qMemoryRegionInfo:c000000000000000",
  );
  expect(lines).toMatchInlineSnapshot(`
   "> m10,5
   < 48656c6c6f
   > x10,5
   < bHello
   > M10,2:4142
   < OK
   > X12,2:$}
   < OK
   > m10,5
   < 4142247d6f
   > mfffe,10
   < 0000
   > m10000,1
   < E01
   > Mffff,2:4142
   < E01
   > M10,2:414
   < E01
   > M10,3:4142
   < E01
   > M4000000000000000,1:00
   < E01
   > m8000000000000000,1
   < E01
   > m100000000,1
   < E01
   > qMemoryRegionInfo:10
   < start:0;size:10000;permissions:rw;name:6d656d6f7279;
   > qMemoryRegionInfo:4000000000000000
   < start:4000000000000000;size:ad;permissions:rx;name:6f626a656374;
   > qMemoryRegionInfo:10000
   < start:10000;size:3fffffffffff0000;
   > qMemoryRegionInfo:c000000000000000
   < start:c000000000000000;size:4000000000000000;"
  `);
});

test("a breakpoint at a function's first instruction is told of there, not where its locals are", async () => {
  const remote = clientOf();
  await remote.transcript("Z0,4000000000000039,1", "Z0,400000000000003c,1", "c");
  expect(await remote.ask("qWasmCallStack:1")).toMatch(/^3c00000000000040/);
  await remote.ask("z0,400000000000003c,1");
  expect(await remote.ask("c")).toBe("W00");
});

test("a module without names is told with those that its exports give", async () => {
  const remote = new TestClient(debuggeeOf(`(module (func (export "main")))`));
  const [, size] = /size:([\da-f]+);/.exec(await remote.ask("qMemoryRegionInfo:4000000000000000"))!;
  const bytes = bytesOfHex(await remote.ask(`m4000000000000000,${size}`))!;
  const named = decode(bytes);
  expect(named.names.functions).toEqual(new Map([[0, "main"]]));
  const [instance] = remote.debuggee.instances;
  expect(named.functions).toEqual(instance!.module.functions);
});

test("the debugger's own commands, but for those that run the program", async () => {
  const remote = clientOf();
  const run = (line: string) => `qRcmd,${hexOfText(line)}`;
  expect(
    await remote.transcript(
      "Z0,4000000000000039,1",
      "c",
      run("locals"),
      run("frame 1"),
      run("locals"),
      run("nonsense"),
      run("c"),
      run("quit"),
      run("stop throw"),
      "qRcmd,4",
    ),
  ).toMatchInlineSnapshot(`
   "> Z0,4000000000000039,1
   < OK
   > c
   < T05thread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:3900000000000040;reason:breakpoint;
   > qRcmd,6c6f63616c73
   < O  0  $a  i32:100
    O  1  $b  i32:5
    O  2  $r  externref:null
    OK
   > qRcmd,6672616d652031
   < O* #1 main+0x19  0x005f  call $div
    OK
   > qRcmd,6c6f63616c73
   < O  0  $n  i32:5
    O  1  $x  f64:1.5
    OK
   > qRcmd,6e6f6e73656e7365
   < Ounknown command "nonsense": help lists all
    OK
   > qRcmd,63
   < Oc: not here, but in the debugger that is connected
    OK
   > qRcmd,71756974
   < Oquit: not here, but in the debugger that is connected
    OK
   > qRcmd,73746f70207468726f77
   < Ostop 2 on throw
    OK
   > qRcmd,4
   < E01"
  `);
});

test("a breakpoint that a command deleted can be deleted and set again", async () => {
  const remote = clientOf();
  const set = "Z0,4000000000000039,1";
  await remote.transcript(set, `qRcmd,${hexOfText("delete")}`);
  expect(await remote.ask(set)).toBe("OK");
  await remote.ask(`qRcmd,${hexOfText("delete")}`);
  expect(await remote.ask("z0,4000000000000039,1")).toBe("OK");
  expect(await remote.ask(set)).toBe("OK");
  expect(await remote.ask("c")).toContain("reason:breakpoint");
});

test("what stops nowhere is refused", async () => {
  const remote = clientOf();
  await remote.ask("QEnableErrorStrings");
  expect(
    await remote.transcript(
      "Z0,10,1",
      "Z0,4000000100000039,1",
      "Z0,4000000000000000,1",
      "Z0,40000000000000ff,1",
      "Z2,10,4",
      "Z0,1",
      "Hg9",
      "T9",
      "qThreadStopInfo9",
      "vCont;x",
    ),
  ).toMatchInlineSnapshot(`
   "> Z0,10,1
   < E01;no code stands there
   > Z0,4000000100000039,1
   < E01;no code stands there
   > Z0,4000000000000000,1
   < E01;byte 0x0 is in no function
   > Z0,40000000000000ff,1
   < E01;byte 0xff is in no function
   > Z2,10,4
   < OK
   > Z0,1
   < E01;expected Z0,ADDRESS,KIND or Z2,ADDRESS,LENGTH
   > Hg9
   < E01;there is no thread 9
   > T9
   < E01;there is no thread 9
   > qThreadStopInfo9
   < E01;there is no thread 9
   > vCont;x
   < E01;expected vCont;ACTION[:THREAD]..."
  `);
});

test("a trap stands where it happened; who goes on is told that the program has ended", async () => {
  expect(await clientOf(0).transcript("c", "qWasmCallStack:1", "qWasmStackValue:0;1", "c", "?"))
    .toMatchInlineSnapshot(`
   "> c
   < T0bthread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:4000000000000040;reason:exception;description:4572726f723a20696e746567657220646976696465206279207a65726f;
   > qWasmCallStack:1
   < 40000000000000406100000000000040
   > qWasmStackValue:0;1
   < 00000000
   > c
   < X0b
   > ?
   < T0bthread:1;hexname:6d616368696e65206669626572203120286d61696e29;threads:1;00:4000000000000040;reason:exception;description:4572726f723a20696e746567657220646976696465206279207a65726f;"
  `);
});

test("every packet is told apart from every other", () => {
  const names = packets.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, usage } of packets) expect(usage.startsWith(name)).toBe(true);
});
