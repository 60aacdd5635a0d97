// Runs scripts of the official test suite: a list of commands beside the modules they
// name (`commands.ts`, `wast.ts`). A command passes, fails with a reason, or cannot be
// judged, which is said with the reason; it is never skipped in silence.

import type { Tier } from "../exec/hooks.js";
import { Machine } from "../exec/machine.js";
import { Scheduler } from "../exec/scheduler.js";
import { Deadlock, type Program, type Thread } from "../exec/thread.js";
import type { ValidateOptions } from "../valid/validate.js";
import { Agent } from "./agent.js";
import type { Command } from "./commands.js";
import type { Result, Verdict } from "./verdicts.js";

export interface ScriptOptions extends ValidateOptions {
  /** Makes a module of text; whatever it throws is the reason why it could not. Without it no text runs. */
  readonly assemble?: (text: string) => Uint8Array;
  /** What executes instructions, a new one for each machine. Default: the interpreter. */
  readonly tier?: () => Tier | null;
  /** Chooses the turns of the threads that a script starts. Default 1. */
  readonly seed?: number;
}

const MAX_FRAMES = 20_000;
/** A thread may wait in a loop for what never comes. */
const THREAD_FUEL = 100_000_000;

/** A script's world: what it has defined so far, and the machines that run it. */
export class Script {
  private readonly scheduler: Scheduler;
  private readonly main: Agent;
  private readonly tier: () => Tier | null;
  /** Of commands of threads, in the order of their ends. */
  private results: Result[] = [];
  private threaded = false;

  /** @param read gives the bytes of a file that the script names */
  constructor(
    read: (filename: string) => Uint8Array,
    { seed = 1, tier = () => null, ...options }: ScriptOptions = {},
  ) {
    this.tier = tier;
    this.scheduler = new Scheduler({ seed });
    this.main = new Agent(new Machine({ maxFrames: MAX_FRAMES, tier: tier() }), {
      ...options,
      read,
      start: (name, make, commands) => this.start(name, make, commands),
    });
  }

  /**
   * Runs the commands in order. Yields what became of each; of those of threads as they end,
   * and at the end those of threads that nobody waited for.
   */
  *run(commands: Iterable<Command>): Generator<Result> {
    for (const command of commands) {
      const { machine } = this.main;
      const thread = this.scheduler.spawn("the script", machine, this.main.run(command));
      const verdict = this.judged(this.scheduler.run(thread));
      yield* this.takeResults();
      yield { command, verdict };
    }
    while (this.scheduler.threads.length > 0) {
      this.finish();
      yield* this.takeResults();
    }
  }

  private start(
    name: string,
    make: (machine: Machine) => Agent,
    commands: readonly Command[],
  ): Thread {
    this.threaded = true;
    const agent = make(
      new Machine({ maxFrames: MAX_FRAMES, fuel: THREAD_FUEL, tier: this.tier() }),
    );
    return this.scheduler.spawn(name, agent.machine, this.program(name, agent, commands));
  }

  private *program(name: string, agent: Agent, commands: readonly Command[]): Program<void> {
    for (const command of commands) {
      const verdict = this.judged(yield* agent.run(command));
      this.results.push({ command, verdict, thread: name });
    }
  }

  /** Runs the threads that are left. In a deadlock the command at which each stands fails. */
  private finish(): void {
    try {
      this.scheduler.run();
    } catch (error) {
      if (!(error instanceof Deadlock)) throw error;
      for (const thread of error.threads)
        if (!thread.ended) this.scheduler.interrupt(thread, error);
    }
  }

  private takeResults(): Result[] {
    const { results } = this;
    this.results = [];
    return results;
  }

  /** With threads, a failure may depend on their turns. */
  private judged(verdict: Verdict): Verdict {
    if (verdict.kind !== "failed" || !this.threaded) return verdict;
    return {
      ...verdict,
      reason: `${verdict.reason} (threads took turns by seed ${this.scheduler.seed})`,
    };
  }
}
