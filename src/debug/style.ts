// Colours of a terminal, where there are any. Without them the text is the same.

import { printable } from "../util/printable.js";
import type { Region } from "./regions.js";

export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  /** What belongs to a region of memory. */
  readonly owned: (text: string, owner: Region | undefined) => string;
  /** A whole line of text and names, which come from files: nothing in it but colours controls a terminal. */
  readonly line: (text: string) => string;
}

const same = (text: string): string => text;
export const PLAIN: Style = { bold: same, dim: same, owned: same, line: printable };

const ESCAPE = "\x1b";
const CODES = new RegExp(`(${ESCAPE}\\[[\\d;]+m)`);

const coded =
  (...codes: readonly number[]) =>
  (text: string): string =>
    `${ESCAPE}[${codes.join(";")}m${text}${ESCAPE}[0m`;

/** Of the program's fibers, one after the other: cyan, yellow, green, magenta. */
const FIBERS = [36, 33, 32, 35] as const;
const BLUE = 34;
const BOLD = 1;
const DIM = 2;

export const ANSI: Style = {
  line: (text) =>
    text
      .split(CODES)
      .map((part, i) => (i % 2 === 0 ? printable(part) : part))
      .join(""),
  bold: coded(BOLD),
  dim: coded(DIM),
  owned: (text, owner) => {
    if (owner === undefined) return text;
    if (owner.kind === "data") return coded(BLUE)(text);
    const colour = FIBERS[(owner.fiber ?? 0) % FIBERS.length]!;
    if (owner.kind === "record") return coded(BOLD, colour)(text);
    return owner.kind === "asyncify" ? coded(DIM, colour)(text) : coded(colour)(text);
  },
};
