// Colours of drawings come from the style sheet, so that they follow the theme.

import type { Palette } from "./timeline-drawing.js";

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const probe = document.createElement("i");
  element.append(probe);
  // A custom property holds text: only as a colour of something is it computed.
  const of = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color || style.color;
  };
  const palette = {
    text: of("text"),
    faint: of("line"),
    on: of("accent"),
    now: of("now"),
    unwinding: of("unwinding"),
    rewinding: of("rewinding"),
    record: of("record"),
    host: of("host"),
    finding: of("finding"),
    switch: of("text"),
  };
  probe.remove();
  return palette;
}
