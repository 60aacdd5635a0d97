// What is open, and what to open instead.

import { useState } from "preact/hooks";
import { EXAMPLES, LESSONS } from "../catalogue.js";

interface Props {
  readonly lesson: number | null;
  readonly example: string | null;
  readonly passed: ReadonlySet<number>;
  readonly onLesson: (lesson: number) => void;
  readonly onExample: (name: string) => void;
  readonly onFile: (file: File) => void;
  /** @returns what came of it */
  readonly onShare: () => Promise<string>;
  readonly onExport: (kind: "svg" | "perfetto" | "text") => Promise<void>;
}

export function Header({
  lesson,
  example,
  passed,
  onLesson,
  onExample,
  onFile,
  onShare,
  onExport,
}: Props) {
  const [told, setTold] = useState("");
  return (
    <header>
      <h1>Bobbin</h1>
      <label>
        <span class="hidden">Lesson</span>
        <select
          value={lesson ?? ""}
          onChange={({ currentTarget }) => onLesson(Number(currentTarget.value))}
        >
          {lesson === null && <option value="">Lessons</option>}
          {LESSONS.map(({ title }, i) => (
            <option value={i} key={title}>
              {i + 1}. {title}
              {passed.has(i) ? " ✓" : ""}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="hidden">Example</span>
        <select
          value={example ?? ""}
          onChange={({ currentTarget }) => onExample(currentTarget.value)}
        >
          {example === null && <option value="">Examples</option>}
          {EXAMPLES.map(({ name, title }) => (
            <option value={name} key={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label class="file">
        Open a file{" "}
        <input
          type="file"
          accept=".wasm,.wat,.s"
          onChange={({ currentTarget }) => {
            const file = currentTarget.files?.[0];
            if (file !== undefined) onFile(file);
            // The same file again is another one, when it was changed.
            currentTarget.value = "";
          }}
        />
      </label>
      <span class="grow" />
      <label>
        <span class="hidden">Export</span>
        <select
          value=""
          onChange={({ currentTarget }) => {
            const kind = currentTarget.value;
            currentTarget.value = "";
            if (kind === "svg" || kind === "perfetto" || kind === "text") void onExport(kind);
          }}
        >
          <option value="">Export</option>
          <option value="svg">Timeline (SVG)</option>
          <option value="perfetto">Trace for Perfetto</option>
          <option value="text">Trace as text</option>
        </select>
      </label>
      <button type="button" onClick={() => void onShare().then(setTold)}>
        Share
      </button>
      <span role="status">{told}</span>
      <Theme />
    </header>
  );
}

const THEMES = ["auto", "light", "dark"] as const;

function Theme() {
  const [theme, setTheme] = useState<(typeof THEMES)[number]>("auto");
  return (
    <label>
      <span class="hidden">Theme</span>
      <select
        value={theme}
        onChange={({ currentTarget }) => {
          const next = currentTarget.value as (typeof THEMES)[number];
          setTheme(next);
          document.documentElement.dataset["theme"] = next;
        }}
      >
        {THEMES.map((name) => (
          <option value={name} key={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
