// wabt's interpreter, which has no JavaScript: it is given programs together with a
// replay of their host, and what it prints is read.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { EngineFailure } from "../compare/fuzz.js";
import { makeReplay } from "../compare/replay.js";
import { eventsOf } from "../compare/replay-events.js";
import type { ToldRun } from "../compare/told-run.js";
import type { Module } from "../syntax/module.js";

export type InterpreterAnswer =
  | { readonly kind: "ran"; readonly run: ToldRun; readonly ms: number }
  | { readonly kind: "refused"; readonly reason: string };

const FLAGS = ["--enable-all", "--run-all-exports", "--dummy-import-func"];
const MOST_OUTPUT = 2 ** 29;

/**
 * @param original a run of the same program, whose host is replayed
 * @throws NotReplayable; EngineFailure; NoRunError where the output is none
 */
export async function interpret(
  command: readonly string[],
  twin: Module,
  original: ToldRun,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<InterpreterAnswer> {
  const replay = makeReplay(twin, original);
  const folder = mkdtempSync(join(tmpdir(), "bobbin-replay-"));
  try {
    const file = join(folder, "replay.wasm");
    writeFileSync(file, replay.bytes);
    const start = performance.now();
    const { output, refused } = await run([...command, file, ...FLAGS], timeoutMs, signal);
    if (refused !== undefined) return { kind: "refused", reason: refused };
    const ms = Math.round(performance.now() - start);
    return { kind: "ran", ms, run: eventsOf(replay, output, original) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(
  [program, ...args]: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ readonly output: string; readonly refused?: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      signal,
      maxBuffer: MOST_OUTPUT,
    } as const;
    const child = execFile(program!, args, options, (error, stdout, stderr) => {
      process.off("exit", end);
      const said = (stdout + stderr).trim().slice(-4000);
      if (error === null) resolve({ output: stdout });
      else if (signal.aborted) reject(new EngineFailure("was closed", "closed"));
      else if (error.killed === true)
        reject(new EngineFailure(`no answer in ${timeoutMs} ms`, "hung", said));
      // It ends this way where it cannot read or validate a module.
      else if (error.code === 1 && stdout.trim() === "")
        resolve({ output: "", refused: stderr.trim() });
      else {
        const how = error.signal == null ? `exit code ${error.code}` : `signal ${error.signal}`;
        reject(new EngineFailure(`crashed: ${how}`, "crashed", said));
      }
    });
    const end = () => child.kill("SIGKILL");
    process.once("exit", end);
  });
}
