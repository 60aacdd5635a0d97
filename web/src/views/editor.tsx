// The text of a program. A plain text field at first; the editor proper is loaded when the
// reader wants to write.

import { useEffect, useRef } from "preact/hooks";
import type { CodeEditor } from "./code-editor.js";

interface Props {
  readonly text: string;
  /** Line at which the machine stands, from 1. */
  readonly line: number | null;
  readonly problem: number | null;
  readonly onChange: (text: string) => void;
}

export function Editor({ text, line, problem, onChange }: Props) {
  const parent = useRef<HTMLDivElement>(null);
  const editor = useRef<CodeEditor | null>(null);
  const latest = useRef({ text, onChange });
  latest.current = { text, onChange };

  useEffect(() => {
    let gone = false;
    void import("./code-editor.js").then(({ CodeEditor }) => {
      if (gone) return;
      parent.current!.replaceChildren();
      editor.current = new CodeEditor(parent.current!, latest.current.text, (changed) =>
        latest.current.onChange(changed),
      );
      editor.current.mark(line, problem);
    });
    return () => {
      gone = true;
      editor.current?.destroy();
    };
  }, []);
  useEffect(() => editor.current?.replace(text), [text]);
  useEffect(() => editor.current?.mark(line, problem), [line, problem, text]);

  return (
    <div class="editor" ref={parent}>
      <textarea
        aria-label="Program"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </div>
  );
}
