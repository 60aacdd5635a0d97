// Node's own use of WebAssembly (`fetch`, and imports of CommonJS) beside the program's, which
// streams a module over HTTP. node streams.mjs MODULE

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import required, { answer } from "./required.cjs";

const bytes = readFileSync(process.argv[2]);
const server = createServer((_, response) => {
  response.setHeader("Content-Type", "application/wasm");
  response.end(bytes);
}).listen(0, "127.0.0.1", async () => {
  const url = `http://127.0.0.1:${server.address().port}/`;
  const env = { log_i32: () => {} };
  const { instance } = await WebAssembly.instantiateStreaming(fetch(url), { env });
  const module = await WebAssembly.compileStreaming(await fetch(url));
  const { length } = new Uint8Array(await (await fetch(url)).arrayBuffer());
  console.log(instance.exports.sum(10), module instanceof WebAssembly.Module);
  console.log(length === bytes.length, required.answer, answer);
  server.close();
});
