// One packet: what it is called, what follows its name, and what answers it.

import type { Debuggee } from "./debuggee.js";
import { LookedAt } from "./looked-at.js";
import { Monitor } from "./monitor.js";
import type { Thread, ThreadFrame } from "./threads.js";

export interface PacketRow {
  readonly name: string;
  /** What may follow the name: its groups are the arguments. */
  readonly form: RegExp;
  /** The same for people, and what the packet is for. */
  readonly usage: string;
  readonly help: string;
  /**
   * @returns the answer
   * @throws PacketError, and what the debuggee throws
   */
  run(client: Client, args: readonly (string | undefined)[]): string | Promise<string>;
}

/** The answer to a packet that was understood and cannot be served. */
export class PacketError extends Error {}

/** What is known of whoever is connected. */
export class Client {
  /** Whether each packet is to be acknowledged. */
  acknowledges = true;
  /** Whether errors may have a text. */
  wantsTexts = false;
  /** The thread that `H` chose: 0 is the one that is on. */
  chosenId = 0;
  /** The thread that is looked at, where packets name a frame and no thread. */
  lookedAt = new LookedAt();
  /** Set when it is done with the program: it goes on alone, or has ended. */
  left: "detached" | "killed" | null = null;

  readonly monitor: Monitor;

  /** @param output takes text that is to be shown to a person there */
  constructor(
    readonly debuggee: Debuggee,
    output: (text: string) => void,
  ) {
    this.monitor = new Monitor(debuggee.session, (line) => output(`${line}\n`));
  }

  /** The program goes on: nothing is chosen any more. */
  moved(): void {
    this.chosenId = 0;
    this.lookedAt = new LookedAt();
    this.monitor.moved();
  }

  /** @param id in hexadecimal; 0 and -1 for whichever is on */
  thread(id: string): Thread {
    return this.threadOf(Number.parseInt(id, 16)) ?? fail(`there is no thread ${id}`);
  }

  /** The thread that was chosen. */
  get chosen(): Thread {
    return this.threadOf(this.chosenId) ?? this.debuggee.current;
  }

  /** A frame of the thread that is looked at, of which a value is wanted. */
  frame(index: number, what: string): ThreadFrame {
    const id = this.lookedAt.value(index, what);
    if (id === null) return fail("several threads have such a frame: HgTHREAD says which is meant");
    const thread = this.threadOf(id) ?? this.debuggee.current;
    return thread.frames[index] ?? fail(`there is no frame ${index} in ${thread.name}`);
  }

  private threadOf(id: number): Thread | undefined {
    const { threads, current } = this.debuggee;
    return id <= 0 ? current : threads.find((thread) => thread.id === id);
  }
}

export function fail(message: string): never {
  throw new PacketError(message);
}

export const OK = "OK";
