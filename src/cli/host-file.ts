// `--host FILE.mjs`: loads the JavaScript module that supplies a program's imports
// and may drive it. Its default export makes the host.

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Host, HostContext, HostScript } from "../compare/host.js";
import { BobbinError } from "../util/errors.js";
import { about, FileError, HostException, InputError } from "./failure.js";
import { fileReason } from "./input.js";

/** Loads a host script; what it throws, and what is wrong with it, names its file. */
export const loadHostScript = (file: string): Promise<HostScript> =>
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
        "has no function as default export: expected export default (context) => ({ imports, invoke })",
      );
    return (context) => makeHost(file, create as HostScript, context);
  });

async function makeHost(file: string, create: HostScript, context: HostContext): Promise<Host> {
  try {
    return checkHost(await create(context));
  } catch (error) {
    const problem =
      error instanceof BobbinError ? error : new HostException("its default export", error);
    throw new FileError(file, problem);
  }
}

function checkHost(host: unknown): Host {
  if (typeof host !== "object" || host === null)
    throw new InputError("its default export must return an object { imports, invoke }");
  const { imports, invoke } = host as { imports?: unknown; invoke?: unknown };
  if (imports !== undefined && (typeof imports !== "object" || imports === null))
    throw new InputError("its imports are no object");
  if (invoke !== undefined && typeof invoke !== "function")
    throw new InputError("its invoke is no function");
  return host;
}
