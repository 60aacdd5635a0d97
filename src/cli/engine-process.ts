// A program that answers requests, one text of JSON each, in a process of its own: what
// it does to itself it does not do to us. It starts with the first request, is started
// again after it crashed or was ended because no answer came in time, and after many
// requests, so that what it does not free is no matter.

import { spawn } from "node:child_process";
import process from "node:process";
import { EngineFailure } from "../compare/fuzz.js";
import { UsageError } from "../util/errors.js";
import { type Child, type Door, StdioDoor } from "./door.js";

export interface EngineProcessOptions {
  /** The program and its arguments, but for those of the door. */
  readonly command: readonly string[];
  /** How its requests and answers travel. Default: as lines of its standard streams. */
  readonly door?: () => Door | Promise<Door>;
  /** How long it may take to answer. */
  readonly timeoutMs: number;
  /** What its start may take beyond that. Default 0. */
  readonly startMs?: number;
  /** Requests after which it starts anew. Default 500. */
  readonly restartAfter?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** What else it wrote, on either stream, may say why: the end of it is kept. */
const KEPT = 4000;
const RESTART_AFTER = 500;

interface Pending {
  readonly resolve: (answer: string) => void;
  readonly reject: (error: Error) => void;
}
interface Running {
  readonly child: Child;
  readonly door: Door;
  /** What it wrote that was no answer. */
  said: string;
  answered: number;
}

export class EngineProcess {
  private running: Running | null = null;
  private pending: Pending | null = null;

  constructor(private readonly options: EngineProcessOptions) {}

  /**
   * One request at a time. A function is given the door, to put addresses in.
   * @returns what the program answered, parsed
   * @throws EngineFailure where it crashed, did not answer in time, or was closed
   * @throws UsageError where it cannot be started
   */
  async ask(request: object | string | ((door: Door) => object)): Promise<unknown> {
    if (this.pending !== null) throw new UsageError("an engine answers one request at a time");
    const { timeoutMs, startMs = 0, restartAfter = RESTART_AFTER } = this.options;
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = await new Promise<string>((resolve, reject) => {
        this.pending = { resolve, reject };
        if ((this.running?.answered ?? 0) >= restartAfter) this.stop();
        const limit = timeoutMs + (this.running === null ? startMs : 0);
        timer = setTimeout(() => this.fail("hung", `no answer in ${limit} ms`), limit);
        void this.start().then(({ door }) => {
          door.send(JSON.stringify(typeof request === "function" ? request(door) : request));
        }, reject);
      });
      const output = this.running?.said ?? "";
      if (this.running !== null) this.running.answered++;
      return this.parsed(answer, output);
    } finally {
      clearTimeout(timer);
      this.pending = null;
    }
  }

  /** Ends the process, and the request that it is at. The next request starts another. */
  close(): void {
    this.fail("closed", "was closed");
  }

  private fail(kind: EngineFailure["kind"], reason: string): void {
    const output = this.running?.said ?? "";
    this.stop();
    this.pending?.reject(new EngineFailure(reason, kind, output));
  }

  /** After nonsense nobody knows what the next line will answer. */
  private parsed(answer: string, output: string): unknown {
    try {
      return JSON.parse(answer);
    } catch {
      this.stop();
      const reason = `an answer that is no JSON: ${answer.slice(0, 200)}`;
      throw new EngineFailure(reason, "garbled", output);
    }
  }

  private stop(): void {
    if (this.running === null) return;
    const { child, door } = this.running;
    this.running = null;
    end(child);
    // What it started may outlive it for a moment, and hold its streams open.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    door.close();
  }

  private async start(): Promise<Running> {
    if (this.running !== null) return this.running;
    const { command, door: open = () => new StdioDoor(), env } = this.options;
    const asking = this.pending;
    const door = await open();
    // It may have been closed meanwhile.
    if (this.pending !== asking) {
      door.close();
      throw new EngineFailure("was closed", "closed");
    }
    const [program, ...args] = [...command, ...door.args];
    const child: Child = spawn(program!, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...env },
      // A group of its own: what it starts itself ends with it.
      detached: process.platform !== "win32",
    });
    const running: Running = { child, door, said: "", answered: 0 };
    this.running = running;
    const endWithUs = () => end(child);
    process.once("exit", endWithUs);
    // Answers of a process that was given up must not reach a later request.
    const current = (): boolean => this.running === running;
    const said = (text: string): void => {
      if (text.trim() !== "") running.said = (running.said + text).slice(-KEPT);
    };
    child.stderr.setEncoding("utf8").on("data", said);
    child.on("error", (error) => {
      if (!current()) return;
      this.stop();
      this.pending?.reject(new UsageError(`${program} does not start: ${error.message}`));
    });
    child.on("close", (status, signal) => {
      process.off("exit", endWithUs);
      if (!current()) return;
      const how = signal === null ? `exit code ${status}` : `signal ${signal}`;
      this.fail("crashed", `crashed: ${how} ${firstLines(running.said)}`.trim());
    });
    door.attach(child, {
      answer: (text) => {
        if (current()) this.pending?.resolve(text);
      },
      said,
      gone: () => {
        if (current()) this.fail("crashed", "crashed: its page is gone");
      },
    });
    return running;
  }
}

function end(child: Child): void {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

const firstLines = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(0, 5)
    .join(" | ");
