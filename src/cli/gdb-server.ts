// `bobbin debug --gdb-remote`: a debugging session served to LLDB on a socket. One client
// at a time; when it goes away without a word the program stands and waits for the next.

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { stopLines } from "../debug/render-stops.js";
import type { DebugSession, End } from "../debug/session.js";
import { Debuggee } from "../gdb/debuggee.js";
import { GdbServer } from "../gdb/server.js";
import { UsageError } from "../util/errors.js";
import type { Context } from "./context.js";
import { ExitCode } from "./failure.js";
import { interruption } from "./interruption.js";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = "localhost";

/** `PORT` or `HOST:PORT`; an IPv6 address in brackets. @throws UsageError */
export function parseEndpoint(text: string): Endpoint {
  const [, bracketed, plain, digits] = /^(?:(?:\[(.+)\]|([^:]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits ?? NaN);
  if (port <= 0xffff) return { host: bracketed ?? plain ?? LOOPBACK, port };
  throw new UsageError(`--gdb-remote takes PORT or HOST:PORT, not ${text}`);
}

export interface ServeOptions {
  readonly endpoint: Endpoint;
  readonly name: string;
  readonly describe: (end: End & { kind: "trapped" | "threw" }) => string;
}

type Left = "detached" | "killed" | "interrupted";

/** Serves until the client has ended or left the program, or Ctrl-C. @returns the exit code */
export async function serveGdb(
  session: DebugSession,
  { endpoint, name, describe }: ServeOptions,
  { note, out }: Context,
): Promise<number> {
  const debuggee = new Debuggee(session, { name, describe, breathe: () => setImmediate() });
  const server = createServer({ noDelay: true });
  const { address, port } = await listen(server, endpoint);
  const url = `connect://${address.includes(":") ? `[${address}]` : address}:${port}`;
  note(`waiting for a debugger: process connect --plugin wasm ${url}`);
  const left = await serveClients(server, debuggee);
  if (left === "interrupted") {
    await debuggee.pause();
    return ExitCode.interrupted;
  }
  if (left === "detached" && !debuggee.ended) await debuggee.continue();
  const { end } = session;
  if (end === null) return ExitCode.good;
  if (end.kind === "returned") {
    stopLines(end, session.instance).forEach(out);
    return ExitCode.good;
  }
  note(describe(end));
  return ExitCode.finding;
}

/** @throws what must not fail in the server and did */
async function serveClients(server: Server, debuggee: Debuggee): Promise<Left> {
  const asked = interruption();
  let client: Socket | null = null;
  try {
    return await new Promise<Left>((resolve, reject) => {
      asked.onAsked = () => resolve("interrupted");
      server.on("connection", (socket) => {
        // A second debugger would see a program that moves by itself.
        if (client !== null) return void socket.destroy();
        client = socket;
        serveClient(socket, debuggee, resolve, reject);
        socket.on("close", () => {
          client = null;
          if (debuggee.ended) resolve("killed");
        });
      });
    });
  } finally {
    asked.end();
    server.close();
    (client as Socket | null)?.destroySoon();
  }
}

function serveClient(
  socket: Socket,
  debuggee: Debuggee,
  left: (how: Left) => void,
  crashed: (error: unknown) => void,
): void {
  let gone = false;
  const remote = new GdbServer(debuggee, {
    send: (bytes) => socket.write(bytes),
    crashed,
    left(how) {
      gone = true;
      left(how);
    },
  });
  socket.on("data", (bytes) => remote.receive(bytes));
  // What goes wrong with a connection ends it, and `close` follows.
  socket.on("error", () => undefined);
  socket.on("close", () => {
    if (!gone && debuggee.runs) void debuggee.pause();
  });
}

/** @throws UsageError where the address is not to be had */
function listen(server: Server, { host, port }: Endpoint): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(new UsageError(`cannot listen on ${host}:${port}: ${error.message}`)),
    );
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}
