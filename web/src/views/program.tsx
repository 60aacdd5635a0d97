// The program's text, and which of its functions is called with what.

import type { Chosen } from "../chosen.js";
import type { Call, Entry, Problem } from "../worker/api.js";
import { Editor } from "./editor.js";

interface Props {
  readonly chosen: Chosen;
  readonly entries: readonly Entry[];
  readonly problem: Problem | null;
  readonly line: number | null;
  readonly onText: (text: string) => void;
  readonly onCall: (call: Call) => void;
}

export function ProgramPanel({ chosen, entries, problem, line, onText, onCall }: Props) {
  const { call, module, text } = chosen;
  const entry = entries.find(({ name }) => name === call.invoke) ?? entries[0];
  return (
    <section class="panel" aria-label="Program">
      <h2>Program</h2>
      <div class="call">
        <label>
          call
          <select
            value={entry?.name ?? ""}
            onChange={({ currentTarget }) => onCall({ ...call, invoke: currentTarget.value })}
          >
            {entries.map(({ name }) => (
              <option value={name} key={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {entry?.params.map((type, i) => (
          <label key={i}>
            {type}
            <input
              size={6}
              value={call.args[i] ?? "0"}
              spellcheck={false}
              onChange={({ currentTarget }) =>
                onCall({
                  invoke: entry.name,
                  args: entry.params.map((_, at) =>
                    at === i ? currentTarget.value : (call.args[at] ?? "0"),
                  ),
                })
              }
            />
          </label>
        ))}
      </div>
      {problem !== null && (
        <p class="problem" role="alert">
          {problem.line === undefined ? "" : `line ${problem.line}: `}
          {problem.message}
        </p>
      )}
      {module === undefined ? (
        <Editor
          text={text}
          line={problem === null ? line : null}
          problem={problem?.line ?? null}
          onChange={onText}
        />
      ) : (
        <p>
          {module.name}, {module.bytes.length} bytes
        </p>
      )}
    </section>
  );
}
