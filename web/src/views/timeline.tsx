// The whole run: a lane for each fiber, with what happened as marks. Drawn as far as it is
// visible, by pixels, so that a million events cost no more than a hundred.

import { useEffect, useRef, useState } from "preact/hooks";
import { useTheme } from "../use-theme.js";
import type { Mark, Timeline as Lanes } from "../worker/view.js";
import { paletteOf } from "./palette.js";
import { drawTimeline, LANE_HEIGHT, STATE_HEIGHT } from "./timeline-drawing.js";

interface Props {
  readonly lanes: Lanes;
  readonly time: number;
  readonly length: number;
  readonly onSeek: (time: number) => void;
  /** Asks for another part of the run, drawn as wide. */
  readonly onRange: (from: number, to: number, width: number) => void;
}

export function Timeline({ lanes, time, length, onSeek, onRange }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(800);
  const [told, setTold] = useState<Mark | null>(null);
  const { from, to } = lanes;
  const height = STATE_HEIGHT + lanes.lanes.length * LANE_HEIGHT;

  const latest = useRef({ from, to, onRange });
  latest.current = { from, to, onRange };
  useEffect(() => {
    const resized = new ResizeObserver(([entry]) => {
      const next = Math.max(100, Math.floor(entry!.contentRect.width));
      setWidth(next);
      const { from: start, to: end } = latest.current;
      latest.current.onRange(start, end, next);
    });
    resized.observe(canvas.current!.parentElement!);
    return () => resized.disconnect();
  }, []);
  const theme = useTheme();

  useEffect(() => {
    const element = canvas.current!;
    const scale = window.devicePixelRatio;
    element.width = width * scale;
    element.height = height * scale;
    const context = element.getContext("2d")!;
    context.scale(scale, scale);
    drawTimeline(context, lanes, { width, height, time }, paletteOf(element.parentElement!));
  }, [lanes, time, width, height, theme]);

  const timeAt = (x: number) =>
    Math.round(Math.min(to, Math.max(from, from + (x / width) * (to - from))));
  const zoom = (factor: number, around: number) => {
    const span = Math.min(length, Math.max(20, (to - from) * factor));
    const start = Math.max(0, Math.min(length - span, around - (around - from) * factor));
    onRange(Math.floor(start), Math.ceil(start + span), width);
  };
  // Who steps out of what is drawn is followed.
  useEffect(() => {
    if ((time >= from && time <= to) || time > length) return;
    const span = to - from;
    const start = Math.max(0, Math.min(length - span, time - span / 2));
    onRange(Math.floor(start), Math.ceil(start + span), width);
  }, [time]);
  const pressed = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const part = Math.max(1, Math.round((to - from) / 20));
    const places: Readonly<Record<string, number>> = {
      ArrowRight: time + 1,
      ArrowUp: time + 1,
      ArrowLeft: time - 1,
      ArrowDown: time - 1,
      PageUp: time + part,
      PageDown: time - part,
      Home: 0,
      End: length,
    };
    const place = places[event.key];
    if (event.key === "+" || event.key === "-") zoom(event.key === "+" ? 0.5 : 2, time);
    else if (place === undefined) return;
    else onSeek(Math.min(length, Math.max(0, place)));
    event.preventDefault();
    event.stopPropagation();
  };
  const pointed = (event: PointerEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    const x = event.clientX - box.left;
    const lane = lanes.lanes[Math.floor((event.clientY - box.top - STATE_HEIGHT) / LANE_HEIGHT)];
    setTold(lane?.marks.find((mark) => Math.abs(xOf(mark.time) - x) < 4) ?? null);
    if (event.buttons === 1) onSeek(timeAt(x));
  };
  const xOf = (t: number) => ((t - from) / Math.max(1, to - from)) * width;

  return (
    <section class="timeline" aria-label="Timeline">
      <div class="lane-names" aria-hidden="true">
        <span class="state-name">state</span>
        {lanes.lanes.map(({ name, fiber }) => (
          <span key={fiber}>{name}</span>
        ))}
      </div>
      <div class="lanes">
        <canvas
          ref={canvas}
          style={{ width: `${width}px`, height: `${height}px` }}
          role="slider"
          tabIndex={0}
          aria-label="Position in the run"
          aria-valuemin={0}
          aria-valuemax={length}
          aria-valuenow={time}
          aria-orientation="horizontal"
          aria-valuetext={`instruction ${time} of ${length}`}
          onKeyDown={pressed}
          onPointerDown={(event) => {
            canvas.current!.setPointerCapture(event.pointerId);
            pointed(event);
          }}
          onPointerMove={pointed}
          onWheel={(event) => {
            if (!event.ctrlKey && !event.shiftKey) return;
            event.preventDefault();
            const box = canvas.current!.getBoundingClientRect();
            // With Shift, browsers scroll to the side.
            const wheel = event.deltaY || event.deltaX;
            zoom(wheel > 0 ? 1.25 : 0.8, timeAt(event.clientX - box.left));
          }}
        />
        <p class="told">
          {told === null
            ? lanes.hidden > 0
              ? `${lanes.hidden} more fibers have no lane`
              : ""
            : told.count > 1
              ? `${told.count} events`
              : told.text}
        </p>
      </div>
      <div class="zoom">
        <button
          type="button"
          aria-label="Zoom in"
          title="Zoom in (+)"
          onClick={() => zoom(0.5, time)}
        >
          +
        </button>
        <button
          type="button"
          aria-label="Zoom out"
          title="Zoom out (-)"
          onClick={() => zoom(2, time)}
        >
          −
        </button>
      </div>
    </section>
  );
}
