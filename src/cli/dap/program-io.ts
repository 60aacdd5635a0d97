// The standard streams of a program that is debugged: what it writes goes to the client, and
// there is nothing to read, for standard input may be the protocol's.

import type { Io } from "../context.js";

/** What an adapter has of its process. */
export type AdapterIo = Pick<Io, "stdin" | "debug" | "surroundings">;

type Stream = "stdout" | "stderr";

export function programIo(
  { stdin, surroundings }: AdapterIo,
  write: (stream: Stream, text: string) => void,
): Io {
  // Characters may come in parts.
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  return {
    stdin,
    stdout: { write: (text) => write("stdout", text) },
    stderr: { write: (text) => write("stderr", text) },
    surroundings: {
      ...surroundings,
      stdin: { read: () => new Uint8Array() },
      write: (stream, bytes) => write(stream, decoders[stream].decode(bytes, { stream: true })),
      isTerminal: () => false,
    },
  };
}
