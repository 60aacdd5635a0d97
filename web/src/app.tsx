// The page: a program on the left, its machine on the right, the run below.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { includeOf, LESSONS } from "./catalogue.js";
import { holds } from "./course/facts.js";
import { addressOf, type Asked, readAddress } from "./share.js";
import type { View } from "./worker/view.js";
import { Header } from "./views/header.js";
import { ProgramPanel } from "./views/program.js";
import { LessonText } from "./views/lesson.js";
import { Stage } from "./views/stage.js";
import { type Chosen, chosenOf, programOf } from "./chosen.js";
import { useDrop } from "./use-drop.js";
import { useMachine } from "./use-machine.js";
import { usePassed } from "./use-passed.js";

interface Props {
  readonly asked: Asked | null;
  /** Only the machine, for a frame in another page. */
  readonly embedded: boolean;
}

/** Makes the link. @returns what to tell of it */
async function shareOf(chosen: Chosen, view: View | null): Promise<string> {
  const { language, text, include, module, call } = chosen;
  const address = await addressOf({
    language,
    text,
    ...(include === undefined ? {} : { include }),
    ...(module === undefined ? {} : { module }),
    call,
    time: view?.time ?? 0,
    address: view?.memory?.start ?? 0,
  });
  if (address === null) return "The program is too large for a link: pass its file on.";
  history.replaceState(null, "", address);
  try {
    // Only pages of https, and of this machine, have it.
    await navigator.clipboard.writeText(location.href);
    return "The link is in the address, and copied.";
  } catch {
    return "The link is in the address.";
  }
}

export function App({ asked, embedded }: Props) {
  const [chosen, setChosen] = useState<Chosen>(() => chosenOf(asked));
  const machine = useMachine();
  const [passed, pass] = usePassed();
  const lesson = chosen.lesson === null ? null : LESSONS[chosen.lesson]!;
  const first = useRef(asked?.kind === "shared" ? asked.shared : null);

  // The text is assembled when its writer pauses.
  const [stale, setStale] = useState(true);
  useEffect(() => {
    let latest = true;
    setStale(true);
    const load = async () => {
      const stand = first.current;
      first.current = null;
      await machine.load(programOf(chosen), chosen.call, stand ?? undefined);
      if (latest) setStale(false);
    };
    const timer = setTimeout(() => void load(), machine.view === null ? 0 : 300);
    return () => {
      latest = false;
      clearTimeout(timer);
    };
  }, [chosen]);

  const open = (file: File) =>
    void machine.open(file).then((opened) => {
      if (opened !== null) choose(opened, location.pathname + location.search);
    });
  useDrop(open);
  // Somebody follows a link to another program, or goes back to one.
  useEffect(() => {
    const changed = () =>
      void readAddress(location.hash).then((found) => {
        if (found === null) return;
        first.current = found.kind === "shared" ? found.shared : null;
        setChosen(chosenOf(found));
      });
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const choose = (next: Chosen, address: string) => {
    history.replaceState(null, "", address);
    setChosen(next);
  };
  const line = useMemo(() => {
    const top = machine.view?.fibers.find(({ current }) => current)?.frames[0];
    return top?.line ?? null;
  }, [machine.view]);
  const ownProgram = () => {
    if (lesson === null) throw new Error("no lesson is open");
    const { language, program: text } = lesson;
    return {
      kind: "text" as const,
      source: { language, text, include: includeOf(lesson.include) },
    };
  };

  return (
    <div class={embedded ? "embedded" : ""}>
      <a class="skip" href="#machine">
        To the machine
      </a>
      <Header
        lesson={chosen.lesson}
        example={chosen.example}
        passed={passed}
        onLesson={(number) =>
          choose(chosenOf({ kind: "lesson", number: number + 1 }), `#lesson=${number + 1}`)
        }
        onExample={(name) => choose(chosenOf({ kind: "example", name }), `#example=${name}`)}
        onFile={open}
        onShare={() => shareOf(chosen, machine.view)}
        onExport={(kind) => machine.exportAs(kind)}
      />
      <main>
        <div class="column">
          {lesson !== null && (
            <section class="panel lesson-panel">
              <LessonText
                key={chosen.lesson}
                lesson={lesson}
                onPredict={() =>
                  machine.factsOf(ownProgram(), { invoke: lesson.invoke, args: lesson.args })
                }
                onCheck={async () => {
                  const facts = await machine.factsOf(programOf(chosen), chosen.call);
                  return { facts, failed: lesson.checks.filter((check) => !holds(check, facts)) };
                }}
                onPassed={() => pass(chosen.lesson!)}
                onProgram={(text) => setChosen({ ...chosen, text })}
              />
              <nav class="controls" aria-label="Lessons">
                <button
                  type="button"
                  disabled={chosen.lesson === 0}
                  onClick={() =>
                    choose(
                      chosenOf({ kind: "lesson", number: chosen.lesson! }),
                      `#lesson=${chosen.lesson}`,
                    )
                  }
                >
                  Lesson before
                </button>
                <button
                  type="button"
                  disabled={chosen.lesson === LESSONS.length - 1}
                  onClick={() =>
                    choose(
                      chosenOf({ kind: "lesson", number: chosen.lesson! + 2 }),
                      `#lesson=${chosen.lesson! + 2}`,
                    )
                  }
                >
                  Next lesson
                </button>
              </nav>
            </section>
          )}
          <ProgramPanel
            chosen={chosen}
            entries={machine.entries}
            problem={machine.problem}
            line={line}
            onText={(text) => setChosen({ ...chosen, text })}
            onCall={(call) => setChosen({ ...chosen, call })}
          />
        </div>
        <div class="column" id="machine" tabIndex={-1} aria-busy={stale}>
          <Stage machine={machine} onReload={() => setChosen({ ...chosen })} />
        </div>
      </main>
    </div>
  );
}
