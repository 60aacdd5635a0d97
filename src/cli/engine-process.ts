// A program that answers requests, one line of JSON each, in a process of its own: what
// it does to itself it does not do to us. It starts with the first request, is started
// again after it crashed or was ended because no answer came in time, and after many
// requests, so that what it does not free is no matter.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { EngineFailure } from "../compare/fuzz.js";
import { UsageError } from "../util/errors.js";

export interface EngineProcessOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** How long it may take to answer; three times as long where it has to start first. */
  readonly timeoutMs: number;
  /** Requests after which it starts anew. Default 500. */
  readonly restartAfter?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** What was written to stderr says why: the end of it is kept. */
const KEPT = 4000;
const RESTART_AFTER = 500;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;
interface Pending {
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

export class EngineProcess {
  private child: Child | null = null;
  private answered = 0;
  private pending: Pending | null = null;

  constructor(private readonly options: EngineProcessOptions) {}

  /**
   * One request at a time.
   * @returns what the program answered, parsed
   * @throws EngineFailure where it crashed, or did not answer in time
   * @throws UsageError where it cannot be started
   */
  async ask(request: unknown): Promise<unknown> {
    if (this.pending !== null) throw new UsageError("an engine answers one request at a time");
    const { timeoutMs, restartAfter = RESTART_AFTER } = this.options;
    if (this.answered >= restartAfter) this.close();
    const limit = this.child === null ? 3 * timeoutMs : timeoutMs;
    const child = (this.child ??= this.start());
    let timer: NodeJS.Timeout | undefined;
    try {
      const line = await new Promise<string>((resolve, reject) => {
        this.pending = { resolve, reject };
        timer = setTimeout(() => {
          this.close();
          reject(new EngineFailure(`no answer in ${limit} ms`));
        }, limit);
        child.stdin.write(`${JSON.stringify(request)}\n`);
      });
      this.answered++;
      return this.parsed(line);
    } finally {
      clearTimeout(timer);
      this.pending = null;
    }
  }

  /** Ends the process. The next request starts another. */
  close(): void {
    this.child?.kill("SIGKILL");
    this.child = null;
    this.answered = 0;
  }

  /** After nonsense nobody knows what the next line will answer. */
  private parsed(line: string): unknown {
    try {
      return JSON.parse(line);
    } catch {
      this.close();
      throw new EngineFailure(`an answer that is no JSON: ${line.slice(0, 200)}`);
    }
  }

  private start(): Child {
    const [program, ...args] = this.options.command;
    const child = spawn(program!, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...this.options.env },
    });
    const end = () => child.kill("SIGKILL");
    process.once("exit", end);
    let told = "";
    child.stderr
      .setEncoding("utf8")
      .on("data", (text: string) => (told = (told + text).slice(-KEPT)));
    // Answers of a process that was given up must not reach a later request.
    const current = (): Pending | null => (this.child === child ? this.pending : null);
    createInterface({ input: child.stdout }).on("line", (line) => current()?.resolve(line));
    // A process that is gone cannot be written to: its end tells more.
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      current()?.reject(new UsageError(`${program} does not start: ${error.message}`));
      if (this.child === child) this.child = null;
    });
    child.on("close", (status, signal) => {
      process.off("exit", end);
      const how = signal === null ? `exit code ${status}` : `signal ${signal}`;
      current()?.reject(new EngineFailure(`crashed: ${how} ${firstLines(told)}`.trim()));
      if (this.child === child) this.close();
    });
    return child;
  }
}

const firstLines = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(0, 5)
    .join(" | ");
