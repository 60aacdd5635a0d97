// Draws lanes, on a canvas or as SVG: whoever draws offers rectangles.

import type { Mark, Timeline } from "../worker/view.js";

export const LANE_HEIGHT = 26;
export const STATE_HEIGHT = 14;

export interface Palette {
  readonly text: string;
  readonly faint: string;
  readonly on: string;
  readonly now: string;
  readonly unwinding: string;
  readonly rewinding: string;
  readonly record: string;
  readonly host: string;
  readonly finding: string;
  readonly switch: string;
}

/** What a canvas has of it. */
export interface Surface {
  fillStyle: string | CanvasGradient | CanvasPattern;
  fillRect(x: number, y: number, width: number, height: number): void;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Where the machine stands. */
  readonly time: number;
}

const colourOf = (kind: Mark["kind"], palette: Palette): string =>
  kind === "unwind" ? palette.unwinding : kind === "rewind" ? palette.rewinding : palette[kind];

export function drawTimeline(
  surface: Surface,
  { from, to, lanes, states }: Timeline,
  { width, height, time }: Frame,
  palette: Palette,
): void {
  const x = (t: number) => ((t - from) / Math.max(1, to - from)) * width;
  const fill = (colour: string, at: number, y: number, w: number, h: number) => {
    surface.fillStyle = colour;
    surface.fillRect(at, y, Math.max(1, w), h);
  };
  for (const { from: start, to: end, state } of states)
    if (state !== "normal") fill(palette[state], x(start), 2, x(end) - x(start), STATE_HEIGHT - 4);
  lanes.forEach(({ on, marks }, i) => {
    const top = STATE_HEIGHT + i * LANE_HEIGHT;
    fill(palette.faint, 0, top + LANE_HEIGHT / 2, width, 1);
    for (const { from: start, to: end } of on)
      fill(palette.on, x(start), top + 8, x(end) - x(start), LANE_HEIGHT - 16);
    for (const mark of marks)
      fill(colourOf(mark.kind, palette), x(mark.time) - 1, top + 3, 2, LANE_HEIGHT - 6);
  });
  if (time >= from && time <= to) fill(palette.now, x(time) - 1, 0, 2, height);
}

/** Rectangles as elements of SVG. */
class SvgSurface implements Surface {
  fillStyle = "";
  readonly elements: string[] = [];
  fillRect(x: number, y: number, width: number, height: number): void {
    const [left, top, w, h] = [x, y, width, height].map((n) => Number(n.toFixed(2)));
    this.elements.push(
      `<rect x="${left}" y="${top}" width="${w}" height="${h}" fill="${this.fillStyle}"/>`,
    );
  }
}

const NAMES = 90;
const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.codePointAt(0)};`);

/** The same as a document, with the names of the lanes. */
export function timelineSvg(
  timeline: Timeline,
  width: number,
  time: number,
  palette: Palette,
): string {
  const height = STATE_HEIGHT + timeline.lanes.length * LANE_HEIGHT;
  const surface = new SvgSurface();
  drawTimeline(surface, timeline, { width, height, time }, palette);
  const names = timeline.lanes.map(
    ({ name }, i) =>
      `<text x="4" y="${STATE_HEIGHT + i * LANE_HEIGHT + 17}" font-size="12" font-family="sans-serif" fill="${palette.text}">${escaped(name)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width + NAMES}" height="${height}" viewBox="0 0 ${width + NAMES} ${height}">`,
    ...names,
    `<g transform="translate(${NAMES} 0)">`,
    ...surface.elements,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}
