// A lesson: its text, the prediction to make, and the check.

import { marked } from "marked";
import { useState } from "preact/hooks";
import type { Facts } from "../course/facts.js";
import type { Check, Lesson } from "../course/lesson.js";

interface Props {
  readonly lesson: Lesson;
  /** Runs the lesson's own program. */
  readonly onPredict: () => Promise<Facts>;
  /** Runs the reader's program. @returns the checks that do not hold */
  readonly onCheck: () => Promise<{ readonly failed: readonly Check[]; readonly facts: Facts }>;
  readonly onPassed: () => void;
  /** Puts a program into the editor. */
  readonly onProgram: (text: string) => void;
}

export function LessonText({ lesson, onPredict, onCheck, onPassed, onProgram }: Props) {
  return (
    <article class="lesson">
      <h2>{lesson.title}</h2>
      {lesson.parts.map((part, i) => {
        switch (part.kind) {
          case "text":
            return <Markdown key={i} text={part.markdown} />;
          case "predict":
            return <Prediction key={i} lesson={lesson} onPredict={onPredict} />;
          case "check":
            return <Checks key={i} {...{ lesson, onCheck, onPassed, onProgram }} />;
        }
      })}
    </article>
  );
}

/** Lessons are files of the page itself: their markup is trusted. */
function Markdown({ text }: { text: string }) {
  const html = marked.parse(text, { async: false });
  return <div class="prose" dangerouslySetInnerHTML={{ __html: html }} />;
}

function Prediction({ lesson, onPredict }: { lesson: Lesson; onPredict: () => Promise<Facts> }) {
  const { question, fact } = lesson.prediction;
  const [answer, setAnswer] = useState("");
  const [found, setFound] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    setError(null);
    try {
      setFound((await onPredict())[fact as keyof Facts]);
    } catch (thrown) {
      setError((thrown as Error).message);
    }
  };
  const right = found !== null && tidy(answer) === tidy(found);
  return (
    <form class="predict" onSubmit={(event) => void submit(event)}>
      <Markdown text={question} />
      <label>
        Your prediction{" "}
        <input
          value={answer}
          required
          autocomplete="off"
          onInput={({ currentTarget }) => {
            setAnswer(currentTarget.value);
            setFound(null);
          }}
        />
      </label>
      <button type="submit">Ask the machine</button>
      <p role="status" class={found === null && error === null ? "" : right ? "good" : "bad"}>
        {found === null
          ? (error ?? "")
          : right
            ? `Yes: ${found}.`
            : `The machine says ${found}. Step through it to see why.`}
      </p>
    </form>
  );
}

const tidy = (text: string): string => text.trim().replace(/[\s,]+/g, " ");

type Outcome =
  { readonly failed: readonly Check[]; readonly facts: Facts } | { readonly error: string };

function Checks({ lesson, onCheck, onPassed, onProgram }: Omit<Props, "onPredict">) {
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const check = async () => {
    try {
      const told = await onCheck();
      setOutcome(told);
      if (told.failed.length === 0) onPassed();
    } catch (error) {
      setOutcome({ error: (error as Error).message });
    }
  };
  return (
    <div class="checks">
      <p>
        <button type="button" onClick={() => void check()}>
          Check my program
        </button>{" "}
        <button type="button" onClick={() => onProgram(lesson.program)}>
          Begin anew
        </button>{" "}
        {outcome !== null && (
          <button type="button" onClick={() => onProgram(lesson.solution)}>
            Show a solution
          </button>
        )}
      </p>
      <div role="status">
        {outcome === null ? (
          <p />
        ) : "error" in outcome ? (
          <p class="bad">{outcome.error}</p>
        ) : (
          <ul>
            {lesson.checks.map((wanted) => {
              const { fact, comparison, value } = wanted;
              const failed = outcome.failed.includes(wanted) || outcome.failed.some((other) => other.fact === fact && other.value === value); // prettier-ignore
              return (
                <li key={`${fact} ${value}`} class={failed ? "bad" : "good"}>
                  {failed ? "✗" : "✓"} {fact} {comparison} {value}
                  {failed && ` (it is ${outcome.facts[fact as keyof Facts]})`}
                </li>
              );
            })}
          </ul>
        )}
      </div>
    </div>
  );
}
