// One program on other engines, each compared with native asyncify. Whatever happens to
// an engine is a result: it refuses the module, crashes, hangs, or is not there.

import { closenessOf, type Closeness, type Level } from "../compare/compare.js";
import { encodeValues, decodeRun, NoRunError, type ToldRun } from "../compare/told-run.js";
import type { ProgramAnswer, ProgramTask } from "../compare/engine-task.js";
import { EngineFailure } from "../compare/fuzz.js";
import { outsideOf } from "../compare/programs.js";
import { NotReplayable } from "../compare/replay-plan.js";
import { decode } from "../binary/decode.js";
import type { Value } from "../runtime/values.js";
import type { Module } from "../syntax/module.js";
import { UsageError } from "../util/errors.js";
import type { FoundEngine } from "./engine-registry.js";
import { describeEngine, JsEngine } from "./engines.js";
import { interpret, type InterpreterAnswer } from "./interpreter.js";

export interface EngineProgram {
  readonly plain: Module;
  readonly twin: Uint8Array;
  /** By Bobbin, as told: what the engines' runs are compared with. */
  readonly native: ToldRun;
  readonly hostFile?: string;
  readonly invoke: string;
  readonly args: readonly Value[];
  readonly stub: boolean;
}

/** Why there is no run to compare. */
export const notRun = {
  missing: "not found, or does not start",
  refused: "does not take the module",
  failed: "could not run the host script",
  crashed: "its process ended",
  hung: "no answer in time",
  garbled: "an answer that is none",
  "not replayed": "has no JavaScript, and the host cannot be replayed",
} as const;
export type NotRun = keyof typeof notRun;

export interface EngineHead {
  readonly name: string;
  /** What runs modules in it. */
  readonly inside: string;
  readonly program?: string;
  readonly version?: string;
  /** The closest level at which it can be told. */
  readonly limit: Level;
  /** It was asked for by name. */
  readonly named: boolean;
}
export type EngineResult = EngineHead & (EngineRun | NoEngineRun);
export interface EngineRun extends Closeness {
  readonly outcome: "ran";
  readonly run: ToldRun;
  /** Of the run alone; of a replay, the interpreter's start included. */
  readonly ms: number;
  /** Why closeness cannot be expected. */
  readonly outside: readonly string[];
}
export interface NoEngineRun {
  readonly outcome: NotRun;
  readonly reason: string;
  /** The last of what it wrote. */
  readonly output?: string;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** An engine that programs are compared on, one after the other. */
export class ComparedEngine {
  private readonly aborter = new AbortController();
  private engine: JsEngine | null = null;
  private version: Promise<string> | null = null;

  constructor(
    private readonly found: FoundEngine,
    private readonly timeoutMs: number,
  ) {}

  /** @throws EngineFailure where it was closed meanwhile */
  async compare(program: EngineProgram): Promise<EngineResult> {
    const { kind, named, program: where } = this.found;
    const { name } = kind;
    const limit: Level = kind.runs === "interpreter" ? "E0" : "E2";
    const head = { name, inside: kind.inside, limit, named };
    if ("missing" in where) return { ...head, outcome: "missing", reason: where.missing };
    const known: { -readonly [K in keyof EngineHead]: EngineHead[K] } = {
      ...head,
      program: where.path,
    };
    try {
      // A start that failed fails again: it is not tried for every program.
      known.version = await (this.version ??= this.start());
      const answer = await this.run(where.path, program);
      if (answer.kind !== "ran") return { ...known, outcome: answer.kind, reason: answer.reason };
      const { run, ms } = answer;
      const outside = outsideOf({ [name]: run });
      return {
        ...known,
        outcome: "ran",
        run,
        ms,
        outside,
        ...closenessOf(program.native, run, limit),
      };
    } catch (error) {
      return { ...known, ...withoutRun(error) };
    }
  }

  close(): void {
    this.aborter.abort();
    this.engine?.close();
  }

  private async start(): Promise<string> {
    const { kind } = this.found;
    if (kind.runs === "interpreter")
      return (await describeEngine(this.found, () => undefined)).version;
    this.engine = new JsEngine(this.found, { timeoutMs: this.timeoutMs });
    return (await this.engine.describe()).version;
  }

  private async run(
    path: string,
    { plain, twin, native, hostFile, invoke, args, stub }: EngineProgram,
  ): Promise<InterpreterAnswer | { kind: "failed"; reason: string }> {
    const { timeoutMs, aborter, engine } = this;
    if (engine === null) {
      const command = this.found.kind.command(path);
      return interpret(command, decode(twin), native, { timeoutMs, signal: aborter.signal });
    }
    const answer = await engine.ask((door): ProgramTask => ({
      task: "program",
      plain: base64(plain.bytes),
      twin: base64(twin),
      ...(hostFile === undefined ? {} : { hostUrl: door.urlOf(hostFile) }),
      invoke,
      args: encodeValues(args),
      stub,
    }));
    return programAnswer(answer);
  }
}

/** @throws NoRunError */
function programAnswer(data: unknown) {
  const answer = (typeof data === "object" && data !== null ? data : {}) as ProgramAnswer;
  switch (answer.kind) {
    case "ran":
      return { kind: answer.kind, run: decodeRun(answer.run), ms: Number(answer.ms) };
    case "refused":
    case "failed":
      return { kind: answer.kind, reason: String(answer.reason) };
    default:
      throw new NoRunError(`no answer to the task: ${JSON.stringify(data).slice(0, 200)}`);
  }
}

/** What is no engine's failure is thrown on. */
function withoutRun(error: unknown): NoEngineRun {
  if (error instanceof EngineFailure && error.kind !== "closed") {
    const { kind, message, output } = error;
    const reason = message.replace(`${kind}: `, "");
    return { outcome: kind, reason, ...(output.trim() === "" ? {} : { output }) };
  }
  if (error instanceof NoRunError) return { outcome: "garbled", reason: error.message };
  if (error instanceof NotReplayable) return { outcome: "not replayed", reason: error.message };
  if (error instanceof UsageError) return { outcome: "missing", reason: error.message };
  throw error;
}
