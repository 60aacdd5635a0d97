// The machine behind the page. A call is run to its end, or as far as patience reaches, and
// recorded; what the page shows is that recording, at any of its places, in any order.

import {
  decode,
  type FuncInstance,
  History,
  instantiate,
  jsImports,
  Machine,
  observers,
  parseValue,
  type Position,
  Recorder,
  UsageError,
  validate,
  type ValidModule,
  type Value,
} from "../../../src/index.js";
import { DebugSession, type Stop } from "../../../src/debug/session.js";
import { ProgramEvents } from "../../../src/debug/happenings.js";
import { mergeImports } from "../../../src/runtime/instances.js";
import { namesFibers } from "../../../src/observe/fibers.js";
import { functionType } from "../../../src/valid/context.js";
import { build } from "../course/build.js";
import { hostOf } from "../course/host.js";
import { type Facts, factsOf } from "../course/facts.js";
import type { Call, Entry, Loaded, Move, Program } from "./api.js";
import { RunLog } from "./run-log.js";
import { Shower } from "./shower.js";
import { unwindingOf } from "./unwinding.js";
import type { CodeOf, Timeline, View } from "./view.js";

/** Instructions of a program that does not end by itself. */
const PATIENCE = 20_000_000;
/** Milliseconds of work between two messages of how far it is. */
const BREATH = 50;
const MIB = 2 ** 20;
const MAX_MEMORY = 256 * MIB;

type Assembler = (text: string) => Uint8Array;

interface Running {
  readonly session: DebugSession;
  readonly log: RunLog;
  readonly shower: Shower;
  /** What the recording has from outside. */
  readonly entries: Recorder["entries"];
}

export class MachineSession {
  onProgress: (text: string) => void = () => undefined;
  private module: ValidModule | null = null;
  private running: Running | null = null;

  constructor(private readonly assembler: () => Promise<Assembler>) {}

  async load(program: Program): Promise<Loaded> {
    const module = await this.moduleOf(program);
    this.module = module;
    const entries = module.exports
      .filter(({ kind }) => kind === "func")
      .map(({ name, index }): Entry => {
        const { params } = functionType(module, index);
        return { name, params: params.map((type) => (typeof type === "string" ? type : "ref")) };
      });
    return { entries, hasLines: module.lines !== undefined };
  }

  private async moduleOf(program: Program): Promise<ValidModule> {
    if (program.kind === "bytes") return validate(decode(program.bytes));
    const { bytes, lines } = build(program.source, await this.assemblerFor(program));
    return validate(decode(bytes, { lines }));
  }

  private async assemblerFor(program: Program & { kind: "text" }): Promise<Assembler> {
    return program.source.language === "wat" ? this.assembler() : () => new Uint8Array();
  }

  async start({ invoke, args }: Call): Promise<View> {
    const { module } = this;
    if (module === null) throw new UsageError("no program is loaded");
    const events = new ProgramEvents(namesFibers(module));
    const machine = new Machine({ fuel: PATIENCE, maxFrames: 10_000 });
    const log = new RunLog(machine, events);
    const unwinding = unwindingOf(module, events, log);
    machine.observer = observers(unwinding.observer, events.tracker?.observer ?? {}, log.observer);
    const { asyncify } = unwinding;
    machine.interposer = asyncify;
    const imports = mergeImports(
      new Map([["asyncify", asyncify?.imports ?? new Map()]]),
      jsImports(
        machine,
        module,
        hostOf(module, (text) => log.line(text)),
        { suspend: true },
      ),
    );
    checkMemories(module);
    const instance = instantiate(machine, module, imports, (made) => unwinding.attach(made));
    const func = instance.func(invoke);
    const values = valuesOf(func, args);
    // From here on there is another run to show.
    this.running = null;
    const recorder = new Recorder(machine, {
      instances: [instance],
      ...(asyncify === null ? {} : { asyncify }),
    });
    await this.run(machine, func, values, log);
    recorder.stop();
    unwinding.finish();
    const session = await DebugSession.ofRecording(History.of(recorder), {
      breathe: breather(),
      onProgress: (progress) => {
        if (progress !== null)
          this.onProgress(`${progress.done.toLocaleString("en")} instructions`);
      },
    });
    this.running = { session, log, shower: new Shower(session, log), entries: recorder.entries };
    return this.running.shower.view();
  }

  private async run(machine: Machine, func: FuncInstance, args: readonly Value[], log: RunLog) {
    try {
      log.returned(await machine.invokeAsync(func, args));
    } catch (error) {
      log.failed(error);
    }
  }

  async move(move: Move): Promise<View> {
    const { session, log, shower } = this.current;
    await this.moved(move, session, log);
    return shower.view();
  }

  private moved(move: Move, session: DebugSession, log: RunLog): Promise<Stop | void> {
    const over = session.end !== null;
    const { executed } = session.machine;
    switch (move.kind) {
      case "step":
        return over ? Promise.resolve() : session.step(move.count);
      case "back":
        return session.stepBack(move.count);
      case "next":
        return over ? Promise.resolve() : session.next();
      case "next back":
        return session.nextBack();
      case "out":
        return over ? Promise.resolve() : session.finish();
      case "out back":
        return session.finishBack();
      case "event": {
        const next = log.eventAfter(executed);
        return next === null
          ? over
            ? Promise.resolve()
            : session.continue()
          : this.to(next.time, session, log);
      }
      case "event back": {
        const before = log.eventBefore(executed);
        return this.to(before?.time ?? 0, session, log);
      }
      case "to":
        return this.to(move.time, session, log);
      case "start":
        return this.to(0, session, log);
      case "end":
        return over ? Promise.resolve() : session.continue();
    }
  }

  /** To where so many instructions have been executed. */
  private async to(time: number, session: DebugSession, log: RunLog): Promise<Stop | void> {
    if (time >= log.length) return session.end === null ? session.continue() : undefined;
    const { executed } = session.machine;
    if (time < executed || session.end !== null)
      return session.goTo(lastPlace(this.current.entries, time));
    // A frame that an unwind drops is a step as well.
    while (session.machine.executed < time && session.end === null)
      await session.step(time - session.machine.executed);
    return undefined;
  }

  look(address: number): View {
    const { shower } = this.current;
    shower.look(address);
    return shower.view();
  }

  code(fiber: number, level: number): CodeOf | null {
    return this.current.shower.code(fiber, level);
  }

  timeline(from: number, to: number, width: number): Timeline {
    return this.current.log.timeline(from, to, width);
  }

  async facts(program: Program, call: Call): Promise<Facts> {
    const { bytes } = await this.moduleOf(program);
    return factsOf({ bytes, ...call });
  }

  trace(format: "text" | "perfetto"): string {
    return this.current.log.trace(format);
  }

  private get current(): Running {
    if (this.running === null) throw new UsageError("nothing runs");
    return this.running;
  }
}

/** The last place at which so many instructions had been executed. */
function lastPlace(entries: Recorder["entries"], time: number): Position {
  let count = entries.length;
  while (count > 1 && entries[count - 1]!.executed > time) count--;
  return { entries: count, executed: time, drops: Infinity };
}

/** Lets messages out now and then: browsers make each timer wait for milliseconds. */
function breather(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < BREATH) return;
    await new Promise((done) => setTimeout(done));
    last = performance.now();
  };
}

/** Arguments that are missing are zero. @throws UsageError */
function valuesOf({ signature: { params } }: FuncInstance, texts: readonly string[]): Value[] {
  return params.map((type, i) => {
    const text = texts[i]?.trim() || (typeof type === "string" ? "0" : "null");
    return parseValue(text, type as never);
  });
}

/** More than that can be neither recorded nor shown. @throws UsageError */
function checkMemories(module: ValidModule): void {
  for (const { limits } of module.memories) {
    const size = Number(limits.min) * 2 ** limits.pageSizeLog2;
    if (size > MAX_MEMORY)
      throw new UsageError(
        `the program asks for a memory of ${Math.ceil(size / MIB)} MiB; this page has room for ${MAX_MEMORY / MIB} MiB`,
      );
  }
}
