// What the checker found in the whole run, and where.

import type { ShownFinding } from "../worker/view.js";

interface Props {
  readonly findings: readonly ShownFinding[];
  readonly onSeek: (time: number) => void;
}

export function Findings({ findings, onSeek }: Props) {
  return (
    <section class="panel findings" aria-label="Checker">
      <h2>Checker</h2>
      {findings.length === 0 ? (
        <p class="good">Nothing found in this run.</p>
      ) : (
        <ol>
          {findings.map(({ time, code, message, text }, i) => (
            <li key={i}>
              <p>
                <strong class="bad">{code}</strong>: {message}
              </p>
              <button type="button" onClick={() => onSeek(time)}>
                Go to instruction {time}
              </button>
              <details>
                <summary>All of it</summary>
                <pre tabIndex={0}>{text}</pre>
              </details>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
