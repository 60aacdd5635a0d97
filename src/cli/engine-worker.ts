// The program that runs inside another engine (Node, Deno, Bun): reads requests from
// standard input, one line of JSON each, and answers each with one line. It is Bobbin's
// own code, but the `WebAssembly` that runs the modules is that engine's.

import process from "node:process";
import { createInterface } from "node:readline";
import { tryBytes } from "./bytes-task.js";
import { describeHost, type WorkerRequest } from "./engines.js";
import { opponentOf } from "../compare/fuzz.js";

function answer(request: WorkerRequest): unknown {
  switch (request.task) {
    case "describe":
      return describeHost();
    case "fuzz":
      return opponentOf().run(new Uint8Array(Buffer.from(request.bytes, "base64")));
    case "bytes":
      return tryBytes(request);
  }
}

// Ctrl-C is for the process that asks, which then ends this one.
process.on("SIGINT", () => undefined);
for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as WorkerRequest))}\n`);
