// The machine at one moment, and how to move it.

import { useEffect, useRef, useState } from "preact/hooks";
import type { MachineModel } from "../use-machine.js";
import type { CodeOf, View } from "../worker/view.js";
import { Code } from "./code.js";
import { Controls } from "./controls.js";
import { Findings } from "./findings.js";
import { Fibers, type Selection } from "./fibers.js";
import { Memory } from "./memory.js";
import { Timeline } from "./timeline.js";

interface Props {
  readonly machine: MachineModel;
  /** Loads the program again, after the machine was stopped or lost. */
  readonly onReload: () => void;
}

export function Stage({ machine, onReload }: Props) {
  const { view, timeline, turn } = machine;
  const [selected, setSelected] = useState<Selection>({ fiber: 0, level: 0 });
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(4);
  const code = useCode(machine, selected);

  // Whoever moves is looked at.
  useEffect(() => {
    const moving = view?.fibers.find(({ current }) => current);
    if (moving !== undefined) setSelected({ fiber: moving.id, level: 0 });
  }, [view?.time, turn, stackOf(view)]);
  useEffect(() => {
    if (!playing || view === null) return;
    if (view.end !== null) return setPlaying(false);
    const count = Math.max(1, Math.round(speed / FRAMES));
    const timer = setTimeout(() => machine.move({ kind: "step", count }), (1000 * count) / speed);
    return () => clearTimeout(timer);
  }, [playing, view, speed]);

  if (view === null)
    return (
      <section class="panel" aria-label="Machine">
        <Working machine={machine} />
        {machine.problem === null ? (
          <p role="status">Loading the machine …</p>
        ) : (
          <p>
            There is no run to show.{" "}
            <button type="button" onClick={onReload}>
              Run again
            </button>
          </p>
        )}
      </section>
    );
  const frame = view.fibers.find(({ id }) => id === selected.fiber)?.frames[selected.level];
  return (
    <>
      <section class="panel" aria-label="Machine">
        <Working machine={machine} />
        <Where view={view} quiet={playing} />
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
            <Memory memory={view.memory} onLook={(address) => machine.look(address)} />
          )}
          <Globals view={view} />
          <Log log={view.log} />
        </div>
      </div>
      {view.findings !== null && (
        <Findings findings={view.findings} onSeek={(time) => machine.move({ kind: "to", time })} />
      )}
      <footer class="machine">
        <Controls
          playing={playing}
          speed={speed}
          onMove={(move) => machine.move(move)}
          onPlay={() => setPlaying(!playing)}
          onSpeed={setSpeed}
        />
        {timeline !== null && (
          <Timeline
            lanes={timeline}
            time={view.time}
            length={view.length}
            onSeek={(time) => machine.move({ kind: "to", time })}
            onRange={(from, to, width) => machine.range(from, to, width)}
          />
        )}
      </footer>
    </>
  );
}

/** Pictures a second at which whoever looks sees each. */
const FRAMES = 30;

/** Which frames there are: an unwind takes some away while no instruction is executed. */
const stackOf = (view: View | null): string =>
  view?.fibers.map(({ id, current, frames }) => `${id} ${current} ${frames.length}`).join() ?? "";

/** Work that takes long, and how to end it. */
function Working({ machine }: { machine: MachineModel }) {
  const { progress } = machine;
  if (progress === null) return null;
  return (
    <p class="working" role="status">
      The machine is at work: {progress}{" "}
      <button type="button" onClick={() => machine.stop()}>
        Stop
      </button>
    </p>
  );
}

/** While it plays, nobody wants to hear of each step. */
function Where({ view, quiet }: { view: View; quiet: boolean }) {
  const { state, time, length, complete, end, event } = view;
  return (
    <p class="where" aria-live={quiet ? "off" : "polite"}>
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

function Log({ log: { lines, before } }: { log: View["log"] }) {
  const list = useRef<HTMLOListElement>(null);
  // The last line is the news.
  useEffect(() => {
    list.current!.scrollTop = list.current!.scrollHeight;
  }, [before + lines.length]);
  return (
    <section aria-label="Log">
      <h2>Log</h2>
      {before > 0 && <p class="quiet">{before} lines before these</p>}
      <ol class="log" ref={list} tabIndex={0} aria-label="Lines of the log">
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
function useCode(machine: MachineModel, { fiber, level }: Selection): CodeOf | null {
  const { view, turn } = machine;
  const [code, setCode] = useState<CodeOf | null>(null);
  const name = view?.fibers.find(({ id }) => id === fiber)?.frames[level]?.name;
  useEffect(() => {
    let gone = false;
    if (view === null) return;
    void machine.code(fiber, level).then((found) => {
      if (!gone) setCode(found);
    });
    return () => {
      gone = true;
    };
  }, [turn, fiber, level, name]);
  return code;
}
