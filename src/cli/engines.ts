// The engines that `--engine` names: the one that Bobbin itself runs in, and others,
// which run `engine-worker.ts` in a process of their own.

import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { hostEngine } from "../compare/engine.js";
import { featuresOf, type FuzzFeature } from "../compare/fuzz-features.js";
import { type Opponent, opponentOf } from "../compare/fuzz.js";
import type { FuzzRun } from "../compare/fuzz-run.js";
import { UsageError } from "../util/errors.js";
import type { BytesRequest } from "./bytes-task.js";
import { EngineProcess } from "./engine-process.js";

/** What the worker is asked. Bytes are in base64. */
export type WorkerRequest =
  { readonly task: "describe" } | { readonly task: "fuzz"; readonly bytes: string } | BytesRequest;

export interface EngineDescription {
  /** Of the program and what is in it: `node 24.1.0, v8 13.6.233`. */
  readonly version: string;
  readonly features: readonly FuzzFeature[];
}

export interface FuzzEngine extends EngineDescription {
  /** As `--engine` named it. */
  readonly name: string;
  readonly opponent: Opponent;
  close(): void;
}

/**
 * The worker's file, from `src` as from `dist`: other engines run JavaScript only.
 * @throws UsageError where it is not there
 */
export function workerFile(): string {
  const file = fileURLToPath(new URL("../../dist/cli/engine-worker.js", import.meta.url));
  if (!existsSync(file)) throw new UsageError(`${file} is not there: npm run build`);
  return file;
}

/** How each of the programs is asked to run a script. */
const programs = {
  node: ["--disable-warning=ExperimentalWarning"],
  deno: ["run", "--allow-all"],
  bun: ["run"],
} as const satisfies Record<string, readonly string[]>;
export const HOST_ENGINE = "v8";
export const engineNames = `${HOST_ENGINE}, or ${Object.keys(programs).join(", ")} with :PATH after it`;

/** Modules take milliseconds; a machine that is busy with other things is no hang. */
const TIMEOUT_MS = 60_000;

/**
 * @param name `v8`: the engine of this process; else a program's name, and a colon and
 *   its path where it is not to be searched
 * @param args for the program, before the script
 * @throws UsageError where the name is none of them, or the program does not start
 */
export async function openEngine(name: string, args: readonly string[] = []): Promise<FuzzEngine> {
  if (name === HOST_ENGINE) {
    if (args.length > 0)
      throw new UsageError(`--engine-args are for other engines than ${HOST_ENGINE}`);
    return { name, ...describeHost(), opponent: opponentOf(), close: () => undefined };
  }
  const colon = name.indexOf(":");
  const program = colon < 0 ? name : name.slice(0, colon);
  const path = colon < 0 ? name : name.slice(colon + 1);
  if (!Object.hasOwn(programs, program) || path === "")
    throw new UsageError(`unknown engine ${name}: expected ${engineNames}`);
  const own = programs[program as keyof typeof programs];
  const worker = new EngineProcess({
    command: [path, ...own, ...args, workerFile()],
    timeoutMs: TIMEOUT_MS,
  });
  const ask = <T>(request: WorkerRequest): Promise<T> => worker.ask(request) as Promise<T>;
  try {
    const description = await ask<EngineDescription>({ task: "describe" });
    const opponent: Opponent = {
      run: (bytes) => ask<FuzzRun>({ task: "fuzz", bytes: Buffer.from(bytes).toString("base64") }),
    };
    return { name, ...description, opponent, close: () => worker.close() };
  } catch (error) {
    worker.close();
    throw new UsageError(`engine ${name}: ${(error as Error).message}`);
  }
}

/** The engine that runs this. */
export function describeHost(): EngineDescription {
  const versions: Readonly<Record<string, string | undefined>> = process.versions;
  // Deno and Bun call themselves a Node as well, and Bun a V8.
  const program = ["deno", "bun", "node"].find((name) => versions[name] !== undefined) ?? "?";
  const parts = [program, program === "bun" ? "webkit" : "v8"].map(
    (name) => `${name} ${versions[name] ?? "?"}`,
  );
  const engine = hostEngine() as unknown as { validate(bytes: Uint8Array): boolean };
  return { version: parts.join(", "), features: featuresOf((bytes) => engine.validate(bytes)) };
}
