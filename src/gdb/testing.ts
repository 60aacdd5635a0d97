// For tests: programs to debug, and a client in this process that speaks in packets.

import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import { DebugSession } from "../debug/session.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { History } from "../history/history.js";
import { Recorder } from "../history/recorder.js";
import { jsImports } from "../js-api/imports.js";
import type { Value } from "../runtime/values.js";
import { validate } from "../valid/validate.js";
import { Debuggee } from "./debuggee.js";
import { textOfHex } from "./encoding.js";
import { bytesOf, PacketReader } from "./framing.js";
import { hexByte } from "../util/hex.js";
import { GdbServer } from "./server.js";

type Host = Parameters<typeof jsImports>[2];

/** A program of text that stands before the first instruction of its export `main`. It is recorded. */
export function debuggeeOf(text: string, args: readonly Value[] = [], env: Host[string] = {}) {
  const parsed = binaryen.parseText(text);
  parsed.setFeatures(binaryen.Features.All);
  binaryen.setDebugInfo(true);
  const module = validate(decode(parsed.emitBinary()));
  parsed.dispose();
  const machine = new Machine();
  const instance = instantiate(machine, module, jsImports(machine, module, { env }));
  const exported = instance.exports.get("main");
  if (exported?.kind !== "func") throw new Error("no function main");
  const history = History.of(new Recorder(machine, { instances: [instance] }));
  machine.start(exported.func, args);
  const session = new DebugSession(machine, instance, { breathe, history });
  const describe = ({ error }: { readonly error: unknown }) => String(error);
  return new Debuggee(session, { name: "test.wasm", describe, breathe });
}

export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class TestClient {
  readonly server: GdbServer;
  left: string | null = null;
  failure: unknown = null;
  /** What has not been looked at, as it came. */
  private received: string[] = [];
  private readonly reader = new PacketReader();

  constructor(readonly debuggee: Debuggee) {
    this.server = new GdbServer(debuggee, {
      send: (bytes) => {
        for (const incoming of this.reader.read(bytes))
          this.received.push(incoming.kind === "packet" ? incoming.data : `(${incoming.kind})`);
      },
      left: (how) => (this.left = how),
      crashed: (error) => (this.failure = error),
    });
  }

  send(bytes: Uint8Array): void {
    this.server.receive(bytes);
  }

  /** What came since, runs of characters still told by their length. */
  async answers(): Promise<readonly string[]> {
    await breathe();
    if (this.failure !== null) throw this.failure;
    const answers = this.received;
    this.received = [];
    return answers;
  }

  /** Sends a packet, without acknowledgement. @returns the answer, as text */
  async ask(data: string): Promise<string> {
    this.send(framed(data));
    for (;;) {
      const answers = (await this.answers()).filter((answer) => !/^\((ack|nak)\)$/.test(answer));
      if (answers.length > 0) return answers.map(expanded).join(" ");
    }
  }

  /** The same with several, as a transcript; texts of errors can be read in it. */
  async transcript(...packets: readonly string[]): Promise<string> {
    const lines: string[] = [];
    for (const packet of packets) {
      const answer = await this.ask(packet);
      const text = answer.replace(/(?<=^E..;|(?:^| )O)[\da-f]+/g, textOfHex);
      lines.push(`> ${packet}`, `< ${text}`.trimEnd());
    }
    return lines.join("\n");
  }
}

/** A packet as clients send it: they escape what has a meaning, and tell no runs by their length. */
export function framed(data: string): Uint8Array {
  const escaped = data.replace(/[#$}]/g, (c) => `}${String.fromCharCode(c.charCodeAt(0) ^ 0x20)}`);
  const sum = bytesOf(escaped).reduce((a, b) => (a + b) & 0xff, 0);
  return bytesOf(`$${escaped}#${hexByte(sum)}`);
}

/** Data as it was before runs of the same were told by their length. */
export const expanded = (data: string): string =>
  data.replace(/([^])\*([^])/g, (_, character: string, count: string) =>
    character.repeat(count.charCodeAt(0) - 28),
  );

const PROGRAM = `(module
  (memory 1)
  (data (i32.const 16) "Hello, bobbin")
  (global $count (mut i64) (i64.const 3))
  (func $div (param $a i32) (param $b i32) (result i32) (local $r externref)
    (i32.div_s (local.get $a) (local.get $b)))
  (func $main (export "main") (param $n i32) (result i32) (local $x f64)
    (local.set $x (f64.const 1.5))
    (global.set $count (i64.add (global.get $count) (i64.const 1)))
    (i32.add (i32.const 7) (call $div (i32.const 100) (local.get $n)))))`;

export const i32 = (value: number) => ({ type: "i32" as const, value });
/** Of a program that divides 100 by `n`, in a function that it calls. */
export const clientOf = (n = 5): TestClient => new TestClient(debuggeeOf(PROGRAM, [i32(n)]));
