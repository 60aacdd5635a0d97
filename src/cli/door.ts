// How requests reach an engine's process, and how its answers come back: lines of its
// standard streams, or for a browser the page that it shows (`page-door.ts`).

import type { ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import { ANSWER } from "../compare/engine-task.js";

export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

export interface DoorListener {
  answer(text: string): void;
  /** It said something that is no answer. */
  said(text: string): void;
  /** What answers is gone, though its process may go on. */
  gone(): void;
}

export interface Door {
  /** What the program has to be given to come here: its last arguments. */
  readonly args: readonly string[];
  /** Where the engine finds a file. */
  urlOf(file: string): string;
  /** Connects a program that was just started. */
  attach(child: Child, listener: DoorListener): void;
  send(text: string): void;
  close(): void;
}

/** For a program that runs a worker script, which reads lines and writes lines. */
export class StdioDoor implements Door {
  readonly args: readonly string[];
  private child: Child | null = null;

  constructor(...args: readonly string[]) {
    this.args = args;
  }

  urlOf(file: string): string {
    return pathToFileURL(file).href;
  }

  attach(child: Child, listener: DoorListener): void {
    this.child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith(ANSWER)) listener.answer(line.slice(ANSWER.length));
      else listener.said(`${line}\n`);
    });
    // A process that is gone cannot be written to: its end tells more.
    child.stdin.on("error", () => undefined);
  }

  send(text: string): void {
    this.child?.stdin.write(`${text}\n`);
  }

  close(): void {
    this.child = null;
  }
}
