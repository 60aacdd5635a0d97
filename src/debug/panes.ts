// Panes that are shown again after each stop: code, values, stacks, a piece of memory. Lines
// of text for a given size; whoever owns a terminal puts them there.

import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import type { DebugConsole } from "./console.js";
import { codeLines } from "./render-code.js";
import { memoryLines } from "./render-memory.js";
import { stackLines } from "./render-stacks.js";
import { valueLines } from "./render.js";
import { regionsOf } from "./regions.js";
import { frameView, localsOf, operandsOf } from "./views.js";

export const PANES = ["code", "values", "stacks", "memory"] as const;
export type PaneName = (typeof PANES)[number];

/** What is shown, from top to bottom. */
export interface Layout {
  readonly panes: readonly PaneName[];
  /** What the memory pane shows. */
  readonly address: number;
}

/** Of a terminal: characters of a line, and lines. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const AROUND = 4;
/** Lines at least, where there are so many. */
const LEAST = 4;

export function paneLines(console: DebugConsole, { panes, address }: Layout, size: Size): string[] {
  const contents = panes.map((name) => contentOf(console, name, address));
  // One line for each title, and one below all.
  const room = Math.max(LEAST, Math.floor((size.rows - panes.length - 1) / panes.length));
  const lines = contents.flatMap((content, i) => {
    const title = `── ${panes[i]!} ${"─".repeat(size.columns)}`.slice(0, size.columns);
    return [console.style.dim(title), ...content.slice(0, room).map((line) => line.slice(0, size.columns))]; // prettier-ignore
  });
  return [...lines, console.style.dim("─".repeat(size.columns))];
}

function contentOf(console: DebugConsole, name: PaneName, address: number): string[] {
  const { session, selected } = console;
  const framed = session.end?.kind !== "returned" && session.fiber.depth > selected;
  switch (name) {
    case "code": {
      if (!framed) return ["no frame"];
      const at = frameView(session.fiber, selected);
      return codeLines(at, at.offset, session.stops, AROUND);
    }
    case "values":
      if (!framed) return ["no frame"];
      return [
        ...valueLines(localsOf(session.fiber, selected), "no locals"),
        "  operands",
        ...valueLines(operandsOf(session.fiber, selected), "no operands"),
      ];
    case "stacks":
      return session.stacks().flatMap((stack) => stackLines(stack, selected));
    case "memory": {
      const memory = session.instance.memories[0];
      if (memory === undefined) return ["no memory"];
      const length = Math.max(0, Math.min(64, memory.view.byteLength - address));
      return memoryLines(memory, address, length, regionsOf(session));
    }
  }
}

/** @throws UsageError for what is no pane */
export function layoutOf(words: readonly string[]): Layout | null {
  const [first] = words;
  if (first === "off") return null;
  if (first === undefined) return { panes: ["code", "values", "stacks"], address: 0 };
  const panes: PaneName[] = [];
  let address = 0;
  for (const word of words) {
    const name = PANES.find((pane) => pane === word);
    if (name !== undefined) panes.push(name);
    else if (/^(0x[\da-f]+|\d+)$/i.test(word) && panes.at(-1) === "memory") address = Number(word);
    else throw new UsageError(`${word} is no pane: ${PANES.join(", ")} [ADDRESS], or off`);
  }
  return { panes, address };
}

export const layoutText = ({ panes, address }: Layout): string =>
  panes.map((name) => (name === "memory" ? `memory ${hex(address)}` : name)).join(" ");
