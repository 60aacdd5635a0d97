// What an engine in another process is asked to do. The code here runs in that process
// (`src/cli/engine-worker.ts`, and `engine-page.ts` in a browser) and uses nothing but
// the WebAssembly JavaScript API; requests and answers are JSON, bytes in base64.

import { decode } from "../binary/decode.js";
import { validate } from "../valid/validate.js";
import { hostEngine } from "./engine.js";
import { featuresOf, type FuzzFeature } from "./fuzz-features.js";
import { EngineRunner, runFuzz } from "./fuzz-run.js";
import type { HostScript } from "./host.js";
import { decodeValues, encodeRun, type RunData } from "./told-run.js";
import { runOnEngine } from "./v8.js";

export type EngineTask =
  { readonly task: "describe" } | { readonly task: "fuzz"; readonly bytes: string } | ProgramTask;

export interface ProgramTask {
  readonly task: "program";
  readonly plain: string;
  readonly twin: string;
  /** Of the host script, as this engine reaches it. */
  readonly hostUrl?: string;
  readonly invoke: string;
  /** By `encodeValues`. */
  readonly args: RunData;
  readonly stub: boolean;
}

export type ProgramAnswer =
  /** `ms`: how long the run took, the engine's start excluded. */
  | { readonly kind: "ran"; readonly run: RunData; readonly ms: number }
  /** The engine does not take the module. */
  | { readonly kind: "refused"; readonly reason: string }
  /** There was no run, for a reason of another kind: the script cannot be loaded there. */
  | { readonly kind: "failed"; readonly reason: string };

/** On standard output, lines that start with this are answers. Host scripts write there too. */
export const ANSWER = "bobbin-answer:";

export async function perform(task: EngineTask): Promise<unknown> {
  switch (task.task) {
    case "describe":
      return { features: supported() };
    case "fuzz":
      return runFuzz(decode(bytesOf(task.bytes)), new EngineRunner());
    case "program":
      return runProgram(task);
  }
}

/** What of WebAssembly 3.0 this engine has. */
export function supported(): FuzzFeature[] {
  const engine = hostEngine() as unknown as { validate(bytes: Uint8Array): boolean };
  return featuresOf((bytes) => engine.validate(bytes));
}

const bytesOf = (base64: string): Uint8Array =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

async function runProgram(task: ProgramTask): Promise<ProgramAnswer> {
  try {
    const hostScript = task.hostUrl === undefined ? undefined : await scriptAt(task.hostUrl);
    const request = {
      bytes: bytesOf(task.twin),
      plain: validate(decode(bytesOf(task.plain))),
      ...(hostScript === undefined ? {} : { hostScript }),
      invoke: task.invoke,
      args: decodeValues(task.args),
      stub: task.stub,
      digest: true,
    };
    const start = performance.now();
    const run = await runOnEngine(request);
    return { kind: "ran", ms: Math.round(performance.now() - start), run: encodeRun(run) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: "", message: String(error) };
    const kind = name === "CompileError" || name === "LinkError" ? "refused" : "failed";
    return { kind, reason: message };
  }
}

async function scriptAt(url: string): Promise<HostScript> {
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(url)) as typeof loaded;
  } catch (error) {
    throw new Error(`the host script cannot be loaded there: ${String(error)}`, { cause: error });
  }
  if (typeof loaded.default !== "function")
    throw new Error("the host script has no function as default export");
  return loaded.default as HostScript;
}
