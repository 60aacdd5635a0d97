// The machine in the worker, as the page's components see it. The worker answers in order;
// what was asked of a program that is not the latest any more is dropped.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Chosen, chosenFrom } from "./chosen.js";
import type { Facts } from "./course/facts.js";
import { download } from "./download.js";
import { withMove } from "./moves.js";
import type { Call, Entry, Move, Problem, Program } from "./worker/api.js";
import { MachineClient, ProgramError } from "./worker/client.js";
import type { CodeOf, Timeline, View } from "./worker/view.js";

/** Where a link wants the machine to stand. */
interface Stand {
  readonly time: number;
  readonly address: number;
}

export interface MachineModel {
  readonly entries: readonly Entry[];
  readonly view: View | null;
  /** Grows with each program that is shown. */
  readonly turn: number;
  readonly timeline: Timeline | null;
  readonly problem: Problem | null;
  /** What long work is at; null while there is none. */
  readonly progress: string | null;
  load(program: Program, call: Call, stand?: Stand): Promise<void>;
  move(move: Move): void;
  look(address: number): void;
  range(from: number, to: number, width: number): void;
  stop(): void;
  code(fiber: number, level: number): Promise<CodeOf | null>;
  factsOf(program: Program, call: Call): Promise<Facts>;
  open(file: File): Promise<Chosen | null>;
  exportAs(kind: "svg" | "perfetto" | "text"): Promise<void>;
}

const WIDTH = 800;
/** After so many milliseconds, work is long: it is told of, and ended when another program comes. */
const LONG = 700;

export function useMachine(): MachineModel {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const [shown, setShown] = useState<{ view: View; turn: number } | null>(null);
  const [timeline, setTimeline] = useState<Timeline | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [progress, setProgress] = useState<string | null>(null);
  const client = useMemo(() => new MachineClient(), []);
  const latest = useRef(0);
  const state = useRef({ width: WIDTH, longSince: Infinity, works: 0, loading: false, length: -1, moving: false, waiting: [] as readonly Move[], ranging: false, range: null as readonly [number, number] | null }).current; // prettier-ignore
  useEffect(() => {
    client.onProgress = (text) => text !== null && setProgress(text);
    client.onLost = (reason) => {
      setProblem({ message: reason });
      setShown(null);
      setTimeline(null);
    };
  }, []);

  /** Work that may take long, or for ever. */
  const working = async <T>(work: () => Promise<T>): Promise<T> => {
    state.longSince = performance.now() + LONG;
    state.works++;
    const timer = setTimeout(() => setProgress("running"), LONG);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      if (--state.works === 0) {
        state.longSince = Infinity;
        setProgress(null);
      }
    }
  };
  /** Problems are those of the program that is open: others are of no interest any more. */
  const guarded = async (action: (turn: number) => Promise<void>) => {
    const turn = latest.current;
    try {
      await action(turn);
    } catch (error) {
      if (turn !== latest.current) return;
      const told = error instanceof ProgramError ? error.problem : { message: `a fault of this page: ${String(error)}` }; // prettier-ignore
      setProblem(told);
    }
  };
  const drawn = async (from: number, to: number) => {
    state.range = [from, to];
    if (state.ranging) return;
    state.ranging = true;
    try {
      while (state.range !== null) {
        const [start, end] = state.range;
        state.range = null;
        const turn = latest.current;
        const next = await client.call("timeline", start, end, state.width);
        if (turn === latest.current) setTimeline(next);
      }
    } finally {
      state.ranging = false;
    }
  };
  const show = async (view: View, turn: number) => {
    setShown({ view, turn });
    if (view.length === state.length) return;
    state.length = view.length;
    await drawn(0, Math.max(1, view.length));
  };
  const moveAll = async () => {
    state.moving = true;
    try {
      while (state.waiting.length > 0) {
        const turn = latest.current;
        const [next, ...rest] = state.waiting;
        state.waiting = rest;
        const view = await working(() => client.call("move", next!));
        if (turn === latest.current) await show(view, turn);
      }
    } catch (error) {
      state.waiting = [];
      throw error;
    } finally {
      state.moving = false;
    }
  };

  return {
    entries,
    view: shown?.view ?? null,
    turn: shown?.turn ?? 0,
    timeline,
    problem,
    progress,
    load(program, call, stand) {
      latest.current++;
      state.waiting = [];
      state.loading = true;
      if (performance.now() > state.longSince) client.reset("another program came");
      return guarded((turn) =>
        working(async () => {
          const isLatest = () => turn === latest.current;
          try {
            const told = await client.call("load", program);
            if (!isLatest()) return;
            setEntries(told.entries);
            const known = told.entries.some(({ name }) => name === call.invoke);
            const entry = known ? call.invoke : told.entries[0]?.name;
            if (entry === undefined)
              throw new ProgramError({ message: "the program exports no function" });
            let next = await client.call("start", { invoke: entry, args: call.args });
            if (stand !== undefined && isLatest()) {
              await client.call("move", { kind: "to", time: stand.time });
              next = await client.call("look", stand.address);
            }
            if (!isLatest()) return;
            setProblem(null);
            state.loading = false;
            state.length = -1;
            await show(next, turn);
          } finally {
            if (isLatest()) state.loading = false;
          }
        }),
      );
    },
    move(move) {
      // What is shown is about to be another run.
      if (state.loading) return;
      state.waiting = withMove(state.waiting, move);
      if (!state.moving) void guarded(moveAll);
    },
    look: (address) =>
      void guarded(async (turn) => {
        const view = await client.call("look", address);
        if (turn === latest.current) setShown({ view, turn });
      }),
    range(from, to, width) {
      state.width = width;
      void guarded(() => drawn(from, to));
    },
    stop: () => client.lose("stopped"),
    code: (fiber, level) => client.call("code", fiber, level).catch(() => null),
    factsOf: (program, call) => working(() => client.call("facts", program, call)),
    async open(file) {
      try {
        return await chosenFrom(file);
      } catch (error) {
        setProblem({ message: `${file.name} cannot be read: ${(error as Error).message}` });
        return null;
      }
    },
    exportAs: (kind) => guarded(() => download(kind, client, shown?.view ?? null, timeline)),
  };
}
