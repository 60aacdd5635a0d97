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

interface Props {
  readonly disabled: boolean;
  readonly playing: boolean;
  /** Steps a second. */
  readonly speed: number;
  readonly onMove: (move: Move) => void;
  readonly onPlay: () => void;
  readonly onSpeed: (speed: number) => void;
}

export function Controls({ disabled, playing, speed, onMove, onPlay, onSpeed }: Props) {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (disabled || event.ctrlKey || event.metaKey || event.altKey) return;
      if (
        (event.target as Element).closest("input, textarea, select, .cm-editor, [role=radiogroup]")
      )
        return;
      // A button has keys of its own, as long as it is one of these.
      if (event.key === " " && (event.target as Element).closest("button")) return;
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
          title={`${label} (${key})`}
          aria-keyshortcuts={key}
          disabled={disabled}
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
        disabled={disabled}
        onClick={onPlay}
      >
        {playing ? "Pause" : "Play"}
      </button>
      <label class="speed">
        Speed{" "}
        <input
          type="range"
          min={0}
          max={6}
          value={Math.log2(speed)}
          aria-valuetext={`${speed} steps a second`}
          onInput={({ currentTarget }) => onSpeed(2 ** Number(currentTarget.value))}
        />
      </label>
    </div>
  );
}
