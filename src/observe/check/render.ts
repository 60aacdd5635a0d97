// A finding for people: one screen, the most important first. And the end of a check.

import type { CheckCounts } from "./checker.js";
import { CODES } from "./codes.js";
import type { Finding, MachineState, Place, Writer } from "./finding.js";
import { fiberName } from "../render.js";
import { hex } from "../../util/hex.js";

const LABEL = 8;
const WIDTH = 100;

/** Text in lines, the first behind a label. */
function block(label: string, text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > WIDTH - LABEL - 2) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((l, i) => `  ${(i === 0 ? label : "").padEnd(LABEL)}${l}`);
}

const describePlace = ({ name, func, offset, instruction, callIndex, source }: Place): string =>
  `${name} (function ${func}) at byte ${hex(offset)} (${instruction})` +
  (callIndex === undefined ? "" : `, call ${callIndex}`) +
  (source === undefined ? "" : `, ${source}`);

function whereOf({ where, event, fiber }: Finding): string {
  const place = where === null ? "" : describePlace(where);
  if (event === null) return place === "" ? "in the module" : place;
  return `${place === "" ? "the host" : place}; event ${event}, ${fiberName(fiber)}`;
}

const describeWriter = ({ where, host, event }: Writer): string =>
  `${where === null ? host : describePlace(where)}, after event ${event}`;

const stateLine = ({ state, data, pos, end, sp }: MachineState): string =>
  `${state}, data ${hex(data)}, position ${hex(pos)}, end ${hex(end)}` +
  (sp === null ? "" : `, __stack_pointer ${hex(sp)}`);

/** Frames that fit on a screen. */
const FRAMES = 6;

function stackLines({ stack, frames }: MachineState): string[] {
  const shown = stack
    .slice(0, FRAMES)
    .flatMap((place, i) => block(i === 0 ? "stack" : "", `#${i} ${describePlace(place)}`));
  const left = frames - Math.min(frames, FRAMES);
  return left > 0 ? [...shown, ...block("", `… and ${left} more`)] : shown;
}

export function renderFinding(finding: Finding): string[] {
  const { code, message, other, writer, machine, count } = finding;
  const { why, fix } = CODES[code];
  const times = count > 1 ? ` (${count} times; this is the first)` : "";
  return [
    `finding ${code}${times}`,
    ...block("what", message),
    ...block("where", whereOf(finding)),
    ...(other === null ? [] : block("other", `event ${other.event}: ${other.text}`)),
    ...(writer === null ? [] : block("writer", describeWriter(writer))),
    ...(machine === null ? [] : block("state", stateLine(machine))),
    ...(machine === null ? [] : stackLines(machine)),
    ...block("why", why),
    ...block("to do", fix),
  ];
}

const plural = (n: number, one: string): string => `${n} ${one}${n === 1 ? "" : "s"}`;

/** How many were found. */
export const renderVerdict = ({ length }: readonly Finding[]): string =>
  length === 0 ? "no finding" : plural(length, "finding");

/** What there was to check. */
export const renderCounts = ({ unwinds, rewinds, pushes, pops }: CheckCounts): string =>
  `${plural(unwinds, "unwind")}, ${plural(rewinds, "rewind")}, ` +
  `${plural(pushes, "record")} pushed, ${pops} popped`;
