// Which instance lines are about: a line of its own, wherever that changes.

import { isMainThread, threadId } from "node:worker_threads";
import type { Output } from "./output.js";
import { printable } from "../util/printable.js";

/** An instance among those of all threads. */
export const instanceName = (name: string): string =>
  printable(isMainThread ? name : `${name}, thread ${threadId}`);

export class Headings {
  private last: string | null = null;
  constructor(private readonly output: Output) {}

  /** Lines that follow are about this instance. */
  about(name: string, remark = ""): void {
    if (this.last === name) return;
    this.last = name;
    this.output.line(`-- ${instanceName(name)}${remark}`);
  }
}
