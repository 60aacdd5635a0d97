// `--host FILE.mjs`: loads the JavaScript module that supplies a program's imports
// and may drive it. Its default export makes the host.

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { about, HostException, InputError } from "./failure.js";
import { fileReason } from "./input.js";

/** What a host script gets. */
export interface HostContext {
  /** Prints, in the words of the program. */
  log(...values: unknown[]): void;
}

/** What a host script's default export gives. */
export interface HostScript {
  /** As for `WebAssembly.instantiate`. */
  readonly imports?: Record<string, Record<string, unknown>>;
  /** Runs an export; scripts that unwind and rewind the program do it here. */
  invoke?(
    instance: { readonly exports: Record<string, unknown> },
    name: string,
    args: readonly unknown[],
  ): unknown;
}

/** Loads a host script and calls its default export. Errors name the script's file. */
export const loadHost = (file: string, context: HostContext): Promise<HostScript> =>
  about(file, async () => {
    const path = resolve(file);
    try {
      if (!(await stat(path)).isFile()) throw new InputError("is no file");
    } catch (error) {
      throw error instanceof InputError ? error : new InputError(fileReason(error));
    }
    let loaded: { readonly default?: unknown };
    try {
      loaded = (await import(pathToFileURL(path).href)) as typeof loaded;
    } catch (error) {
      throw new InputError(`cannot be loaded: ${String(error)}`);
    }
    const create = loaded.default;
    if (typeof create !== "function")
      throw new InputError(
        "has no default export that is a function: expected export default (context) => ({ imports, invoke })",
      );
    let host: unknown;
    try {
      host = await (create as (context: HostContext) => unknown)(context);
    } catch (error) {
      throw new HostException("the default export", error);
    }
    return checkHost(host);
  });

function checkHost(host: unknown): HostScript {
  if (typeof host !== "object" || host === null)
    throw new InputError("its default export returns no object: expected { imports, invoke }");
  const { imports, invoke } = host as { imports?: unknown; invoke?: unknown };
  if (imports !== undefined && (typeof imports !== "object" || imports === null))
    throw new InputError("imports is no object");
  if (invoke !== undefined && typeof invoke !== "function")
    throw new InputError("invoke is no function");
  return host;
}
