// The packets of LLDB's plugin for wasm: call stacks, locals, globals and operands, for which
// a protocol of registers has no words. Those of values name a frame, but no thread.
// Facts: LLDB, source/Plugins/Process/wasm/ProcessWasm.cpp

import { bytesOfValue, hexOf, littleEndian } from "./encoding.js";
import { type Client, fail, type PacketRow } from "./packet.js";
import type { ThreadFrame } from "./threads.js";

const INDEX = /^:(\d+);(\d+)$/;

export const wasmPackets: readonly PacketRow[] = [
  {
    name: "qWasmCallStack",
    form: /^:([\da-f]+)$/i,
    usage: "qWasmCallStack:THREAD",
    help: "code addresses, innermost first",
    run(client, [id = ""]) {
      const thread = client.thread(id);
      client.lookedAt.stack(thread.id);
      return thread.frames.map(({ address }) => hexOf(littleEndian(address, 8))).join("");
    },
  },
  {
    name: "qWasmLocal",
    form: INDEX,
    usage: "qWasmLocal:FRAME;INDEX",
    help: "a parameter or local",
    run: (client, args) => valueOf(client, "local", args),
  },
  {
    name: "qWasmStackValue",
    form: INDEX,
    usage: "qWasmStackValue:FRAME;INDEX",
    help: "an operand, from the bottom of the frame's",
    run: (client, args) => valueOf(client, "operand", args),
  },
  {
    name: "qWasmGlobal",
    form: INDEX,
    usage: "qWasmGlobal:FRAME;INDEX",
    help: "a global of the frame's module",
    run: (client, args) => valueOf(client, "global", args),
  },
];

/** In decimal, as LLDB writes them. */
function valueOf(
  client: Client,
  what: keyof Omit<ThreadFrame, "address">,
  [frame = "", index = ""]: readonly (string | undefined)[],
): string {
  const value = client.frame(Number(frame), `${what} ${index}`)[what](Number(index));
  if (value === undefined) return fail(`there is no ${what} ${index}`);
  const bytes = bytesOfValue(value);
  return bytes === null ? fail(`${what} ${index} is a reference: it has no bytes`) : hexOf(bytes);
}
