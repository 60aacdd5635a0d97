// Running and stopping: one thing at a time is done with the program, in the background of
// the requests, and what came of it is told as an event.

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import type { DebugSession, End, Stop } from "../../debug/session.js";
import { stopLines } from "../../debug/render-stops.js";
import type { Hit } from "../../debug/stop-look.js";
import { ExitCode, describeFailure } from "../failure.js";
import type { Progress } from "../../history/timeline.js";
import { ProgramExit, UsageError } from "../../util/errors.js";
import type { Client, Debuggee } from "./debuggee.js";
import { RunningError } from "./debuggee.js";
import { defaultFilters, stopsAtEnd } from "./exceptions.js";
import { TravelProgress } from "./progress.js";

/** What a client is told of a stop. */
export type StoppedBody = Omit<P.StoppedEvent["body"], "threadId" | "allThreadsStopped">;

/** @param cancelled whether somebody asked to stop since */
type Action = (session: DebugSession, cancelled: () => boolean) => Promise<Stop>;

export class Run {
  running = false;
  /** The filters that are on. */
  filters: ReadonlySet<string> = defaultFilters();
  /** The last stop, as it was told. */
  last: Stop | null = null;
  private debuggee!: Debuggee;
  /** Nobody wants to hear of it any more. */
  private abandoned = false;
  private over = false;
  /** The thread that was on when it stopped last. */
  private current = 1;
  private pausing = false;
  private threads: ReadonlySet<number> = new Set();

  private readonly travel: TravelProgress;

  constructor(
    private readonly client: Client,
    private readonly options: { readonly stopOnExit: boolean },
  ) {
    this.travel = new TravelProgress(client);
  }

  attach(debuggee: Debuggee): void {
    this.debuggee = debuggee;
    this.look();
  }

  /** Which thread is on. */
  private look(): void {
    const { threadIds } = this.debuggee;
    const on = this.debuggee.stacks().find(({ status }) => status === "on");
    if (on !== undefined) this.current = threadIds.of(on);
  }

  stopAtEntry(): void {
    this.tell({ reason: "entry" });
  }

  /**
   * Runs the program, until it stops. The request that asked for it is answered before.
   * @throws RunningError
   */
  forward(action: Action): void {
    if (this.running) throw new RunningError();
    const { end } = this.debuggee.debug;
    // The program has ended, and that was shown: nothing is left but to leave.
    if (end !== null) return this.leave(end);
    this.begin(action);
  }

  /** Goes back, as far as it was recorded. @throws RunningError, UsageError */
  back(action: Action): void {
    if (this.running) throw new RunningError();
    if (!this.debuggee.debug.canReverse)
      throw new UsageError("the program is not recorded: there is no way back");
    this.begin(action);
  }

  pause(): void {
    if (!this.running) return;
    this.pausing = true;
    this.debuggee.debug.pause();
  }

  /** Gives up what is under way; of requests that are answered there is nothing to give up. */
  cancel({ progressId }: P.CancelArguments): void {
    if (progressId !== undefined && progressId === this.travel.id) this.pause();
  }

  progress(progress: Progress | null): void {
    this.travel.tell(progress);
  }

  /** Stops the program for good; nothing is told of it any more. */
  abandon(): void {
    this.abandoned = true;
    this.debuggee.debug.pause();
  }

  /** Something else than a request lets the program run: the client hears of that, too. */
  adopt(stopping: Promise<Stop>): void {
    this.debuggee.forget();
    this.running = true;
    this.client.event("continued", { threadId: this.current, allThreadsContinued: true });
    void this.finish(stopping);
  }

  private begin(action: Action): void {
    this.running = true;
    this.pausing = false;
    this.debuggee.forget();
    setImmediate(() => this.perform(action));
  }

  private perform(action: Action): void {
    const { debug } = this.debuggee;
    const stopping = action(debug, () => this.pausing);
    // Asked before it began: beginning, it forgot that.
    if (this.pausing) debug.pause();
    void this.finish(stopping);
  }

  private async finish(stopping: Promise<Stop>): Promise<void> {
    try {
      const stop = await stopping;
      this.running = false;
      this.stopped(stop);
    } catch (error) {
      this.running = false;
      if (this.abandoned) return;
      this.client.output("important", `${describeFailure(error).message}\n`);
      this.tell({ reason: "pause", description: "an error" });
    }
  }

  private stopped(stop: Stop): void {
    this.last = stop;
    if (this.abandoned) return;
    switch (stop.kind) {
      case "returned":
        this.client.output("console", `${stopLines(stop, this.debuggee.instance).join("\n")}\n`);
        return this.exited(stop);
      case "trapped":
      case "threw": {
        if (exitOf(stop) !== null) return this.exited(stop);
        const text = this.debuggee.fail(stop).message;
        this.client.output("stderr", `${text}\n`);
        if (!stopsAtEnd(this.filters, stop)) return this.leave(stop);
        const description = stop.kind === "trapped" ? "trap" : "uncaught exception";
        return this.tell({ reason: "exception", description, text });
      }
      case "breakpoint":
      case "event":
      case "watch":
        return this.tell(this.hitBody(stop));
      case "paused":
        return this.tell({ reason: "pause" });
      case "start":
      case "no answer":
        return this.tell({ reason: "pause", ...this.described(stop) });
      case "arrived":
      case "written":
        return this.tell({ reason: "goto", ...this.described(stop) });
      default:
        return this.tell({ reason: "step", ...this.described(stop) });
    }
  }

  /** It has come to an end that is none to worry about. */
  private exited(stop: End): void {
    if (!this.options.stopOnExit) return this.leave(stop);
    const code = exitOf(stop);
    const description = code === null ? "the program returned" : `the program exited with ${code}`;
    return this.tell({ reason: "exit", description });
  }

  private hitBody(hit: Hit): StoppedBody {
    const known = this.debuggee.breakpoints.of(hit.stop.id);
    const kind = known?.kind ?? "";
    const isThrow = hit.kind === "event" && hit.stop.event === "throw";
    return {
      reason: isThrow
        ? "exception"
        : hit.kind === "watch"
          ? "data breakpoint"
          : kind === "function" || kind === "instruction"
            ? `${kind} breakpoint`
            : "breakpoint",
      ...(known === undefined ? {} : { hitBreakpointIds: [known.id] }),
      ...(hit.kind === "breakpoint" && hit.problem === undefined ? {} : this.described(hit)),
    };
  }

  /** What there is to say about a stop. */
  private described(stop: Stop): { description?: string; text?: string } {
    const lines = stopLines(stop, this.debuggee.instance);
    if (lines.length === 0) return {};
    const text = lines.join("\n").replace(/^(?:breakpoint|stop|watchpoint) \d+(?:: )?/, "");
    return { description: text.split("\n")[0]!, text };
  }

  private tell(body: StoppedBody): void {
    this.tellThreads();
    this.look();
    this.client.event("stopped", {
      ...body,
      threadId: this.current,
      allThreadsStopped: true,
    });
  }

  /** Fibers that came and went since the last stop. */
  private tellThreads(): void {
    const { threadIds } = this.debuggee;
    const now = new Set(this.debuggee.stacks().map((stack) => threadIds.of(stack)));
    for (const id of this.threads)
      if (!now.has(id)) this.client.event("thread", { reason: "exited", threadId: id });
    for (const id of now)
      if (!this.threads.has(id)) this.client.event("thread", { reason: "started", threadId: id });
    this.threads = now;
  }

  private leave(stop: End): void {
    if (this.over) return;
    this.over = true;
    const failed = stop.kind === "returned" ? ExitCode.good : ExitCode.finding;
    const exitCode = exitOf(stop) ?? failed;
    this.client.event("exited", { exitCode });
    this.client.event("terminated");
  }
}

/** The exit code that a program chose; null where it did not. */
const exitOf = (end: End): number | null =>
  end.kind === "threw" && end.error instanceof ProgramExit ? end.error.code : null;
