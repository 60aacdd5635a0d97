// The instructions of a function, with the one at which the selected frame stands.

import { useEffect, useRef } from "preact/hooks";
import type { CodeOf } from "../worker/view.js";

interface Props {
  readonly code: CodeOf;
  readonly offset: number;
}

export function Code({ code, offset }: Props) {
  const here = useRef<HTMLLIElement>(null);
  // The list scrolls, the page does not.
  useEffect(() => {
    const line = here.current;
    const list = line?.parentElement;
    if (line == null || list == null) return;
    const top = line.offsetTop - list.offsetTop;
    if (top < list.scrollTop || top + line.offsetHeight > list.scrollTop + list.clientHeight)
      list.scrollTop = top - list.clientHeight / 2;
  }, [code, offset]);
  return (
    <section class="code" aria-label="Instructions">
      <h2>{code.name}</h2>
      <ol class="instructions" tabIndex={0} aria-label={`Instructions of ${code.name}`}>
        {code.lines.map((line) => {
          const current = line.offset === offset;
          return (
            <li
              key={line.offset}
              ref={current ? here : null}
              aria-current={current ? "step" : undefined}
              style={{ paddingInlineStart: `${line.depth + 1}em` }}
            >
              <code>{line.text}</code>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
