// Where lines go: at once, because the process may end at any time, and whole, because other
// threads write too.

import { closeSync, openSync, writeSync } from "node:fs";
import { isMainThread, threadId } from "node:worker_threads";
import { UsageError } from "../util/errors.js";

export interface Output {
  line(text: string): void;
}

const STDERR = 2;

class Lines implements Output {
  private broken = false;
  constructor(private readonly file: number) {}

  line(text: string): void {
    let rest = Buffer.from(`${text}\n`);
    while (rest.length > 0 && !this.broken) rest = rest.subarray(this.write(rest));
  }

  private write(bytes: Buffer): number {
    try {
      return writeSync(this.file, bytes);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A pipe that is full now, and one that nobody reads any more: no reason to end the program.
      if (code === "EAGAIN") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      else if (code === "EPIPE") this.broken = true;
      else throw error;
      return 0;
    }
  }
}

export const standardError: Output = new Lines(STDERR);

/** `%p` stands for the number of the process. */
export const fileName = (pattern: string): string => pattern.replaceAll("%p", String(process.pid));

/** A file for each thread: `report.thread-1.json`. */
export const threadFile = (file: string): string =>
  isMainThread ? file : file.replace(/(\.[^./\\]*)?$/, (ending) => `.thread-${threadId}${ending}`);

/**
 * A file that is begun anew, and added to by worker threads; `-` is standard error.
 * @param variable who names it
 * @throws UsageError
 */
export function openOutput(variable: string, pattern: string): Output {
  if (pattern === "-") return standardError;
  const file = fileName(pattern);
  try {
    if (isMainThread) closeSync(openSync(file, "w"));
    return new Lines(openSync(file, "a"));
  } catch (error) {
    throw new UsageError(`${variable}: cannot write ${file}: ${(error as Error).message}`);
  }
}
