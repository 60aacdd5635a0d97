// Threads: several machines that take turns, over memories that they share. Whose turn it
// is, and for how many instructions, comes from a seed, so that a race shows itself again
// with the same seed. Each instruction is one step, and all see its effects at once: of what
// the memory model allows this gives the sequentially consistent executions, every one
// of them with some seed.
//
// Time is virtual: an instruction takes a nanosecond, and when all wait the clock goes on
// to the first timeout. Waits by nobody's leave (`invokeAsync`) use the host's time.
// Proposal: https://github.com/WebAssembly/threads

import type { FuncInstance } from "../runtime/instances.js";
import type { StackEntry } from "../runtime/traps.js";
import { i32, type Value } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import { random } from "../util/random.js";
import { callHost, immediate, Invocation } from "./invocation.js";
import type { Machine } from "./machine.js";
import { type Call, Deadlock, type Program, Thread } from "./thread.js";
import { type Wait, WaitResult } from "./waits.js";

export interface SchedulerOptions {
  /** A 32-bit integer. Default 1. */
  readonly seed?: number;
  /** The longest turn, in instructions; half of them are much shorter. Default 64. */
  readonly longestTurn?: number;
}

type Resume = () => IteratorResult<Call | Thread>;

/** What the scheduler knows of a thread that has not ended. */
interface Task {
  readonly thread: Thread;
  readonly program: Program;
  invocation: Invocation | null;
  /** The answer to a wait that is over. */
  answer: number | null;
  leave: (() => void) | null;
  deadline: number;
}

export class Scheduler {
  readonly seed: number;
  /** Virtual nanoseconds since the start. */
  now = 0;
  private readonly longestTurn: number;
  private readonly random: () => number;
  /** In the order of their making. */
  private readonly tasks = new Map<Thread, Task>();

  constructor({ seed = 1, longestTurn = 64 }: SchedulerOptions = {}) {
    this.seed = seed;
    this.longestTurn = longestTurn;
    this.random = random(seed);
  }

  /** Threads that have not ended. */
  get threads(): readonly Thread[] {
    return [...this.tasks.keys()];
  }

  /**
   * Adds a thread, which runs on a machine of its own once it has a turn.
   * @throws UsageError where another thread has the machine
   */
  spawn<R>(name: string, machine: Machine, program: Program<R>): Thread<R> {
    for (const other of this.tasks.keys())
      if (other.machine === machine)
        throw new UsageError(
          `thread ${name} needs a machine of its own: ${other.name} has this one`,
        );
    const thread = new Thread<R>(name, machine);
    this.tasks.set(thread, {
      thread,
      program,
      invocation: null,
      answer: null,
      leave: null,
      deadline: Infinity,
    });
    return thread;
  }

  /** Adds a thread that makes one call: its result is the call's results. */
  call(name: string, machine: Machine, func: FuncInstance, args: readonly Value[] = []) {
    const program = function* (): Program<readonly Value[]> {
      return yield { func, args };
    };
    return this.spawn(name, machine, program());
  }

  /**
   * Gives turns until a thread has ended, or all of them. A deadlock is thrown into the
   * program of the thread that is waited for, which may go on after it.
   * @returns what the thread's program returned
   * @throws what that program threw. Without a thread: Deadlock; what became of each thread is
   * in its `result` and `error`
   */
  run(): void;
  run<R>(until: Thread<R>): R;
  run<R>(until?: Thread<R>): R | undefined {
    while (until === undefined ? this.tasks.size > 0 : !until.ended) {
      if (this.turn() !== null) continue;
      const deadlock = new Deadlock(this.threads);
      if (until === undefined) throw deadlock;
      this.interrupt(until, deadlock);
    }
    if (until?.status === "failed") throw until.error;
    return until?.result;
  }

  /** Gives one thread its turn. Returns which; null where none can go on. */
  turn(): Thread | null {
    this.expire();
    let { ready } = this;
    if (ready.length === 0) {
      const next = Math.min(...[...this.tasks.values()].map(({ deadline }) => deadline));
      if (next === Infinity) return null;
      this.now = next;
      this.expire();
      ({ ready } = this);
    }
    const task = ready.length === 1 ? ready[0]! : ready[this.random() % ready.length]!;
    this.go(task);
    return task.thread;
  }

  /** Ends the wait of a thread, and the call in which it waits, by an error thrown into its program. */
  interrupt(thread: Thread, error: unknown): void {
    const task = this.tasks.get(thread);
    if (task === undefined || thread.status === "ready")
      throw new UsageError(`thread ${thread.name} does not wait`);
    task.leave?.();
    this.release(task);
    const { invocation } = task;
    const failure: unknown = invocation === null ? error : invocation.abandon(error);
    this.advance(task, () => task.program.throw(failure));
  }

  private get ready(): Task[] {
    return [...this.tasks.values()].filter(({ thread }) => thread.status === "ready");
  }

  private go(task: Task): void {
    const { program, invocation } = task;
    const { machine } = task.thread;
    if (invocation === null) return this.advance(task, () => program.next([]));
    const before = machine.executed;
    let resume: Resume | null;
    try {
      resume = this.slice(task, invocation);
    } catch (error) {
      const failure: unknown = invocation.failed(error);
      resume = () => program.throw(failure);
    }
    this.now += machine.executed - before;
    if (resume !== null) this.advance(task, resume);
  }

  /** Runs a call on. Once it has returned, how its program goes on. */
  private slice(task: Task, invocation: Invocation): Resume | null {
    const { machine } = task.thread;
    const { answer } = task;
    if (answer !== null) {
      task.answer = null;
      invocation.serve(() => machine.answer([i32(answer)]));
    }
    const outcome = invocation.slice(this.length());
    if (outcome.kind === "returned") {
      const results = invocation.returned(outcome.results);
      return () => task.program.next(results);
    }
    if (outcome.kind === "host") {
      const { func, args, wait } = outcome.call;
      if (wait !== undefined) this.begin(task, wait, invocation.trace.entries);
      else invocation.serve(() => machine.answer(callHost(machine, func, args, immediate)));
    }
    return null;
  }

  /** Nobody minds a long turn of the only thread; else short ones are as likely as long ones. */
  private length(): number {
    if (this.tasks.size === 1) return Infinity;
    const most = 2 ** (this.random() % (Math.floor(Math.log2(this.longestTurn)) + 1));
    return 1 + (this.random() % most);
  }

  /** Lets the program go on to the next call that takes turns, or the next wait, or its end. */
  private advance(task: Task, resume: Resume): void {
    const { thread } = task;
    task.invocation = null;
    try {
      for (let next: Resume | null = resume; next !== null;) {
        const { done, value } = next();
        if (done === true) {
          thread.result = value;
          return this.end(task, "done");
        }
        next = value instanceof Thread ? this.join(task, value) : this.start(task, value as Call);
      }
    } catch (error) {
      thread.error = error;
      this.end(task, "failed");
    }
  }

  /** Waits for a thread; null where the program goes on later. */
  private join({ thread, program }: Task, other: Thread): Resume | null {
    if (!this.tasks.has(other)) return () => program.next([]);
    thread.status = "joining";
    thread.joined = other;
    return null;
  }

  /** Makes a call; null where the program goes on later, as all but host functions answer. */
  private start(task: Task, { func, args }: Call): Resume | null {
    const { program, thread } = task;
    try {
      if (func.instance !== null) {
        task.invocation = new Invocation(thread.machine, func, args);
        return null;
      }
      const results = callHost(thread.machine, func, args, immediate);
      return () => program.next(results);
    } catch (error) {
      return () => program.throw(error);
    }
  }

  private begin(task: Task, wait: Wait, stack: readonly StackEntry[]): void {
    const { thread } = task;
    thread.status = "waiting";
    thread.wait = wait;
    thread.stack = stack;
    task.deadline = wait.timeout < 0n ? Infinity : this.now + Number(wait.timeout);
    task.leave = wait.begin(() => this.wake(task, WaitResult.woken));
  }

  private wake(task: Task, answer: number): void {
    task.answer = answer;
    this.release(task);
  }

  private release(task: Task): void {
    const { thread } = task;
    thread.status = "ready";
    thread.wait = null;
    thread.stack = [];
    thread.joined = null;
    task.leave = null;
    task.deadline = Infinity;
  }

  private expire(): void {
    for (const task of this.tasks.values()) {
      if (task.deadline > this.now) continue;
      task.leave!();
      this.wake(task, WaitResult.timedOut);
    }
  }

  private end(task: Task, status: "done" | "failed"): void {
    const { thread } = task;
    this.tasks.delete(thread);
    thread.status = status;
    for (const other of this.tasks.values())
      if (other.thread.joined === thread) this.release(other);
  }
}
