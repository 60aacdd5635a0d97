// One connection of a remote debugger: bytes in, bytes out. Packets are served one after
// the other; only an interrupt comes through while the program runs.

import { BobbinError, CrashError } from "../util/errors.js";
import { hexOfText } from "./encoding.js";
import { ACKNOWLEDGEMENT, frame, type Incoming, PacketReader, REFUSAL } from "./framing.js";
import type { Debuggee } from "./debuggee.js";
import { Client, PacketError } from "./packet.js";
import { findPacket } from "./packets.js";

export interface GdbServerOptions {
  readonly send: (bytes: Uint8Array) => void;
  /** The client is done with the program. Nothing it sends means anything any more. */
  readonly left: (how: "detached" | "killed") => void;
  /** Something failed that must not. */
  readonly crashed: (error: unknown) => void;
}

export class GdbServer {
  private readonly reader = new PacketReader();
  private readonly client: Client;
  private lastSent: Uint8Array | null = null;
  private readonly waiting: string[] = [];
  private serving = false;

  constructor(
    private readonly debuggee: Debuggee,
    private readonly options: GdbServerOptions,
  ) {
    this.client = new Client(debuggee, (text) => this.send(`O${hexOfText(text)}`));
  }

  /** Takes bytes as they come. */
  receive(bytes: Uint8Array): void {
    for (const incoming of this.reader.read(bytes)) this.take(incoming);
  }

  private take(incoming: Incoming): void {
    const { client, options } = this;
    switch (incoming.kind) {
      case "packet":
        if (client.acknowledges) options.send(ACKNOWLEDGEMENT);
        this.waiting.push(incoming.data);
        if (!this.serving) void this.serve();
        return;
      case "broken":
        if (client.acknowledges) options.send(REFUSAL);
        return;
      case "nak":
        if (client.acknowledges && this.lastSent !== null) options.send(this.lastSent);
        return;
      case "interrupt":
        if (this.debuggee.runs) void this.debuggee.pause();
        return;
      case "ack":
    }
  }

  private async serve(): Promise<void> {
    this.serving = true;
    try {
      for (let data; (data = this.waiting.shift()) !== undefined && this.client.left === null;) {
        this.send(await this.answer(data));
      }
    } catch (error) {
      this.options.crashed(error);
    }
    this.serving = false;
    if (this.client.left !== null) this.options.left(this.client.left);
  }

  private send(data: string): void {
    this.lastSent = frame(data);
    this.options.send(this.lastSent);
  }

  /** The empty answer says that a packet is not known. */
  private async answer(data: string): Promise<string> {
    const found = findPacket(data);
    if (found === null) return "";
    const { row, args } = found;
    if (args === null) return this.error(`expected ${row.usage}`);
    try {
      return await row.run(this.client, args.slice(1));
    } catch (error) {
      // What is wrong with a module or a recording may show late; it is the user's, not ours.
      const orderly = error instanceof BobbinError && !(error instanceof CrashError);
      if (orderly || error instanceof PacketError) return this.error(error.message);
      throw error;
    }
  }

  private error(message: string): string {
    return this.client.wantsTexts ? `E01;${hexOfText(message)}` : "E01";
  }
}
