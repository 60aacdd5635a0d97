// The command line in its process: closed pipes, and programs that wait forever.

import type { Io } from "./context.js";
import { ExitCode } from "./failure.js";
import { main } from "./main.js";
import { surroundingsOf } from "./wasi/surroundings.js";

export function runInProcess(process: NodeJS.Process): void {
  let settled = false;
  // Whoever reads our output may stop at any time: `bobbin … | head`.
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      settled = true;
      process.exit();
    });
  process.once("exit", () => {
    if (settled || process.exitCode !== undefined) return;
    process.exitCode = 1;
    process.stderr.write("bobbin: the program waits for a promise that nothing will settle\n");
  });
  const { stdout, stderr } = process;
  const io: Io = {
    stdout,
    stderr,
    // Opening it makes pipes ones that do not wait: only who reads it here may do that.
    get stdin() {
      return process.stdin;
    },
    surroundings: surroundingsOf(process, () => {
      settled = true;
      process.exit();
    }),
    leave: (code) => {
      settled = true;
      process.exit(code);
    },
    debug: process.env["BOBBIN_DEBUG"] === "1",
  };
  void main(process.argv.slice(2), io).then((code) => {
    settled = true;
    process.exitCode = code;
    // Nothing that is still under way may hold up whoever pressed Ctrl-C.
    if (code === ExitCode.interrupted) process.exit();
  });
}
