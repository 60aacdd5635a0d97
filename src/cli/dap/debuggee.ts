// The program that is debugged, as the requests see it: its session, its modules, and what
// was handed out to the client while it stands where it stands.

import { Handles } from "@vscode/debugadapter";
import type { DebugProtocol as P } from "@vscode/debugprotocol";
import type { DebugSession, End } from "../../debug/session.js";
import type { FiberStack, StackFrame } from "../../debug/stacks.js";
import type { ModuleInstance } from "../../runtime/instances.js";
import { UsageError } from "../../util/errors.js";
import type { Failure } from "../failure.js";
import { memoryReference } from "./addresses.js";
import { BreakpointTable, type Wanted } from "./breakpoint-table.js";
import type { Launched } from "./launch.js";
import type { Run } from "./run.js";
import { type PathSubstitution, ProgramModule } from "./sources.js";
import { ThreadIds } from "./threads.js";
import type { Container } from "./variables.js";

/** The other end, as far as requests care. */
export interface Client {
  /** What it said that it can. */
  readonly features: Partial<P.InitializeRequestArguments>;
  event(name: string, body?: object): void;
  output(category: "console" | "stdout" | "stderr" | "important", text: string): void;
  toClientLine(line: number): number;
  toClientColumn(column: number): number;
  fromClientLine(line: number): number;
  fromClientColumn(column: number): number;
}

export interface FrameHandle {
  readonly stack: FiberStack;
  readonly frame: StackFrame;
}

export interface DebuggeeOptions {
  /** Whether it stops anywhere. */
  readonly debugged: boolean;
  readonly substitutions: readonly PathSubstitution[];
}

export class Debuggee {
  readonly debug: DebugSession;
  readonly breakpoints: BreakpointTable;
  readonly modules: readonly ProgramModule[];
  /** Numbers of frames and of what has variables: good until the program runs on. */
  readonly frames = new Handles<FrameHandle>();
  readonly containers = new Handles<Container>();
  readonly threadIds = new ThreadIds();
  /** The stacks as they stood last. */
  lastStacks: readonly FiberStack[] = [];
  private fresh = false;

  constructor(
    private readonly launched: Launched,
    readonly client: Client,
    readonly run: Run,
    private readonly options: DebuggeeOptions,
  ) {
    const { debugging, file } = launched;
    this.debug = debugging;
    debugging.stops.onMessage = (text) => client.output("console", `${text}\n`);
    this.breakpoints = new BreakpointTable(debugging);
    this.modules = debugging.instances.map(
      ({ module }, i) => new ProgramModule(i + 1, module, file, options.substitutions),
    );
    run.attach(this);
  }

  get debugged(): boolean {
    return this.options.debugged;
  }

  /** The program's instance: of the machine that is looked at. */
  get instance(): ModuleInstance {
    return this.debug.instance;
  }

  readonly toClientLine = (line: number): number => this.client.toClientLine(line);

  /** @throws RunningError while the program runs */
  requireStopped(): void {
    if (this.run.running) throw new RunningError();
  }

  /** All stacks of the program as it stands, with the frames of who switches fibers. */
  stacks(): readonly FiberStack[] {
    this.requireStopped();
    if (!this.fresh) this.lastStacks = this.debug.stacks(true);
    this.fresh = true;
    return this.lastStacks;
  }

  /** What was handed out is worth nothing any more. */
  forget(): void {
    this.fresh = false;
    this.frames.reset();
    this.containers.reset();
  }

  /** Whether one can go back to where a frame was entered. */
  canRestart({ frame }: FrameHandle): boolean {
    return this.debug.canReverse && frame.level !== null;
  }

  setBreakpoints(kind: string, wanted: readonly Wanted[]): P.Breakpoint[] {
    return this.breakpoints.replace(kind, this.options.debugged ? wanted : wanted.map(never));
  }

  /** Something was changed by hand: what the client knows may be wrong now. */
  edited(): void {
    this.fresh = false;
    const { client, instance } = this;
    if (client.features.supportsInvalidatedEvent === true)
      client.event("invalidated", { areas: ["variables"] });
    if (client.features.supportsMemoryEvent !== true) return;
    instance.memories.forEach(({ view }, i) => {
      client.event("memory", {
        memoryReference: memoryReference(i, 0),
        offset: 0,
        count: view.byteLength,
      });
    });
  }

  /** How the program ended. */
  fail(end: End & { kind: "trapped" | "threw" }): Failure {
    return this.launched.fail(end);
  }
}

/** A breakpoint of a program that nobody debugs. */
const never = (): Wanted => ({
  specs: () => {
    throw new UsageError("the program runs without debugging");
  },
});

/** Clients know this one by its text. */
export class RunningError extends Error {
  constructor() {
    super("notStopped");
  }
}
