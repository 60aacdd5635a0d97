// The program that runs inside another engine (Node, Deno, Bun): reads requests from
// standard input, one line of JSON each, and answers each with one line. It is Bobbin's
// own code, but the `WebAssembly` that runs the modules is that engine's.

import process from "node:process";
import { createInterface } from "node:readline";
import { ANSWER, type EngineTask, perform } from "../compare/engine-task.js";
import { type BytesRequest, tryBytes } from "./bytes-task.js";
import { hostVersion } from "./host-version.js";

export type WorkerRequest = EngineTask | BytesRequest;

async function answer(request: WorkerRequest): Promise<unknown> {
  switch (request.task) {
    case "describe":
      return { version: hostVersion(), ...((await perform(request)) as object) };
    case "bytes":
      return tryBytes(request);
    default:
      return perform(request);
  }
}

// Ctrl-C is for the process that asks, which then ends this one.
process.on("SIGINT", () => undefined);
for await (const line of createInterface({ input: process.stdin })) {
  const answered = JSON.stringify(await answer(JSON.parse(line) as WorkerRequest));
  // A line of its own, whatever a host script has written before.
  process.stdout.write(`\n${ANSWER}${answered}\n`);
}
