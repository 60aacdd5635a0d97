// `bobbin debug --gdb-remote` as a client on a socket sees it. What packets say is tested beside them.

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import process from "node:process";
import { expect, test } from "@jest/globals";
import { expanded, framed } from "../gdb/testing.js";
import { parseEndpoint } from "./gdb-server.js";
import { serveGdb } from "./gdb.testing.js";
import { bobbin, fileOf, wat } from "./testing.js";

const program = fileOf(
  "served.wasm",
  wat(`(module
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "spin") (loop $l (br $l)))
    (func (export "fail") (unreachable)))`),
);

const serve = (...argv: readonly string[]) => serveGdb([program, "--invoke", ...argv]);

async function clientOf({ host, port }: { readonly host: string; readonly port: number }) {
  const socket = connect({ host, port });
  socket.setEncoding("latin1");
  await once(socket, "connect");
  return socket;
}

/** @returns the answer to a packet */
async function ask(socket: Socket, packet: string): Promise<string> {
  socket.write(framed(packet));
  for (let text = ""; ;) {
    const [part] = (await once(socket, "data")) as [string];
    const answer = /\$([^#]*)#../.exec((text += part));
    if (answer !== null) return expanded(answer[1]!);
  }
}

/** Whether the server took a client, or closed the connection. */
const isServed = (socket: Socket): Promise<boolean> =>
  Promise.race([ask(socket, "qC").then(() => true), once(socket, "close").then(() => false)]);

test("a call runs to its end for a client", async () => {
  const served = await serve("add", "2", "3");
  expect(served.host).toMatch(/^(127\.0\.0\.1|\[::1\])$/);
  const socket = await clientOf(served);
  expect(await ask(socket, "qWasmLocal:0;1")).toBe("03000000");
  expect(await ask(socket, "c")).toBe("W00");
  socket.destroy();
  expect(await served.code).toBe(0);
});

test("a client may go away and another come, one at a time; what runs is stopped meanwhile", async () => {
  const served = await serve("spin");
  const first = await clientOf(served);
  await once((await clientOf(served)).resume(), "close");
  first.write(framed("c"));
  await once(first, "data");
  first.destroy();
  // It may take a moment until the server knows.
  let third = await clientOf(served);
  while (!(await isServed(third))) third = await clientOf(served);
  expect(await ask(third, "?")).toMatch(/^T02thread:1;/);
  expect(await ask(third, "vKill;1")).toBe("OK");
  expect(await served.code).toBe(0);
});

test("a program that is left runs to its end, and says how", async () => {
  const served = await serve("fail");
  expect(await ask(await clientOf(served), "D")).toBe("OK");
  expect(await served.code).toBe(1);
  expect(served.written.stderr).toContain("trap: unreachable");
});

test("Ctrl-C ends the session, whether anybody is connected or not", async () => {
  const served = await serve("spin");
  const socket = await clientOf(served);
  socket.write(framed("c"));
  await once(socket, "data");
  process.emit("SIGINT");
  expect(await served.code).toBe(130);
});

test("an address that is taken, and ones that are none", async () => {
  const other = createServer().listen(0, "localhost");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const taken = await bobbin(["debug", program, "--gdb-remote", `${port}`, "--invoke", "spin"]);
  expect(taken).toMatchObject({ code: 2, stdout: "" });
  expect(taken.stderr).toMatch(/: cannot listen on localhost:\d+: .*EADDRINUSE/);
  other.close();
  for (const wrong of ["", "x", "65536", "host:", "::1:80", "1.5"])
    expect(() => parseEndpoint(wrong)).toThrow("--gdb-remote takes PORT or HOST:PORT");
  expect(parseEndpoint("1234")).toEqual({ host: "localhost", port: 1234 });
  expect(parseEndpoint("0.0.0.0:0")).toEqual({ host: "0.0.0.0", port: 0 });
  expect(parseEndpoint("[::1]:80")).toEqual({ host: "::1", port: 80 });
});
