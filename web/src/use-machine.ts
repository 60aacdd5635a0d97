// The machine in the worker, as the page's components see it.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Chosen, chosenFrom } from "./chosen.js";
import type { Facts } from "./course/facts.js";
import { download } from "./download.js";
import type { Call, Entry, Move, Problem, Program } from "./worker/api.js";
import { MachineClient, ProgramError } from "./worker/client.js";
import type { Timeline, View } from "./worker/view.js";

/** Where a link wants the machine to stand. */
interface Stand {
  readonly time: number;
  readonly address: number;
}

export interface MachineModel {
  readonly entries: readonly Entry[];
  readonly view: View | null;
  readonly timeline: Timeline | null;
  readonly problem: Problem | null;
  /** What long work is at. */
  readonly progress: string | null;
  readonly client: MachineClient;
  load(program: Program, call: Call, stand?: Stand): Promise<void>;
  move(move: Move): Promise<void>;
  look(address: number): Promise<void>;
  range(from: number, to: number, width: number): Promise<void>;
  stop(): void;
  factsOf(program: Program, call: Call): Promise<Facts>;
  open(file: File): Promise<Chosen | null>;
  exportAs(kind: "svg" | "perfetto" | "text"): Promise<void>;
}

const WIDTH = 800;

export function useMachine(): MachineModel {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const [view, setView] = useState<View | null>(null);
  const [timeline, setTimeline] = useState<Timeline | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [progress, setProgress] = useState<string | null>(null);
  const client = useMemo(() => new MachineClient(), []);
  const width = useRef(WIDTH);
  const latest = useRef(0);
  const loaded = useRef<{ program: Program; call: Call } | null>(null);
  useEffect(() => {
    client.onProgress = setProgress;
  }, []);

  const guarded = async (action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      setProblem(error.problem);
    }
  };
  const show = async (next: View) => {
    setView(next);
    setTimeline(await client.call("timeline", 0, Math.max(1, next.length), width.current));
  };

  return {
    entries,
    view,
    timeline,
    problem,
    progress,
    client,
    load: (program, call, stand) =>
      guarded(async () => {
        const turn = ++latest.current;
        setProblem(null);
        const told = await client.call("load", program);
        if (turn !== latest.current) return;
        setEntries(told.entries);
        const known = told.entries.some(({ name }) => name === call.invoke);
        const entry = known ? call.invoke : (told.entries[0]?.name ?? "");
        if (entry === "") throw new ProgramError({ message: "the module exports no function" });
        const chosen = { invoke: entry, args: call.args };
        loaded.current = { program, call: chosen };
        let next = await client.call("start", chosen);
        if (stand !== undefined) {
          next = await client.call("move", { kind: "to", time: stand.time });
          next = await client.call("look", stand.address);
        }
        if (turn === latest.current) await show(next);
      }),
    move: (move) =>
      guarded(async () => {
        const before = view;
        const next = await client.call("move", move);
        setView(next);
        if (before === null || next.length !== before.length) await show(next);
      }),
    look: (address) => guarded(async () => setView(await client.call("look", address))),
    range: (from, to, wide) =>
      guarded(async () => {
        width.current = wide;
        setTimeline(await client.call("timeline", from, to, wide));
      }),
    stop() {
      client.reset();
      setView(null);
      setTimeline(null);
    },
    async factsOf(program, call) {
      const told = await client.call("facts", program, call);
      return told;
    },
    async open(file) {
      try {
        return await chosenFrom(file);
      } catch (error) {
        setProblem({ message: `${file.name} cannot be read: ${(error as Error).message}` });
        return null;
      }
    },
    async exportAs(kind) {
      await guarded(() => download(kind, client, view, timeline));
    },
  };
}
