// What the reader takes home: the timeline as a picture, the trace as a file.

import type { MachineClient } from "./worker/client.js";
import type { Timeline, View } from "./worker/view.js";
import { timelineSvg } from "./views/timeline-drawing.js";
import { paletteOf } from "./views/palette.js";

export async function download(
  kind: "svg" | "perfetto" | "text",
  client: MachineClient,
  view: View | null,
  timeline: Timeline | null,
): Promise<void> {
  if (kind === "svg") {
    if (timeline === null) return;
    const picture = timelineSvg(timeline, 900, view?.time ?? 0, paletteOf(document.body));
    save("timeline.svg", "image/svg+xml", picture);
  } else {
    const text = await client.call("trace", kind);
    if (kind === "perfetto") save("trace.json", "application/json", text);
    else save("trace.txt", "text/plain", text);
  }
}

function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // Some browsers read it later.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
