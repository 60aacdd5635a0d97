// Where clients come in, and what programs write.

import { PassThrough, Readable } from "node:stream";
import { afterEach, expect, test } from "@jest/globals";
import { DebugClient } from "@vscode/debugadapter-testsupport";
import { main as runCommand } from "../main.js";
import { fileOf, surroundings } from "../testing.js";
import { plain, plainMain } from "./program.testing.js";
import { closeClients, open } from "./testing.js";

/** The command, with what it prints. */
const runMain = (argv: string[], out: (text: string) => void): Promise<number> =>
  runCommand(argv, {
    stdout: { write: out },
    stderr: { write: out },
    stdin: Readable.from([]),
    surroundings: surroundings(),
  });

afterEach(closeClients);

test("a WASI program writes to the client, and ends with the code that it chose", async () => {
  const exit = fileOf(
    "exit.wat",
    `(module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
      (data (i32.const 16) "h\\c3\\a9llo")
      (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $exit (i32.const 7))))`,
  );
  const c = open();
  await Promise.all([c.waitForEvent("terminated"), c.begin({ program: exit })]);
  expect(c.output("stdout")).toBe("héllo");
  expect(c.events.find(({ event }) => event === "exited")!.body).toEqual({ exitCode: 7 });
  const stopped = open();
  const stop = await stopped.until(() => stopped.begin({ program: exit, stopOnExit: true }));
  expect(stop).toMatchObject({ reason: "exit", description: "the program exited with 7" });
  await stopped.until(() => stopped.ask("stepBack", { threadId: stopped.thread }));
  expect((await stopped.stack())[0]).toMatch(/^_start .*exit.wat:9$/);
});

test("a port serves sessions one after the other and at once, on this machine only", async () => {
  let stdout = "";
  const done = runMain(["dap", "--port", "0"], (text) => (stdout += text));
  while (!stdout.includes("\n")) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(stdout).toMatch(/^listening on 127\.0\.0\.1:\d+\n$/);
  const port = Number(/:(\d+)\n/.exec(stdout)![1]);
  const connected = [1, 2].map(() => new DebugClient("node", "", "bobbin"));
  for (const each of connected) {
    await each.start(port);
    await each.initializeRequest();
  }
  await Promise.all(
    connected.map((each) =>
      Promise.all([
        each.waitForEvent("terminated"),
        each.launchRequest(plainMain(5) as object).then(() => each.configurationDoneRequest()),
      ]),
    ),
  );
  await Promise.all(connected.map((each) => each.stop()));
  process.emit("SIGINT");
  expect(await done).toBe(130);
});

test("standard output is the protocol's: what a host script prints is output of the program", async () => {
  const host = fileOf(
    "noisy.mjs",
    `import process from "node:process";
     export default () => ({ imports: { env: { ask: (x) => (process.stdout.write("noise " + x + "\\n"), 2) } } });`,
  );
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  class StdioClient extends DebugClient {
    constructor() {
      super("node", "", "bobbin");
      this.connect(stdout, stdin);
    }
  }
  const code = runCommand(["dap"], {
    stdin,
    stdout,
    stderr: { write: () => undefined },
    surroundings: surroundings(),
  });
  const c = new StdioClient();
  const outputs: string[] = [];
  c.on("output", ({ body }: { body: { category: string; output: string } }) =>
    outputs.push(`${body.category}: ${body.output}`),
  );
  await c.initializeRequest();
  await c.launchRequest({ program: plain, args: [5], host } as object);
  await Promise.all([c.waitForEvent("terminated"), c.configurationDoneRequest()]);
  expect(outputs).toEqual(["stdout: noise 7\n", "console: the program returned i32:22\n"]);
  await c.disconnectRequest();
  expect(await code).toBe(0);
});

test("a client that is gone ends the session", async () => {
  const stdin = new PassThrough();
  const code = runCommand(["dap"], { stdin, stdout: new PassThrough(), stderr: { write: () => undefined }, surroundings: surroundings() }); // prettier-ignore
  stdin.end();
  expect(await code).toBe(0);
});
