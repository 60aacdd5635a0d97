// BOBBIN_TRACE: the events of every instance that may unwind, as `bobbin trace` prints them.

import { threadId } from "node:worker_threads";
import type { Attachment } from "../observe/attachments.js";
import { eventToJson, renderLine } from "../observe/render.js";
import { traceInstances } from "../observe/trace-instances.js";
import { UsageError } from "../util/errors.js";
import { Headings } from "./headings.js";
import { openOutput } from "./output.js";

/** @throws UsageError where the file cannot be written, or its ending promises something else */
export function traceTo(pattern: string): Attachment {
  if (pattern.endsWith(".json"))
    throw new UsageError(`BOBBIN_TRACE='${pattern}': a file of JSON lines ends in .jsonl`);
  const output = openOutput("BOBBIN_TRACE", pattern);
  if (pattern.endsWith(".jsonl"))
    return traceInstances((event, { name: instance }) =>
      output.line(JSON.stringify({ thread: threadId, instance, ...eventToJson(event) })),
    );
  const headings = new Headings(output);
  return traceInstances((event, { name, unreadable }) => {
    headings.about(
      name,
      unreadable === null ? "" : `: its unwinds cannot be told (${unreadable.message})`,
    );
    output.line(renderLine(event));
  });
}
