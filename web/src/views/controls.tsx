// How to move through a run, by buttons and by keys.

import { useEffect } from "preact/hooks";
import type { Move } from "../worker/api.js";

interface Control {
  readonly key: string;
  readonly label: string;
  readonly sign: string;
  readonly move: Move;
}

/** In the order of the buttons. */
export const CONTROLS: readonly Control[] = [
  { key: "Home", label: "To the start", sign: "|◀", move: { kind: "start" } },
  { key: "E", label: "Back to the event before", sign: "◀◀", move: { kind: "event back" } },
  { key: "B", label: "Step back", sign: "◀", move: { kind: "back", count: 1 } },
  { key: "S", label: "Step", sign: "▶", move: { kind: "step", count: 1 } },
  { key: "e", label: "To the next event", sign: "▶▶", move: { kind: "event" } },
  { key: "End", label: "To the end", sign: "▶|", move: { kind: "end" } },
  { key: "n", label: "Over the call", sign: "↷", move: { kind: "next" } },
  { key: "N", label: "Back over the call", sign: "↶", move: { kind: "next back" } },
  { key: "o", label: "Out of the function", sign: "↥", move: { kind: "out" } },
  { key: "O", label: "Back to where it was called", sign: "↧", move: { kind: "out back" } },
];
const BY_KEY = new Map(CONTROLS.map((control) => [control.key, control]));
BY_KEY.set("s", BY_KEY.get("S")!);
BY_KEY.set("b", BY_KEY.get("B")!);
BY_KEY.set("ArrowRight", BY_KEY.get("S")!);
BY_KEY.set("ArrowLeft", BY_KEY.get("B")!);

/** As a power of two: what is faster than a screen takes several steps at once. */
const MAX_SPEED = 14;

interface Props {
  readonly playing: boolean;
  /** Steps a second. */
  readonly speed: number;
  readonly onMove: (move: Move) => void;
  readonly onPlay: () => void;
  readonly onSpeed: (speed: number) => void;
}

export function Controls({ playing, speed, onMove, onPlay, onSpeed }: Props) {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (
        (event.target as Element).closest("input, textarea, select, .cm-editor, [contenteditable]")
      )
        return;
      // A button has keys of its own, as long as it is one of these.
      if (event.key === " " && (event.target as Element).closest("button, a, summary")) return;
      if (event.key === " ") onPlay();
      else {
        const control = BY_KEY.get(event.key);
        if (control === undefined) return;
        onMove(control.move);
      }
      event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  });
  return (
    <div class="controls" role="toolbar" aria-label="Moves">
      {CONTROLS.map(({ key, label, sign, move }) => (
        <button
          type="button"
          key={key}
          aria-label={label}
          title={`${label} (${KEYS[key] ?? key})`}
          aria-keyshortcuts={SHORTCUTS[key] ?? key}
          onClick={() => onMove(move)}
        >
          {sign}
        </button>
      ))}
      <button
        type="button"
        class="play"
        aria-pressed={playing}
        aria-keyshortcuts="Space"
        onClick={onPlay}
      >
        {playing ? "Pause" : "Play"}
      </button>
      <label class="speed">
        Speed{" "}
        <input
          type="range"
          min={0}
          max={MAX_SPEED}
          value={Math.log2(speed)}
          aria-valuetext={`${speed} steps a second`}
          onInput={({ currentTarget }) => onSpeed(2 ** Number(currentTarget.value))}
        />
      </label>
      <details class="help">
        <summary>Keys and colours</summary>
        <Help />
      </details>
    </div>
  );
}

const COLOURS = [
  ["accent", "this fiber is on"],
  ["unwinding", "unwinding, and where it begins and ends"],
  ["rewinding", "rewinding, and where it begins and ends"],
  ["record", "a record is written or read"],
  ["text", "a switch of fibers"],
  ["host", "a call of the host"],
  ["finding", "a finding of the checker"],
] as const;

function Help() {
  const keys = [
    ...CONTROLS.map(({ key, label }) => [KEYS[key] ?? key, label] as const),
    ["Space", "Play or pause"],
    ["+ −", "Zoom, on the timeline"],
    ["PageUp PageDown", "A twentieth on or back, on the timeline"],
  ] as const;
  return (
    <div role="group" tabIndex={0} aria-label="Keys and colours">
      <dl class="keys">
        {keys.map(([key, label]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
      <ul class="colours">
        {COLOURS.map(([name, text]) => (
          <li key={name}>
            <span class="swatch" style={{ background: `var(--${name})` }} aria-hidden="true" />{" "}
            {text}
          </li>
        ))}
      </ul>
    </div>
  );
}
const KEYS: Readonly<Record<string, string>> = { S: "s →", B: "b ←" };
const SHORTCUTS: Readonly<Record<string, string>> = {
  S: "s ArrowRight",
  B: "b ArrowLeft",
  E: "Shift+E",
  N: "Shift+N",
  O: "Shift+O",
};
