// Where clients of the Debug Adapter Protocol come in: standard input and output, or a port,
// for as many sessions as connect. A program's own output never mixes with the protocol's.

import { createServer, type Socket } from "node:net";
import process from "node:process";
import { Writable } from "node:stream";
import type { Context } from "../context.js";
import { ExitCode } from "../failure.js";
import { InputError } from "../failure.js";
import { interruption } from "../interruption.js";
import { Adapter } from "./adapter.js";

/** Milliseconds that the last response may take. */
const LAST_WORDS = 100;

/** One session on standard input and output, to its end. @returns the exit code */
export function serveStdio({ io }: Context): Promise<number> {
  return new Promise((resolve) => {
    const { stdout } = io;
    // Bound before whatever the host script prints is taken away from here.
    const write = stdout.write.bind(stdout) as (text: string) => unknown;
    const out = new Writable({
      decodeStrings: false,
      write: (text: string, _encoding, done) => {
        write(text);
        done();
      },
    });
    const adapter = new Adapter(io, () => {
      release();
      resolve(ExitCode.good);
      // The last response is on its way. Whatever the host still does is nobody's any more.
      setTimeout(() => io.leave?.(ExitCode.good), LAST_WORDS);
    });
    const release = divert((text) => adapter.output("stdout", text));
    adapter.start(io.stdin, out);
  });
}

/** What JavaScript of the host prints goes to `sink`, not where the protocol is. */
function divert(sink: (text: string) => void): () => void {
  const { stdout } = process;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- put back as it was
  const { write } = stdout;
  stdout.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    sink(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
    const done = rest.at(-1);
    if (typeof done === "function") (done as () => void)();
    return true;
  };
  return () => {
    stdout.write = write;
  };
}

/** Sessions on a port until Ctrl-C. @returns the exit code */
export function listen(port: number, address: string, context: Context): Promise<number> {
  return new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("close", () => sockets.delete(socket));
      // A client that is gone has ended its session: the adapter hears of it.
      socket.on("error", () => socket.destroy());
      new Adapter(context.io, () => socket.end()).start(socket, socket);
    });
    const interrupt = interruption();
    interrupt.onAsked = () => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve(ExitCode.interrupted));
    };
    server.on("error", (error: NodeJS.ErrnoException) => {
      interrupt.end();
      const reason = PROBLEMS[error.code ?? ""] ?? error.message;
      reject(new InputError(`cannot listen on ${address} port ${port}: ${reason}`));
    });
    server.listen(port, address, () => {
      const at = server.address();
      const chosen = typeof at === "object" && at !== null ? at.port : port;
      context.out(`listening on ${address}:${chosen}`);
    });
  });
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "no such address here",
};
