// For tests: `bobbin debug --gdb-remote` in this process, until it listens.

import { Readable } from "node:stream";
import { main } from "./main.js";
import { surroundings } from "./testing.js";

export interface Served {
  readonly host: string;
  readonly port: number;
  /** Its exit code, once it has ended. */
  readonly code: Promise<number>;
  /** What it has written so far. */
  readonly written: { readonly stdout: string; readonly stderr: string };
}

/** @throws Error with what it says, where it ends before anybody could connect */
export async function serveGdb(argv: readonly string[]): Promise<Served> {
  const written = { stdout: "", stderr: "" };
  let listening: (found: RegExpExecArray) => void;
  const place = new Promise<RegExpExecArray>((resolve) => (listening = resolve));
  const code = main(["debug", "--gdb-remote", "0", ...argv], {
    stdout: { write: (text) => (written.stdout += text) },
    stderr: {
      write(text) {
        written.stderr += text;
        const found = /connect:\/\/(.*):(\d+)\n/.exec(written.stderr);
        if (found !== null) listening(found);
      },
    },
    stdin: Readable.from([]),
    surroundings: surroundings(written),
  });
  const first = await Promise.race([place, code]);
  if (typeof first === "number") throw new Error(written.stderr);
  return { host: first[1]!, port: Number(first[2]), code, written };
}
