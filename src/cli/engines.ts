// Engines as `compare` and `spec --fuzz` use them: started, asked what they are, and
// given work. They run `engine-worker.ts` or `engine-page.ts` in processes of their own.

import { existsSync } from "node:fs";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { supported } from "../compare/engine-task.js";
import { type FuzzFeature, fuzzFeatures } from "../compare/fuzz-features.js";
import { EngineFailure, interpreterOpponent, type Opponent, opponentOf } from "../compare/fuzz.js";
import type { FuzzRun } from "../compare/fuzz-run.js";
import { UsageError } from "../util/errors.js";
import type { Door } from "./door.js";
import { EngineProcess } from "./engine-process.js";
import { findEngine, type FoundEngine, HOST_ENGINE, isHostEngine } from "./engine-registry.js";
import type { WorkerRequest } from "./engine-worker.js";
import { hostVersion } from "./host-version.js";
import { PageDoor } from "./page-door.js";
import { StdioDoor } from "./door.js";

export type { WorkerRequest };

/** What an engine's start may take: a browser on a busy machine takes long. */
const START_MS = 180_000;
export const TIMEOUT_MS = 60_000;

/**
 * The worker's file, from `src` as from `dist`: other engines run JavaScript only.
 * @throws UsageError where it is not there
 */
export function workerFile(): string {
  const file = fileURLToPath(new URL("../../dist/cli/engine-worker.js", import.meta.url));
  if (!existsSync(file)) throw new UsageError(`${file} is not there: npm run build`);
  return file;
}

export interface EngineDescription {
  /** Of the program and what is in it: `node 24.1.0, v8 13.6.233`. */
  readonly version: string;
  readonly features: readonly FuzzFeature[];
}

/** An engine with JavaScript in a process of its own. */
export class JsEngine {
  private readonly command: readonly string[];
  private readonly worker: EngineProcess;

  /** @param args for the program, before the script */
  constructor(
    found: FoundEngine,
    { timeoutMs = TIMEOUT_MS, args = [] }: { timeoutMs?: number; args?: readonly string[] } = {},
  ) {
    const { kind, program } = found;
    if ("missing" in program) throw new UsageError(`engine ${kind.name}: ${program.missing}`);
    const { profile, env } = kind;
    const command = kind.command(program.path);
    // With what it needs to run in, without what it is to do.
    this.command = command.slice(0, command.indexOf(program.path) + 1);
    this.worker = new EngineProcess({
      command: [...command, ...args],
      door: () => (profile === undefined ? new StdioDoor(workerFile()) : PageDoor.open(profile)),
      timeoutMs,
      startMs: START_MS,
      ...(env === undefined ? {} : { env }),
    });
  }

  /**
   * Starts it where it does not run.
   * @throws EngineFailure; UsageError where its program does not start
   */
  async describe(): Promise<EngineDescription> {
    const answer = await this.ask({ task: "describe" });
    const { version, features } = (answer ?? {}) as Partial<EngineDescription>;
    if (!Array.isArray(features))
      throw new EngineFailure(`no description: ${JSON.stringify(answer).slice(0, 200)}`, "garbled");
    return { version: version ?? (await programVersion(this.command)), features };
  }

  ask(request: WorkerRequest | ((door: Door) => WorkerRequest)): Promise<unknown> {
    return this.worker.ask(request);
  }

  close(): void {
    this.worker.close();
  }
}

/** The first line that a command answers `--version` with. */
const programVersion = ([program, ...args]: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile(program!, [...args, "--version"], { timeout: TIMEOUT_MS }, (error, stdout) => {
      const line = stdout.trim().split("\n")[0]!.trim();
      resolve(line === "" ? `version unknown (${error?.message ?? "it says nothing"})` : line);
    });
  });

/**
 * What an engine is, as it says when it is started; it is ended again.
 * @param onStart given what ends it before
 * @throws EngineFailure; UsageError where its program does not start
 */
export async function describeEngine(
  found: FoundEngine,
  onStart: (close: () => void) => void,
): Promise<EngineDescription> {
  const { kind, program } = found;
  if (kind.runs === "interpreter" && "path" in program) {
    const version = await programVersion(kind.command(program.path));
    return { version: `${kind.name} ${version}`, features: [] };
  }
  const engine = new JsEngine(found);
  onStart(() => engine.close());
  try {
    return await engine.describe();
  } finally {
    engine.close();
  }
}

/** What other tiers of Bobbin are compared with. */
const INTERPRETER = "interpreter";

export interface FuzzEngine extends EngineDescription {
  /** As `--engine` named it. */
  readonly name: string;
  readonly opponent: Opponent;
  close(): void;
}

/**
 * @param name `host`: the engine of this process; else as `findEngine` takes it
 * @throws UsageError where the name is none, or the engine does not start
 */
export async function openEngine(name: string, args: readonly string[] = []): Promise<FuzzEngine> {
  if (isHostEngine(name)) {
    if (args.length > 0)
      throw new UsageError(`--engine-args are for other engines than ${HOST_ENGINE}`);
    const description = { version: hostVersion(), features: supported() };
    return { name, ...description, opponent: opponentOf(), close: () => undefined };
  }
  if (name === INTERPRETER) {
    const description = { version: "Bobbin's interpreter", features: fuzzFeatures };
    return { name, ...description, opponent: interpreterOpponent, close: () => undefined };
  }
  const found = findEngine(name);
  if (found.kind.runs === "interpreter")
    throw new UsageError(`engine ${name}: it has no JavaScript, which makes the calls`);
  const engine = new JsEngine(found, { args });
  try {
    const description = await engine.describe();
    const opponent: Opponent = {
      run: (bytes) =>
        engine.ask({
          task: "fuzz",
          bytes: Buffer.from(bytes).toString("base64"),
        }) as Promise<FuzzRun>,
    };
    return { name, ...description, opponent, close: () => engine.close() };
  } catch (error) {
    engine.close();
    if (!(error instanceof EngineFailure)) throw error;
    throw new UsageError(`engine ${name}: ${error.message}`);
  }
}
