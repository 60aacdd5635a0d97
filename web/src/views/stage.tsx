// The machine at one moment, and how to move it.

import { useEffect, useState } from "preact/hooks";
import type { MachineModel } from "../use-machine.js";
import type { CodeOf, View } from "../worker/view.js";
import { Code } from "./code.js";
import { Controls } from "./controls.js";
import { Fibers, type Selection } from "./fibers.js";
import { Memory } from "./memory.js";
import { Timeline } from "./timeline.js";

export function Stage({ machine }: { machine: MachineModel }) {
  const { view, timeline, progress } = machine;
  const [selected, setSelected] = useState<Selection>({ fiber: 0, level: 0 });
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(4);
  const code = useCode(machine, selected);

  // Whoever moves is looked at.
  useEffect(() => {
    const moving = view?.fibers.find(({ current }) => current);
    if (moving !== undefined) setSelected({ fiber: moving.id, level: 0 });
  }, [view?.time]);
  useEffect(() => {
    if (!playing || view === null) return;
    if (view.end !== null) return setPlaying(false);
    const timer = setTimeout(() => void machine.move({ kind: "step", count: 1 }), 1000 / speed);
    return () => clearTimeout(timer);
  }, [playing, view, speed]);

  if (view === null)
    return <p role="status">{machine.problem === null ? "Loading the machine …" : ""}</p>;
  const frame = view.fibers.find(({ id }) => id === selected.fiber)?.frames[selected.level];
  return (
    <>
      <section class="panel" aria-label="Machine">
        <Where view={view} />
        <Fibers fibers={view.fibers} selected={selected} onSelect={setSelected} />
      </section>
      <div class="stage">
        <div class="panel">
          {code === null || frame === undefined ? (
            <p>No function is looked at.</p>
          ) : (
            <Code code={code} offset={frame.offset} />
          )}
        </div>
        <div class="panel">
          {view.memory === null ? (
            <p>The program has no memory.</p>
          ) : (
            <Memory memory={view.memory} onLook={(address) => void machine.look(address)} />
          )}
          <Globals view={view} />
          <Log lines={view.log} />
        </div>
      </div>
      <footer class="machine">
        <Controls
          disabled={progress !== null}
          playing={playing}
          speed={speed}
          onMove={(move) => void machine.move(move)}
          onPlay={() => setPlaying(!playing)}
          onSpeed={setSpeed}
        />
        {progress !== null && (
          <p class="where" role="status">
            {progress}{" "}
            <button type="button" onClick={() => machine.stop()}>
              Stop
            </button>
          </p>
        )}
        {timeline !== null && (
          <Timeline
            lanes={timeline}
            time={view.time}
            length={view.length}
            onSeek={(time) => void machine.move({ kind: "to", time })}
            onRange={(from, to, width) => void machine.range(from, to, width)}
          />
        )}
      </footer>
    </>
  );
}

function Where({ view }: { view: View }) {
  const { state, time, length, complete, end, event } = view;
  return (
    <p class="where" aria-live="polite">
      <span class="lamp" data-state={state}>
        {state}
      </span>
      <span>
        instruction {time} of {complete ? length : `${length} or more`}
      </span>
      {end !== null && <strong>{end.text}</strong>}
      {event !== null && <span>{event}</span>}
    </p>
  );
}

function Globals({ view }: { view: View }) {
  if (view.globals.length === 0) return null;
  return (
    <section aria-label="Globals">
      <h2>Globals</h2>
      <dl class="values">
        {view.globals.map(({ name, type, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={type}>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Log({ lines }: { lines: readonly string[] }) {
  return (
    <section aria-label="Log">
      <h2>Log</h2>
      <ol class="log">
        {lines.length === 0 ? (
          <li>nothing yet</li>
        ) : (
          lines.map((line, i) => <li key={i}>{line}</li>)
        )}
      </ol>
    </section>
  );
}

/** The code of the selected frame's function. */
function useCode({ client, view }: MachineModel, { fiber, level }: Selection): CodeOf | null {
  const [code, setCode] = useState<CodeOf | null>(null);
  const name = view?.fibers.find(({ id }) => id === fiber)?.frames[level]?.name;
  useEffect(() => {
    let gone = false;
    if (view === null) return;
    void client.call("code", fiber, level).then((found) => {
      if (!gone) setCode(found);
    });
    return () => {
      gone = true;
    };
  }, [client, fiber, level, name]);
  return code;
}
