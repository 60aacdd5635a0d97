// The machine's thread: requests in, answers out, one at a time. Long work yields, so that
// the page can be told how far it is.

import { initSync, watify } from "@mdn/watify";
import assembler from "@mdn/watify/watify_bg.wasm?url";
import { UsageError } from "../../../src/index.js";
import { assembleBy } from "../../../src/text/assembling.js";
import type { MachineApi, Request, Response } from "./api.js";
import { problemOf } from "./problems.js";
import { MachineSession } from "./session.js";

/** The types of the page's own globals are another's. */
const port = self as unknown as {
  onmessage: (event: MessageEvent<Request>) => void;
  postMessage(response: Response): void;
};

let wat: ((text: string) => Uint8Array) | null = null;

/** The assembler is fetched when there is text. */
async function loadAssembler(): Promise<(text: string) => Uint8Array> {
  if (wat === null) {
    const answer = await fetch(assembler);
    if (!answer.ok) throw new UsageError(`the assembler cannot be loaded: ${answer.status}`);
    initSync({ module: await answer.arrayBuffer() });
    wat = (text) => assembleBy(watify, text);
  }
  return wat;
}

const session = new MachineSession(loadAssembler);
let last: Promise<unknown> = Promise.resolve();

port.onmessage = ({ data }) => {
  last = last.then(() => serve(data));
};

async function serve({ id, method, args }: Request): Promise<void> {
  const send = (response: Response) => port.postMessage(response);
  session.onProgress = (progress) => send({ id, progress });
  try {
    const call = session[method] as (...args: unknown[]) => ReturnType<MachineApi[typeof method]>;
    send({ id, ok: await call.apply(session, args as unknown[]) });
  } catch (error) {
    const failed = problemOf(error);
    send({ id, failed: failed ?? { message: `a fault of this page: ${String(error)}` } });
    // What is ours is told to the console too; the requests behind this one are served.
    if (failed === null) console.error(error);
  }
}
