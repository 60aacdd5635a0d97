// The standard streams of Bobbin's own process, for a program that runs in it: read and
// written at once, since the program does not give way to anything that could wait.

import { readSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { Surroundings } from "./standard.js";

const NUMBERS = { stdin: 0, stdout: 1, stderr: 2 } as const;

/** @param closed told when nobody reads the output any more; ends the process */
export const surroundingsOf = (
  { env }: Pick<NodeJS.Process, "env">,
  closed: () => void,
): Surroundings => ({
  stdin: {
    read(size) {
      const bytes = new Uint8Array(size);
      return bytes.subarray(
        0,
        patiently(() => readSync(NUMBERS.stdin, bytes)),
      );
    },
  },
  write(stream, bytes) {
    let written = 0;
    try {
      while (written < bytes.length)
        written += patiently(() => writeSync(NUMBERS[stream], bytes, written));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
      closed();
    }
  },
  isTerminal: (stream) => isatty(NUMBERS[stream]),
  env,
});

const PAUSE = 5;

/** Others may have made a pipe one that does not wait. */
function patiently(action: () => number): number {
  for (;;) {
    try {
      return action();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // So Windows says that a pipe has ended.
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      sleep(PAUSE);
    }
  }
}

/** Waits without giving way. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
