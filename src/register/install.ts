// From the environment to the object that the program finds.

import { chosenTier } from "../cli/machine-options.js";
import { sourceMapText } from "../cli/source-map-file.js";
import { makeWebAssembly } from "../js-api/namespace.js";
import type { Tier } from "../exec/hooks.js";
import { tierOf } from "../forward/choose.js";
import type { Attachment } from "../observe/attachments.js";
import { checkInstances } from "./check.js";
import { type Environment, settingsOf } from "./environment.js";
import { type Recording, recordTo } from "./record.js";
import { standardError } from "./output.js";
import { traceTo } from "./trace.js";

/** @throws UsageError where the environment is wrong */
export function install(env: Environment): void {
  const { tier, fuel, asyncify, check, checkFile: file, trace, record } = settingsOf(env);
  const output = standardError;
  const note = (line: string): void => output.line(`bobbin: ${line}`);
  const recording = record === undefined ? null : recordTo(record, output);
  const attachments: Attachment[] = [
    ...(recording === null ? [] : [recording.attachment]),
    ...(trace === undefined ? [] : [traceTo(trace)]),
    ...(check === undefined ? [] : [checkInstances({ output, strict: check === "strict", file })]),
  ];
  const value = makeWebAssembly({
    ...executing(tier === undefined ? undefined : chosenTier(tier, note), recording),
    ...(fuel === undefined ? {} : { fuel }),
    ...(asyncify === undefined ? {} : { asyncify }),
    attachments,
    // Most often the module, and so its map, lies beside the program.
    sourceMap: (url) => sourceMapText(process.argv[1] ?? "", url),
  });
  // As the engine's own is: writable, but not seen where properties are listed.
  Object.defineProperty(globalThis, "WebAssembly", {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

/** What executes on the machine, where the environment says anything about that. */
function executing(
  chosen: Tier | null | undefined,
  recording: Recording | null,
): { readonly tier?: Tier | null } {
  if (recording !== null)
    return { tier: recording.tier(chosen === undefined ? tierOf("mixed") : chosen) };
  return chosen === undefined ? {} : { tier: chosen };
}
